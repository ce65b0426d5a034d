/** The frozen state of a collection: nothing is collected or changed any more. */

import { UserError } from "../base/errors.ts";
import { lastWord } from "../base/visible.ts";

/** Since when a collection is frozen, who froze it, and why. */
export interface Frozen {
  /** ISO 8601, UTC. */
  since: string;
  by?: string;
  note?: string;
}

/** Returns since when a configuration's collection is frozen; null where it is not. What is damaged there is frozen all the same. */
export function readFrozen({ frozen }: { readonly frozen?: unknown }): Frozen | null {
  if (frozen === undefined || frozen === null) return null;
  const said: Record<string, unknown> = typeof frozen === "object" ? { ...frozen } : {};
  const { since, by, note } = said;
  return {
    since: typeof since === "string" ? since : "an unknown time",
    ...(typeof by === "string" ? { by } : {}),
    ...(typeof note === "string" ? { note } : {}),
  };
}

/** @throws UserError where a collection is frozen. */
export function checkNotFrozen(id: string, config: { readonly frozen?: unknown }): void {
  const found = readFrozen(config);
  if (!found) return;
  const { since, by, note } = found;
  const who = by === undefined ? "" : ` by ${by}`;
  const why = note === undefined ? "" : ` (${note})`;
  throw new UserError(`Collection ${id} is frozen since ${since}${who}${why}`, {
    hint: `To go on with it: twarc-cloud collection unfreeze --note=WHY ${lastWord(id)}`,
  });
}
