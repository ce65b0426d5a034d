/** Lists the names that each user of a configuration has had, with dates, as harvests saw them. */

import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { namesOf } from "../base/names_of.ts";

/** A user's name; times in ISO 8601. */
export interface DatedName {
  screen_name: string;
  /** When harvests first saw it after another name; absent for the first name. */
  from?: string;
  /** When harvests saw another name; absent for the current one. */
  until?: string;
}

/** A user with all known names. */
export interface NamedUser {
  user_id: string;
  /** Oldest first. */
  names: DatedName[];
  /** Whether the user was removed from the collection. */
  is_removed: boolean;
}

/** Yields the users of a configuration with known names, including removed ones. */
export function* listNames(config: JsonObject): Generator<NamedUser> {
  for (const [part, is_removed] of [["users", false], ["removed_users", true]] as const) {
    const users = member(config, part);
    if (!isObject(users)) continue;
    for (const user_id of namesOf(users)) {
      const names = namesOfUser(member(users, user_id));
      if (names.length > 0) yield { user_id, names, is_removed };
    }
  }
}

function namesOfUser(user: Json | undefined): DatedName[] {
  if (!isObject(user)) return [];
  const { screen_name: now, former_names: former } = user;
  const names: DatedName[] = [];
  for (const one of Array.isArray(former) ? former : []) {
    if (!isObject(one)) continue;
    const { screen_name, until } = one;
    if (typeof screen_name !== "string" || typeof until !== "string") continue;
    names.push({ screen_name, ...since(names), until });
  }
  if (typeof now === "string") names.push({ screen_name: now, ...since(names) });
  return names;
}

function since(before: DatedName[]): Pick<DatedName, "from"> {
  const from = before.at(-1)?.until;
  return from === undefined ? {} : { from };
}

/**
 * Returns names of added users that belong, or belonged, to other users of a configuration: an account took a name
 * over, or a list is outdated.
 * @param added Names by user id.
 */
export function namesOfOthers(
  config: JsonObject,
  added: ReadonlyMap<string, string>,
): { user_id: string; screen_name: string; of: NamedUser; until?: string }[] {
  const ids = new Map([...added].map(([id, name]) => [name.toLowerCase(), id]));
  return [...listNames(config)].flatMap((of) =>
    of.names.flatMap(({ screen_name, until }) => {
      const user_id = ids.get(screen_name.toLowerCase());
      if (user_id === undefined || user_id === of.user_id) return [];
      return [{ user_id, screen_name, of, ...(until === undefined ? {} : { until }) }];
    })
  );
}
