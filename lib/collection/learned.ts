/** Merges a harvest's news into the newest configuration, without restoring removed users or moving since_id back. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import {
  copyObject,
  membersOf,
  namesOf,
  orderLike,
  setMember,
  toObject,
} from "../base/names_of.ts";
import { Packed, type PackedCut } from "../base/packed.ts";
import {
  type ConfigUpdate,
  type Deletion,
  diff,
  isEmpty,
  mapMembers,
  merge,
  pick,
  without,
} from "./changeset.ts";

/** Returns a harvest's news without users that have been removed from the configuration. */
export function prune(change: ConfigUpdate, config: JsonObject): ConfigUpdate {
  const users = member(change.update, "users");
  if (!isObject(users)) return change;
  const present = member(without(config, change.delete), "users");
  const ids = namesOf(users);
  const kept = ids.filter((id) => isObject(present) && Object.hasOwn(present, id));
  if (kept.length > 0 && kept.length === ids.length) return change;
  const { users: _, ...update } = change.update;
  if (kept.length > 0) update.users = pick(users, kept);
  return { update, delete: change.delete };
}

/**
 * Returns the effective change of a harvest's news: pruned, without what is in force already, and with since_id moving
 * forward only. Applied again, it is empty.
 */
export function effectiveChange(config: JsonObject, change: ConfigUpdate): ConfigUpdate {
  const pruned = prune(change, config);
  const { users, ...update } = pruned.update;
  const known = member(config, "users");
  if (!isObject(users) || !isObject(known) || !pruned.delete.every(isOfWholeUsers)) {
    return changesTo(config, pruned);
  }
  // User by user: a copy of the configuration for each step would take most of a harvest's memory.
  const rest = changesTo(config, { update, delete: pruned.delete });
  const news = learnedOfUsers(known, users);
  return {
    update: isEmpty({ ...news, delete: [] }) ? rest.update : { ...rest.update, users: news.update },
    delete: news.delete.length === 0 ? rest.delete : [...rest.delete, { users: news.delete }],
  };
}

/** A harvest's news of many users. */
export interface NewsOfMany {
  /** The change of other members. */
  change: ConfigUpdate;
  /** The users who are removed. */
  gone: ReadonlySet<string>;
  /** News of the others, by id. */
  users: Packed<JsonObject>;
}

/**
 * Returns the effective change of a harvest's news where users are packed, as `effectiveChange` does; null where it
 * deletes anything but whole users.
 * @param json The configuration without its users.
 * @param told News by user id, none of them in `change`.
 */
export function learnedOfMany(
  { json, users }: { json: JsonObject; users: Packed<JsonObject> },
  change: ConfigUpdate,
  told: Iterable<[string, JsonObject]>,
): NewsOfMany | null {
  if (!change.delete.every(isOfWholeUsers)) return null;
  const gone = new Set([...listIds(change.delete)].filter((id) => users.has(id)));
  const news = new Packed<JsonObject>();
  for (const [id, one] of told) {
    const before = gone.has(id) ? undefined : users.get(id);
    if (!before) continue;
    const after = member(learnedOfUsers({ [id]: before }, { [id]: one }).update, id);
    if (isObject(after)) news.set(id, after);
  }
  const rest = changesTo(json, { update: change.update, delete: [] });
  const deleted = gone.size > 0 ? [{ users: [...gone] }] : [];
  return { change: { ...rest, delete: [...rest.delete, ...deleted] }, gone, users: news };
}

/** Returns a change with news of users in it. */
export function withUsers(
  change: ConfigUpdate,
  users: PackedCut<JsonObject> | undefined,
): ConfigUpdate {
  if (!users) return change;
  return { ...change, update: { ...change.update, users: users.toJSON() } };
}

/** Yields the users of a configuration with their news applied, one by one. */
export function* usersWith(
  users: Packed<JsonObject>,
  { gone, users: news }: NewsOfMany,
): Generator<[string, JsonObject]> {
  for (const [id, before] of users) {
    if (gone.has(id)) continue;
    const update = news.get(id);
    yield [id, update ? merge(before, { update, delete: [] }) : before];
  }
}

/** Yields the ids of users whom deletions remove. */
function* listIds(deletions: Deletion[]): Generator<string> {
  for (const one of deletions) {
    const ids = typeof one === "string" ? [] : one.users ?? [];
    for (const id of ids) if (typeof id === "string") yield id;
  }
}

function changesTo(config: JsonObject, change: ConfigUpdate): ConfigUpdate {
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
    const one = changesTo({ [id]: before }, { update: { [id]: told }, delete: [] });
    for (const deletion of one.delete) news.delete.push(deletion);
    const after = member(one.update, id);
    // Keep the object itself if all of it is new, as is usual.
    if (after) setMember(news.update, id, isDeepStrictEqual(after, told) ? told : after);
  }
  return news;
}

/**
 * Returns `next` with each since_id that would move back or disappear as it is in `config`; unchanged parts are not
 * copied.
 */
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

/** Facts that harvests learn about a user, besides since_id. */
const LEARNED = new Set(["screen_name", "looked_up", "state", "former_names"]);

/** Returns `next`, made from an older copy of `config`, with what harvests have learned in between. */
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
    ? { removed_users: toObject([gone, isObject(still) ? still : {}].flatMap(membersOf)) }
    : {};
  return { ...kept, users: toObject(users), ...removed };
}

/** Returns a configuration with its users in the order of a person's file, others last. */
export function sortUsersLike(config: JsonObject, file: JsonObject): JsonObject {
  const [users, order] = [member(config, "users"), member(file, "users")];
  if (!isObject(users) || !isObject(order)) return config;
  return { ...config, users: orderLike(users, order) };
}

/**
 * Returns `next` with the positions of removed users who are added again; to collect their tweets from the beginning, a
 * person removes them from `removed_users` as well.
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
  const users = copyObject(after);
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
    ...(left.length > 0 ? { removed_users: pick(still, left) } : {}),
  };
}

function isNewer(since: Json | undefined, than: Json | undefined): since is string {
  if (typeof since !== "string" || !/^\d+$/.test(since)) return false;
  return typeof than !== "string" || !/^\d+$/.test(than) || BigInt(since) > BigInt(than);
}
