/** What harvesters are controlled with: a secret for each collection on AWS, one for each bucket on this machine. */

import { createHash } from "node:crypto";
import { messageOf, UserError } from "../base/errors.ts";
import type { Disk } from "../store/folder/disk.ts";
import { SecretFiles } from "./secret_files.ts";
import { madeSecret } from "./secret_store.ts";

/** Where it is in the folder of a bucket's state. */
const LOCAL = "runner/secret";
/** What a person can do about a state folder that is not theirs. */
export const STATE_HINT = "Set XDG_STATE_HOME to a folder of your own.";
/** What the folder of a bucket's state is, for messages. */
export const STATE = "The folder of what runs on this machine";

/** Returns the name of a collection's control secret on AWS. */
export function controlSecretName(collectionId: string): string {
  if (/^[\w.-]+$/.test(collectionId)) return `control-secrets/${collectionId}`;
  // Parameters have no other characters in their names, and ids of the original may have any.
  const sum = createHash("sha256").update(collectionId).digest("hex").slice(0, 16);
  return `control-secrets/${collectionId.replace(/[^\w.-]/g, "-").slice(0, 100)}-${sum}`;
}

/**
 * Returns the secret that a bucket's harvesters on this machine are controlled with, made when it is first wanted.
 * @param folder That of the bucket's state.
 * @throws UserError where it can be neither read nor written.
 */
export async function localSecret(folder: string, disk?: Disk): Promise<string> {
  try {
    return await madeSecret(filesIn(folder, disk), LOCAL);
  } catch (cause) {
    throw new UserError(`The secret in ${folder}/${LOCAL} cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Returns the same secret where it was made already; null where it was not. */
export async function knownSecret(folder: string): Promise<string | null> {
  return await filesIn(folder).get(LOCAL).catch(() => null);
}

function filesIn(folder: string, disk?: Disk): SecretFiles {
  return new SecretFiles(folder, { called: STATE, hint: STATE_HINT, ...disk ? { disk } : {} });
}
