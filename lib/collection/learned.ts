/** What a harvest learned, as it changes the newest configuration: nobody comes back, and no since_id goes back. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { copyOf, inOrderOf, membersOf, namesOf, objectOf, setMember } from "../base/names_of.ts";
import { Packed } from "../base/packed.ts";
import {
  type ConfigUpdate,
  type Deletion,
  diff,
  isEmpty,
  mapMembers,
  merge,
  picked,
  without,
} from "./changeset.ts";

/** What a harvest learned, without users that it, or somebody meanwhile, took out of the configuration. */
export function prune(change: ConfigUpdate, config: JsonObject): ConfigUpdate {
  const users = member(change.update, "users");
  if (!isObject(users)) return change;
  const present = member(without(config, change.delete), "users");
  const ids = namesOf(users);
  const kept = ids.filter((id) => isObject(present) && Object.hasOwn(present, id));
  if (kept.length > 0 && kept.length === ids.length) return change;
  const { users: _, ...update } = change.update;
  if (kept.length > 0) update.users = picked(users, kept);
  return { update, delete: change.delete };
}

/**
 * What a change by a harvest really changes in a configuration: pruned, without what is so already, and
 * with since_id moving forward only. Applied once more, it is empty.
 */
export function learned(config: JsonObject, change: ConfigUpdate): ConfigUpdate {
  const pruned = prune(change, config);
  const { users, ...update } = pruned.update;
  const known = member(config, "users");
  if (!isObject(users) || !isObject(known) || !pruned.delete.every(isOfWholeUsers)) {
    return changed(config, pruned);
  }
  // One user after the other: configurations of all in between would be the most of what a harvest of many takes.
  const rest = changed(config, { update, delete: pruned.delete });
  const news = learnedOfUsers(known, users);
  return {
    update: isEmpty({ ...news, delete: [] }) ? rest.update : { ...rest.update, users: news.update },
    delete: news.delete.length === 0 ? rest.delete : [...rest.delete, { users: news.delete }],
  };
}

/**
 * The same of many users, whose part of the change is packed: what is news of each whom the configuration has, and what
 * changes besides.
 */
export function learnedOfMany(
  config: JsonObject,
  change: ConfigUpdate,
  users: Iterable<[string, JsonObject]>,
): { change: ConfigUpdate; users: Packed<JsonObject> } {
  const rest = changed(config, change);
  const known = member(without(config, change.delete), "users");
  const news = new Packed<JsonObject>();
  if (!isObject(known)) return { change: rest, users: news };
  for (const [id, told] of users) {
    const { update } = learnedOfUsers(known, { [id]: told });
    const after = member(update, id);
    if (isObject(after)) news.set(id, after);
  }
  return { change: rest, users: news };
}

/** The users of a configuration as news of them make it: one after the other, as they are asked for. */
export function* usersWith(
  config: JsonObject,
  news: Packed<JsonObject>,
): Generator<[string, Json]> {
  const users = member(config, "users");
  if (!isObject(users)) return;
  for (const id of namesOf(users)) {
    const [before, update] = [member(users, id), news.get(id)];
    if (before === undefined) continue;
    yield [id, update && isObject(before) ? merge(before, { update, delete: [] }) : before];
  }
}

function changed(config: JsonObject, change: ConfigUpdate): ConfigUpdate {
  return diff(config, neverBack(config, merge(config, change)));
}

function isOfWholeUsers(deletion: Deletion): boolean {
  return typeof deletion !== "string" &&
    Object.entries(deletion).every(([key, inner]) =>
      key === "users" && inner.every((id) => typeof id === "string")
    );
}

function learnedOfUsers(known: JsonObject, users: JsonObject): ConfigUpdate {
  const news: ConfigUpdate = { update: {}, delete: [] };
  for (const id of namesOf(users)) {
    const [before, told] = [member(known, id), member(users, id)];
    if (before === undefined || told === undefined) continue;
    const one = changed({ [id]: before }, { update: { [id]: told }, delete: [] });
    for (const deletion of one.delete) news.delete.push(deletion);
    const after = member(one.update, id);
    // The very object where all of it is new, as it mostly is.
    if (after) setMember(news.update, id, isDeepStrictEqual(after, told) ? told : after);
  }
  return news;
}

