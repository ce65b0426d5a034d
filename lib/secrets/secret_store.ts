/** The port to stored secrets, and secrets that are created on first use. */

import { randomBytes } from "node:crypto";

/** Secrets by their names, such as `keys/main`. Methods throw UserError and OutsideError. */
export interface SecretStore {
  /** Returns a secret, or null where there is none. */
  get(name: string): Promise<string | null>;
  /** Writes a secret, in place of an older one unless `when` says otherwise: then false where there is one. */
  put(name: string, value: string, when?: { ifAbsent: true }): Promise<boolean>;
  /** Deletes a secret; a missing one is no error. */
  delete(name: string): Promise<void>;
}

/** Returns a new secret: 32 random bytes in hexadecimal. */
export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

/** Returns a secret, created where there is none; processes that create it at the same time all get the first one. */
export async function madeSecret(
  store: Pick<SecretStore, "get" | "put">,
  name: string,
): Promise<string> {
  for (;;) {
    const known = await store.get(name);
    if (known) return known;
    const secret = newSecret();
    if (await store.put(name, secret, { ifAbsent: true })) return secret;
  }
}
