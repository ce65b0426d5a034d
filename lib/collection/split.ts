/** Splits a collection of many users, so that each part has its own harvester and rate limit. */

import { isObject, type JsonObject, member } from "../base/json.ts";
import { UserError } from "../base/errors.ts";
import { membersOf, toObject } from "../base/names_of.ts";
import { traitsFor } from "./types/traits.ts";

/**
 * Returns the configurations of the parts: `<id>-01` and so on, each with its share of the users in order, and
 * otherwise unchanged.
 * @param into Number of parts.
 * @throws UserError for a collection without users, or with fewer users than parts.
 */
export function split(config: JsonObject, into: number): JsonObject[] {
  const users = member(config, "users");
  if (traitsFor(config.type).part !== "users" || !isObject(users)) {
    throw new UserError("Only collections of users' timelines can be split", {
      hint: "A search or a stream is split by its query: create a collection for each.",
    });
  }
  const entries = membersOf(users);
  if (entries.length < into) {
    throw new UserError(
      `${entries.length} ${
        entries.length === 1 ? "user" : "users"
      } cannot be split over ${into} collections`,
      {
        hint: "Add users first, or split them over fewer.",
      },
    );
  }
  const { timestamp: _, ...rest } = config;
  const digits = `${into}`.length;
  const start = (part: number) => Math.floor((entries.length * part) / into);
  return Array.from({ length: into }, (_, part) => ({
    ...rest,
    id: `${config.id}-${`${part + 1}`.padStart(Math.max(2, digits), "0")}`,
    users: toObject(entries.slice(start(part), start(part + 1))),
  }));
}
