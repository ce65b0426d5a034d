/** The tweets of a line: of version 1.1 one, of version 2 those of a response or of a stream, or one that twarc2 flattened. */

import { isObject, type Json, type JsonObject, parseWhole } from "../base/json.ts";
import { isFlat, unfold } from "./flat.ts";
import { OLD_MEMBERS, REPEATS } from "./words.ts";

/** The parsed content of a line. Objects of version 2 have the old names in them, whichever the API used. */
export interface TweetLine {
  /** The version of the API that it came from. */
  api: "1.1" | "2";
  /** In the order of the line. */
  tweets: Tweet[];
  /** The objects sent beside the tweets of a response of version 2; version 1.1 has them inside of the tweets. */
  includes: Includes;
  /** The rules that a stream's tweet matches; empty for others. */
  rules: JsonObject[];
  /** When and from where a response of version 2 came, as twarc2 writes it; undefined where it was not recorded. */
  retrieved: JsonObject | undefined;
}

/** A tweet that was requested. */
export interface Tweet {
  /** In digits, all of them. */
  id: string;
  /**
   * As it was recorded. Numbers beyond 2^53 are rounded in version 1.1, whose digits are in `…_str` beside them; in
   * version 2 they keep their digits (`parseWhole`).
   */
  json: JsonObject;
}

/** The objects that tweets refer to, by the key that they use for it. */
export interface Includes {
  /** By id: authors, and users that are mentioned or answered. */
  users: ReadonlyMap<string, JsonObject>;
  /** By id: tweets that are answered, quoted or repeated. */
  tweets: ReadonlyMap<string, JsonObject>;
  /** By `media_key`. */
  media: ReadonlyMap<string, JsonObject>;
  /** By id. */
  polls: ReadonlyMap<string, JsonObject>;
  /** By id. */
  places: ReadonlyMap<string, JsonObject>;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
/** Matches a text that may have a number which JSON.parse rounds; ids in what errors say (`id: [20]`) are none. */
const LARGE = /(?:"\s*:|,)[\s[]*-?\d{16}/;
const [RETWEETED = "", ...REPOSTED] = REPEATS;
/** Matches a text with a new word: only such a text is rewritten. */
const NEW_WORD = new RegExp(`"(?:${[...OLD_MEMBERS.keys(), ...REPOSTED].join("|")})"`);

/**
 * Reads the tweets of a line, whichever version wrote it.
 * @throws SyntaxError for a line without tweets, or that is not JSON; TypeError where it is not UTF-8
 */
export function parseTweetLine(line: Uint8Array): TweetLine {
  const text = decoder.decode(line);
  const json = toObject(JSON.parse(text));
  if (json.data === undefined && !isFlat(json)) return readStatus(json, text);
  const whole = LARGE.test(text) ? toObject(parseWhole(text)) : json;
  const answer = NEW_WORD.test(text) ? toObject(inOldWords(whole)) : whole;
  return json.data === undefined ? readFlat(answer, text) : readAnswer(answer, text);
}

function readFlat(flat: JsonObject, text: string): TweetLine {
  const id = readId(flat, text);
  const { json, ...beside } = unfold(flat);
  return { api: "2", tweets: [{ id, json }], ...beside };
}

function readAnswer(answer: JsonObject, text: string): TweetLine {
  const data = Array.isArray(answer.data) ? answer.data : [answer.data ?? null];
  const includes = isObject(answer.includes) ? answer.includes : {};
  return {
    api: "2",
    tweets: data.map(toObject).map((tweet) => ({ id: readId(tweet, text), json: tweet })),
    includes: {
      users: index(includes.users, "id"),
      tweets: index(includes.tweets, "id"),
      media: index(includes.media, "media_key"),
      polls: index(includes.polls, "id"),
      places: index(includes.places, "id"),
    },
    rules: toList(answer.matching_rules).filter(isObject),
    retrieved: isObject(answer.__twarc) ? answer.__twarc : undefined,
  };
}

/** Returns a status of version 1.1. */
function readStatus(json: JsonObject, text: string): TweetLine {
  const none: ReadonlyMap<string, JsonObject> = new Map();
  return {
    api: "1.1",
    tweets: [{ id: readId(json, text), json }],
    includes: { users: none, tweets: none, media: none, polls: none, places: none },
    rules: toList(json.matching_rules).filter(isObject),
    retrieved: undefined,
  };
}

/** Returns the id of a tweet, as it was sent: a number that is too large for JavaScript is read from the text. */
function readId(tweet: JsonObject, text: string): string {
  const id = tweet.id_str ?? tweet.id;
  if (typeof id === "string" && /^\d+$/.test(id)) return id;
  if (typeof id === "number" && Number.isSafeInteger(id) && id >= 0) return `${id}`;
  // Only statuses of version 1.1 have numbers, and without id_str only those of its first years.
  const exact = typeof id === "number" ? toObject(parseWhole(text)).id : id;
  if (JSON.isRawJSON(exact) && /^\d+$/.test(exact.rawJSON)) return exact.rawJSON;
  throw new SyntaxError("An object has no id");
}

/** Returns a JSON value with the old names of its members. */
function inOldWords(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOldWords);
  if (!isObject(value)) return value;
  const old = Object.entries(value).map(([name, inner]): [string, Json] => [
    OLD_MEMBERS.get(name) ?? name,
    inOldWords(inner),
  ]);
  const json: JsonObject = Object.fromEntries(old);
  const isReference = typeof json.id === "string" && typeof json.type === "string";
  if (isReference && REPOSTED.includes(`${json.type}`)) json.type = RETWEETED;
  return json;
}

function index(list: Json | undefined, name: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const one of toList(list)) {
    const key = isObject(one) ? one[name] : undefined;
    if (isObject(one) && typeof key === "string") found.set(key, one);
  }
  return found;
}

function toList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** @throws SyntaxError */
function toObject(value: Json | undefined): JsonObject {
  if (isObject(value)) return value;
  throw new SyntaxError("It is not a JSON object");
}
