/** A fault of a configuration, and those that members of several types can have. */

import { type JsonObject, member } from "../base/json.ts";
import { splitList } from "./scalars.ts";

/** What is wrong with a member, by its path: `search.query`. */
export interface Fault {
  at: string;
  says: string;
}

/** Members that only version 2 knows. */
const NEWER = [
  "archive",
  "start_time",
  "end_time",
  "exclude",
  "lookup_users_every",
  "rules",
  "share",
  "backfill_minutes",
  "fill_gaps",
];

/** Returns whether a configuration is for version 2 of the API. */
export function isVersion2(config: JsonObject): boolean {
  return member(config, "api") === "2";
}

/**
 * Names what only version 2 knows, where the collection is of version 1.1.
 * @param above What stands before the names of the part's members: `search.`.
 */
export function newerFaults(part: JsonObject, config: JsonObject, above: string): Fault[] {
  if (isVersion2(config)) return [];
  return NEWER.filter((name) => isGiven(part, name)).map((name) => newerFault(`${above}${name}`));
}

/** Returns the fault of a member that only version 2 knows. */
export function newerFault(at: string): Fault {
  return { at, says: `${at} is for version 2 of the API. Add "api": "2", or leave it out.` };
}

/** Returns whether there is something under a name: more than spaces and commas. */
export function isGiven(part: JsonObject, name: string): boolean {
  const value = member(part, name);
  return typeof value === "string" ? splitList(value).length > 0 : value !== undefined;
}
