/** A fault of a configuration, and checks that several types share. */

import { type JsonObject, member } from "../base/json.ts";
import { splitList } from "./scalars.ts";

/** The fault of a member, by its path: `search.query`. */
export interface Fault {
  at: string;
  says: string;
}

/** Members that only version 2 supports. */
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
 * Returns faults of members that only version 2 supports, in a collection of version 1.1.
 * @param above Prefix of the part's members: `search.`.
 */
export function newerFaults(part: JsonObject, config: JsonObject, above: string): Fault[] {
  if (isVersion2(config)) return [];
  return NEWER.filter((name) => isGiven(part, name)).map((name) => newerFault(`${above}${name}`));
}

/** Returns the fault of a member that only version 2 supports. */
export function newerFault(at: string): Fault {
  return { at, says: `${at} is for version 2 of the API. Add "api": "2", or leave it out.` };
}

/** Returns whether a member has content besides spaces and commas. */
export function isGiven(part: JsonObject, name: string): boolean {
  const value = member(part, name);
  return typeof value === "string" ? splitList(value).length > 0 : value !== undefined;
}
