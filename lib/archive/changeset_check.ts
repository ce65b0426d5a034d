/** Reads a changeset to verify it: one of many users in parts. */

import { checkAs } from "../base/json.ts";
import { changesetSchema } from "../bucket/history.ts";
import { jsonParts } from "../bucket/json_parts.ts";
import type { Changeset } from "../collection/changeset.ts";
import { hasKeys } from "../collection/keyless.ts";

/** What is to be done with a changeset. */
export interface ChangesetLook {
  /** Called with each part, which has some of the users and all else. */
  onPart: (part: Changeset) => void;
  /** Called once where it has keys in the clear, also where it is no changeset. */
  onKeys: () => void;
}

/** Reads a changeset. @returns Its first part @throws UserError where it is not one */
export function checkChangeset(bytes: Uint8Array, { onPart, onKeys }: ChangesetLook): Changeset {
  let first: Changeset | undefined;
  let isTold = false;
  for (const json of jsonParts(bytes, ["update", "users"], "it")) {
    if (!isTold && hasKeys(json)) {
      isTold = true;
      onKeys();
    }
    const part = checkAs(changesetSchema, json, "it");
    onPart(part);
    first ??= part;
  }
  return first ?? checkAs(changesetSchema, null, "it");
}
