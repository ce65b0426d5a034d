/** Parses the documents of a collection. */

import type { z } from "zod";
import { errorMessage, UserError } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";

/** Returns the hint for damaged files. */
export function verifyHint(collectionId: string): string {
  return `Check it with \`twarc-cloud collection verify ${lastWord(collectionId)}\`.`;
}

/**
 * Parses a document.
 * @param key Relative to the collection's folder.
 * @throws UserError with how to examine it, if it is damaged.
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
    throw new UserError(errorMessage(cause), { cause, hint: verifyHint(collectionId) });
  }
}
