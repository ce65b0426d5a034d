/** The difference between two configurations, and how it is applied. (diff, merge, prune, describe) */

import type { Json, JsonObject } from "../json.ts";

/** What is to be deleted: names of members, or for one member what to delete below it. */
export type Deletion = string | { [key: string]: Deletion[] };

/** An update and a deletion, as a changeset file holds them. */
export interface ConfigUpdate {
  update: JsonObject;
  delete: Deletion[];
}

/** A ConfigUpdate that was made at a time. */
export interface Changeset extends ConfigUpdate {
  /** ISO 8601, UTC. */
  change_timestamp: string;
}
export type { Json };
