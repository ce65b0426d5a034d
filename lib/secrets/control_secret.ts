/**
 * The secrets that harvesters are controlled with: one for each collection on AWS, one for each bucket on this
 * machine.
 */

import { createHash } from "node:crypto";
import { errorMessage, UserError } from "../base/errors.ts";
import type { Disk } from "../store/folder/disk.ts";
import { SecretFiles } from "./secret_files.ts";
import { madeSecret } from "./secret_store.ts";

/** Its path in the folder of a bucket's state. */
const LOCAL = "runner/secret";
/** Advice on a state folder that is not the person's own. */
export const STATE_HINT = "Set XDG_STATE_HOME to a folder of your own.";
/** The folder of a bucket's state, for messages. */
export const STATE = "The folder of what runs on this machine";

/** Returns the name of a collection's control secret on AWS. */
export function controlSecretName(collectionId: string): string {
  if (/^[\w.-]+$/.test(collectionId)) return `control-secrets/${collectionId}`;
  // Names of parameters have no other characters, and ids of the original may have any.
  const sum = createHash("sha256").update(collectionId).digest("hex").slice(0, 16);
  return `control-secrets/${collectionId.replace(/[^\w.-]/g, "-").slice(0, 100)}-${sum}`;
}

/**
 * Returns the secret that a bucket's harvesters on this machine are controlled with; creates it on first use.
 * @param folder That of the bucket's state.
 * @throws UserError where it can be neither read nor written.
 */
export async function localSecret(folder: string, disk?: Disk): Promise<string> {
  try {
    return await madeSecret(openFiles(folder, disk), LOCAL);
  } catch (cause) {
    throw new UserError(`The secret in ${folder}/${LOCAL} cannot be used: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

/** Returns the same secret where it exists; null where it does not. */
export async function knownSecret(folder: string): Promise<string | null> {
  return await openFiles(folder).get(LOCAL).catch(() => null);
}

function openFiles(folder: string, disk?: Disk): SecretFiles {
  return new SecretFiles(folder, { called: STATE, hint: STATE_HINT, ...disk ? { disk } : {} });
}
