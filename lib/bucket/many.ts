/** What a harvest of many users has in place of objects with a member for each: a checkpoint that is made of it. */

import type { ConfigUpdate } from "../collection/changeset.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { PackedCut } from "../base/packed.ts";

/** What there is of each walk, and of each user. */
export interface Many {
  /** Where the walks stand, by their names. */
  positions: PackedCut<Json>;
  /** What the configuration is to learn of users, by their ids. */
  users: PackedCut<JsonObject>;
}

/** The parts of a checkpoint that grow with users; with `many`, these are not in the others. */
export interface PerUser {
  positions: JsonObject;
  update: ConfigUpdate;
  many?: Many | undefined;
}

/** A checkpoint as the document that it is in the bucket. */
export function documentOf<T extends PerUser>(state: T) {
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

/** The positions of walks that are not whole. */
export function unfinished({ positions, many }: Pick<PerUser, "positions" | "many">): JsonObject {
  const left: JsonObject = {};
  for (const all of [Object.entries(positions), many?.positions ?? []]) {
    for (const [walk, at] of all) if (at !== "whole") left[walk] = at;
  }
  return left;
}