/** `next` with each since_id that would go back, or away, as it is in `config`; what stays as it is, is not copied. */
export function neverBack(config: JsonObject, next: JsonObject): JsonObject {
  const back = new Map<string, JsonObject>();
  for (const key of namesOf(next)) {
    const [before, value] = [member(config, key), member(next, key)];
    if (value === before || !isObject(value) || !isObject(before)) continue;
    const since = before.since_id;
    const below = neverBack(before, value);
    const kept = isNewer(since, below.since_id) ? { ...below, since_id: since } : below;
    if (kept !== value) back.set(key, kept);
  }
  return mapMembers(next, (value, key) => back.get(key) ?? value);
}

/** What harvests learn of a user, besides since_id. */
const LEARNED = new Set(["screen_name", "looked_up", "state", "former_names"]);

/** `next`, made from an older copy of `config`, with what harvests have learned in between. */
export function keepLearned(config: JsonObject, next: JsonObject): JsonObject {
  const kept = neverBack(config, next);
  const [before, after] = [member(config, "users"), member(kept, "users")];
  if (!isObject(before) || !isObject(after)) return kept;
  const users = membersOf(after).map(([id, user]): [string, Json] => {
    const known = member(before, id);
    if (!isObject(known) || !isObject(user)) return [id, user];
    const facts = Object.entries(known).filter(([name]) => LEARNED.has(name));
    return [id, { ...user, ...Object.fromEntries(facts) }];
  });
  const [gone, still] = [member(config, "removed_users"), member(kept, "removed_users")];
  const removed = isObject(gone)
    ? { removed_users: objectOf([gone, isObject(still) ? still : {}].flatMap(membersOf)) }
    : {};
  return { ...kept, users: objectOf(users), ...removed };
}

/** A configuration with its users in the order of a person's file; whoever is not in that comes after. */
export function usersInOrderOf(config: JsonObject, file: JsonObject): JsonObject {
  const [users, order] = [member(config, "users"), member(file, "users")];
  if (!isObject(users) || !isObject(order)) return config;
  return { ...config, users: inOrderOf(users, order) };
}

/**
 * `next`, in which users who were taken out and are added again go on from where they were; who wants their tweets from
 * the beginning takes them out of `removed_users` as well.
 */
export function goingOn(config: JsonObject, next: JsonObject): JsonObject {
  const [before, after] = [member(config, "users"), member(next, "users")];
  const [gone, still] = [member(config, "removed_users"), member(next, "removed_users")];
  if (!isObject(after) || !isObject(gone) || !isObject(still)) return next;
  const back = namesOf(gone).filter((id) =>
    Object.hasOwn(after, id) && Object.hasOwn(still, id) &&
    !(isObject(before) && Object.hasOwn(before, id))
  );
  if (back.length === 0) return next;
  const users = copyOf(after);
  for (const id of back) {
    const [known, user] = [member(gone, id), member(after, id)];
    if (!isObject(known) || !isObject(user)) continue;
    const kept = ["since_id", "former_names"].flatMap((name): [string, Json][] => {
      const value = member(known, name);
      return value === undefined ? [] : [[name, value]];
    });
    setMember(users, id, { ...Object.fromEntries(kept), ...user });
  }
  const left = namesOf(still).filter((id) => !back.includes(id));
  const { removed_users: _, ...rest } = next;
  return {
    ...rest,
    users,
    ...(left.length > 0 ? { removed_users: picked(still, left) } : {}),
  };
}

function isNewer(since: Json | undefined, than: Json | undefined): since is string {
  if (typeof since !== "string" || !/^\d+$/.test(since)) return false;
  return typeof than !== "string" || !/^\d+$/.test(than) || BigInt(since) > BigInt(than);
}
