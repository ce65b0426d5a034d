/** The documents of a collection, as its bucket has them. */

import type { z } from "zod";
import { messageOf, UserError } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";

/** Returns what to do about damaged files. */
export function verifyHint(collectionId: string): string {
  return `See what is wrong with \`twarc-cloud collection verify ${lastWord(collectionId)}\`.`;
}

/**
 * Returns what a document says.
 * @param key Below the collection's folder.
 * @throws UserError that says how to see what is wrong, where it is damaged.
 */
export function parseDocument<S extends z.ZodType>(
  schema: S,
  document: string | Uint8Array,
  key: string,
): z.output<S> {
  try {
    return parseAs(schema, document, key);
  } catch (cause) {
    const collectionId = /^collections\/([^/]+)\//.exec(key)?.[1];
    if (collectionId === undefined) throw cause;
    throw new UserError(messageOf(cause), { cause, hint: verifyHint(collectionId) });
  }
}
