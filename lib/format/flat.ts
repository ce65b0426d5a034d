/**
 * Tweets of version 2 as `twarc2 flatten` writes them, one a line: split again into the tweet and its included
 * objects.
 */

import { isObject, type Json, type JsonObject } from "../base/json.ts";

/** The objects inside of a tweet, by kind and key. */
type Found = Record<"users" | "tweets" | "media" | "polls" | "places", Map<string, JsonObject>>;

/** A flattened tweet that was split. */
export interface Unfolded {
  /** The tweet as in a response. */
  json: JsonObject;
  /** The included objects. */
  includes: Found;
  rules: JsonObject[];
  retrieved: JsonObject | undefined;
}

/** Returns whether an object without `data` is a tweet of version 2: statuses of version 1.1 have numbers for ids, or `id_str`. */
export function isFlat(json: JsonObject): boolean {
  return typeof json.id === "string" && json.id_str === undefined;
}

/** Returns the parts of a flattened tweet. Its own objects are changed. */
export function unfold(flat: JsonObject): Unfolded {
  const { __twarc, matching_rules, ...json } = flat;
  const includes: Found = {
    users: new Map(),
    tweets: new Map(),
    media: new Map(),
    polls: new Map(),
    places: new Map(),
  };
  takeApart(json, includes);
  return {
    json,
    includes,
    rules: listObjects(matching_rules),
    retrieved: isObject(__twarc) ? __twarc : undefined,
  };
}

/** Removes the objects that flattening has added from a value, and from all of its members. */
function takeApart(value: Json | undefined, found: Found): void {
  if (Array.isArray(value)) { for (const item of value) takeApart(item, found); }
  if (!isObject(value)) return;
  for (const name in value) takeApart(value[name], found);
  keep(value.author, found.users);
  keep(value.in_reply_to_user, found.users);
  keep(value.pinned_tweet, found.tweets);
  delete value.author;
  delete value.in_reply_to_user;
  delete value.pinned_tweet;
  if (Array.isArray(value.media_keys)) {
    for (const one of listObjects(value.media)) keep(one, found.media, "media_key");
    delete value.media;
  }
  if (Array.isArray(value.poll_ids)) {
    keep(value.poll, found.polls);
    delete value.poll;
  }
  if (isObject(value.geo) && value.geo.place_id !== undefined) value.geo = ownGeo(value.geo, found);
  if (Array.isArray(value.mentions)) {
    value.mentions = listObjects(value.mentions).map((one) => ownMention(one, found));
  }
  if (Array.isArray(value.referenced_tweets)) {
    value.referenced_tweets = listObjects(value.referenced_tweets).map((one) =>
      ownReference(one, found)
    );
  }
}

/** A place's members are beside those that the tweet itself has. */
function ownGeo({ place_id, coordinates, ...place }: JsonObject, { places }: Found): JsonObject {
  keep(place, places);
  return dropUndefined({ place_id, coordinates });
}

/** A user's members are merged over the mention's own, of which `id` and `username` are the same. */
function ownMention(mention: JsonObject, { users }: Found): JsonObject {
  const { start, end, ...user } = mention;
  if (user.name === undefined) return mention;
  keep(user, users);
  return dropUndefined({ start, end, username: user.username, id: user.id });
}

function ownReference({ type, ...tweet }: JsonObject, { tweets }: Found): JsonObject {
  if (Object.keys(tweet).length > 1) keep(tweet, tweets);
  return dropUndefined({ type, id: tweet.id });
}

/** Records an object by its key, once for several places. */
function keep(object: Json | undefined, by: Map<string, JsonObject>, name = "id"): void {
  const key = isObject(object) ? object[name] : undefined;
  if (isObject(object) && typeof key === "string" && !by.has(key)) by.set(key, object);
}

function dropUndefined(object: { [name: string]: Json | undefined }): JsonObject {
  const defined = Object.entries(object).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[name, value]]
  );
  return Object.fromEntries(defined);
}

function listObjects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
