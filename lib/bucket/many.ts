/** Compact positions and news of many users, in place of objects with a member for each. */

import type { ConfigUpdate } from "../collection/changeset.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { PackedCut } from "../base/packed.ts";

/** Values of each walk and each user. */
export interface Many {
  /** Positions of the walks, by name. */
  positions: PackedCut<Json>;
  /** News of users for the configuration, by id. */
  users: PackedCut<JsonObject>;
}

/** The parts of a checkpoint that grow with users; with `many`, the others lack them. */
export interface PerUser {
  positions: JsonObject;
  update: ConfigUpdate;
  many?: Many | undefined;
}

/** Returns a checkpoint as the document in the bucket. */
export function toDocument<T extends PerUser>(state: T) {
  const { many, ...document } = state;
  if (!many) return document;
  const { update, delete: deleted } = document.update;
  const users = many.users.isEmpty ? {} : { users: many.users };
  return {
    ...document,
    // A harvest of users has no other walks.
    positions: many.positions.isEmpty ? document.positions : many.positions,
    update: { update: { ...update, ...users }, delete: deleted },
  };
}

/** Returns the positions of unfinished walks. */
export function unfinishedPositions(
  { positions, many }: Pick<PerUser, "positions" | "many">,
): JsonObject {
  const left: JsonObject = {};
  for (const all of [Object.entries(positions), many?.positions ?? []]) {
    for (const [walk, at] of all) if (at !== "whole") left[walk] = at;
  }
  return left;
}
