/** Finds changes of a configuration after which tweets come again. */

import { isObject, type Json, member } from "../../base/json.ts";
import type { Changeset, Deletion } from "../changeset.ts";

/**
 * Returns whether harvests after a change may collect tweets again: a user was removed, and possibly added again, or a
 * person changed how far back harvests go, or the query.
 */
export function bringsAgain({ update, delete: deleted, harvest_timestamp }: Changeset): boolean {
  if (deleted.some((one) => reaches(one))) return true;
  if (harvest_timestamp !== undefined) return false;
  const search = member(update, "search");
  return hasSinceId(update) || isObject(search) && Object.hasOwn(search, "query");
}

function reaches(deletion: Deletion): boolean {
  if (typeof deletion === "string") return deletion === "users" || deletion === "search";
  return Object.entries(deletion).some(([name, below]) =>
    name === "users"
      ? below.some((one) => typeof one === "string" || hasSinceIdAmong(Object.values(one).flat()))
      : name === "search" && hasSinceIdAmong(below)
  );
}

function hasSinceIdAmong(deletions: Deletion[]): boolean {
  return deletions.includes("since_id");
}

function hasSinceId(value: Json): boolean {
  return isObject(value) &&
    Object.entries(value).some(([name, below]) => name === "since_id" || hasSinceId(below));
}
