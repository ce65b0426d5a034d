/** The columns and cells of twarc's json2csv, for statuses of version 1.1. */

import type { Json, JsonObject } from "../base/json.ts";
import type { Cell } from "./csv.ts";
import { type Post, toId, toObject, toObjects, toText } from "./post.ts";

/**
 * Options of toStatusCells(): `merge` gives retweets the whole text and the counts of the tweets that they repeat.
 */
export interface StatusOptions {
  merge: boolean;
}

/** The values that the cells of a status are made of. */
interface Status {
  json: JsonObject;
  id: string;
  user: JsonObject;
  /** The status itself, or the one that it repeats where that is merged. */
  whole: JsonObject;
  retweeted: JsonObject | undefined;
  quoted: JsonObject | undefined;
}

const COLUMNS: Readonly<Record<string, (status: Status) => Cell>> = {
  id: ({ id }) => id,
  tweet_url: ({ user, id }) => `https://twitter.com/${toText(user.screen_name) ?? ""}/status/${id}`,
  created_at: ({ json }) => json.created_at,
  parsed_created_at: ({ json }) => toPythonTime(json.created_at),
  user_screen_name: ({ user }) => user.screen_name,
  text: ({ whole }) => readStatusText(whole),
  tweet_type: readStatusType,
  coordinates: ({ json }) => toCoordinates(json),
  hashtags: ({ whole }) => joinMember(readEntities(whole, "hashtags"), "text"),
  media: ({ json }) => toMedia(json),
  urls: ({ json }) => joinMember(readEntities(json, "urls"), "expanded_url"),
  favorite_count: ({ whole }) => whole.favorite_count,
  in_reply_to_screen_name: ({ json }) => json.in_reply_to_screen_name,
  in_reply_to_status_id: ({ json }) => json.in_reply_to_status_id_str ?? json.in_reply_to_status_id,
  in_reply_to_user_id: ({ json }) => json.in_reply_to_user_id_str ?? json.in_reply_to_user_id,
  lang: ({ json }) => json.lang,
  place: ({ json }) => toObject(json.place)?.full_name,
  possibly_sensitive: ({ json }) => json.possibly_sensitive,
  retweet_count: ({ json }) => json.retweet_count,
  retweet_or_quote_id: (status) => readOther(status)?.id_str ?? toId(readOther(status)?.id),
  retweet_or_quote_screen_name: (status) => toObject(readOther(status)?.user)?.screen_name,
  retweet_or_quote_user_id: (status) => readUserId(toObject(readOther(status)?.user)),
  source: ({ json }) => json.source,
  user_id: ({ user }) => readUserId(user),
  user_created_at: ({ user }) => user.created_at,
  user_default_profile_image: ({ user }) => user.default_profile_image,
  user_description: ({ user }) => user.description,
  user_favourites_count: ({ user }) => user.favourites_count,
  user_followers_count: ({ user }) => user.followers_count,
  user_friends_count: ({ user }) => user.friends_count,
  user_listed_count: ({ user }) => user.listed_count,
  user_location: ({ user }) => user.location,
  user_name: ({ user }) => user.name,
  user_statuses_count: ({ user }) => user.statuses_count,
  user_time_zone: ({ user }) => user.time_zone,
  user_urls: ({ user }) => toUserUrls(user),
  user_verified: ({ user }) => user.verified,
};

const CELLS = Object.values(COLUMNS);

/** The names of json2csv's columns, in its order. */
export const STATUS_COLUMNS: readonly string[] = Object.keys(COLUMNS);

/** Returns the cells of a status of version 1.1, in the order of STATUS_COLUMNS. */
export function toStatusCells({ id, json }: Post, { merge }: StatusOptions): Cell[] {
  const retweeted = toObject(json.retweeted_status);
  const status = {
    id,
    json,
    user: toObject(json.user) ?? {},
    whole: merge && retweeted ? retweeted : json,
    retweeted,
    quoted: toObject(json.quoted_status),
  };
  return CELLS.map((cell) => cell(status));
}

/** Returns the whole text of a status, in whichever mode it was sent. */
export function readStatusText(status: JsonObject): string | undefined {
  return toText(toObject(status.extended_tweet)?.full_text ?? status.full_text ?? status.text);
}

/** Returns a list of entities of a status, such as its hashtags. */
export function readEntities(status: JsonObject, name: string): JsonObject[] {
  return toObjects(toObject(status.entities)?.[name]);
}

/** Returns the digits of a user's id. */
export function readUserId(user: JsonObject | undefined): string | undefined {
  return toId(user?.id_str ?? user?.id);
}

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
/** `Mon Mar 28 14:36:31 +0000 2016` */
const API_TIME = /^\w{3} (\w{3}) (\d\d) (\d\d:\d\d:\d\d) \+0000 (\d{4})$/;

/** Returns the time of a status as Python prints it: `2016-03-28 14:36:31+00:00`. */
function toPythonTime(value: Json | undefined): Cell {
  const [, month = "", day, time, year] = API_TIME.exec(toText(value) ?? "") ?? [];
  const at = MONTHS.indexOf(month);
  if (!time || at < 0) return undefined;
  return `${year}-${`${at / 3 + 1}`.padStart(2, "0")}-${day} ${time}+00:00`;
}

function readStatusType({ json, retweeted, quoted }: Status): string {
  if (json.in_reply_to_status_id) return "reply";
  if (retweeted) return "retweet";
  return quoted ? "quote" : "original";
}

function readOther({ retweeted, quoted }: Status): JsonObject | undefined {
  return retweeted ?? quoted;
}

/** Longitude and latitude with six digits. */
function toCoordinates(json: JsonObject): Cell {
  const point = toObject(json.coordinates)?.coordinates;
  if (!Array.isArray(point)) return undefined;
  return point.map((one) => Number(one).toFixed(6)).join(" ");
}

function toMedia(json: JsonObject): Cell {
  const extended = toObject(json.extended_entities)?.media;
  const media = extended ?? toObject(json.entities)?.media;
  return media === undefined ? undefined : joinMember(toObjects(media), "media_url_https");
}

function toUserUrls(user: JsonObject): string {
  const urls = toObjects(toObject(toObject(user.entities)?.url)?.urls);
  return joinMember(urls.filter(({ expanded_url }) => expanded_url), "expanded_url");
}

function joinMember(list: JsonObject[], name: string): string {
  return list.map((one) => one[name] ?? "").join(" ");
}
