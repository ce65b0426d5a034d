/** A seal on a harvester's notes on this machine's disk: only a process with its key can have written them. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivate } from "../../base/shell.ts";
import { type Person, stateFolder } from "../../base/folders.ts";
import { errorMessage, UserError } from "../../base/errors.ts";
import { ownFolder } from "../../base/own_folder.ts";
import { STATE_HINT as hint } from "../../secrets/control_secret.ts";
import { SecretFiles } from "../../secrets/secret_files.ts";
import { madeSecret } from "../../secrets/secret_store.ts";

const SEALED = /^(.*),"seal":"([0-9a-f]{64})"\}$/s;

/** Returns a JSON object as text, with a seal as its last member. @param json An object that is not empty. */
export function seal(json: string, key: string): string {
  return `${json.slice(0, -1)},"seal":"${sealFor(json, key)}"}`;
}

/** Returns the text that was sealed with one of these keys, without its seal; null for anything else. */
export function unseal(text: string, keys: string[]): string | null {
  const [, open, seal = ""] = SEALED.exec(text) ?? [];
  if (open === undefined) return null;
  const json = `${open}}`;
  const given = new TextEncoder().encode(seal);
  const isOurs = (key: string) =>
    timingSafeEqual(new TextEncoder().encode(sealFor(json, key)), given);
  return keys.some(isOurs) ? json : null;
}

function sealFor(json: string, key: string): string {
  return createHmac("sha256", key).update(`twarc-cloud cut\n${json}`).digest("hex");
}

/**
 * Returns the person's own key for notes, created on first use.
 * @throws UserError where it can be neither read nor written, or others may know it.
 */
export async function personalKey(person: Person): Promise<string> {
  const folder = stateFolder(person);
  const path = join(folder, "spool.key");
  const called = "The key of the recovery journal";
  try {
    const files = new SecretFiles(folder, {
      called: `The folder of ${called.toLowerCase()}`,
      hint,
    });
    await ownFolder(folder, { called: `The folder of ${called.toLowerCase()}`, hint });
    const key = await madeSecret(files, "spool.key");
    const { mode } = await lstat(path);
    if (Deno.build.os === "windows" || (mode & 0o077) === 0) return key;
    throw new UserError(`${called}, ${path}, can be read by others`, {
      hint: `Make it your own with: ${makePrivate(path, person)}`,
    });
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`${called}, ${path}, cannot be used: ${errorMessage(cause)}`, {
      cause,
      hint,
    });
  }
}

/**
 * Returns the keys of notes, read on first use: a collection's control secret, where it comes from outside, and the
 * person's own.
 * @param secret The control secret. That of a folder bucket lies in the bucket, which may come from another person.
 * @throws as `personalKey`, where there is no control secret.
 */
export function noteKeys(
  { person, secret }: { person: Person; secret: string | undefined },
): () => Promise<string[]> {
  let keys: string[] | undefined;
  return async () => {
    if (keys) return keys;
    const own = personalKey(person);
    if (secret === undefined) return keys = [await own];
    return keys = [secret, ...await own.then((key) => [key], () => [])];
  };
}
