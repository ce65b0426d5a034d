/** A tweet with all that came with it: the input of every form of an export. */

import { isObject, type Json, type JsonObject } from "../base/json.ts";
import { wellFormed, wellFormedText } from "../format/surrogates.ts";
import type { TweetLine } from "../format/tweets.ts";

const decoder = new TextDecoder();

/** A tweet to export. What it says may be parsed only when it is asked for. */
export interface Post {
  /** In digits. */
  id: string;
  json: JsonObject;
  /** The line that it came in. */
  line: TweetLine;
  /** The bytes of that line. */
  bytes: Uint8Array;
  /** The place of the line. */
  place: Place;
  /** Its number among the tweets of its line, from 0 on; undefined for one that another tweet refers to. */
  number: number | undefined;
  /** Whether it was not requested: another tweet refers to it. */
  isReferenced: boolean;
  /** Whether it only repeats another one. */
  isRetweet: boolean;
}

/** The place of a recorded line. */
export interface Place {
  collection: string;
  /** When the harvest began, as its folder says: `20260102030405`. */
  harvest: string;
  /** Below the collection's folder. */
  file: string;
  /** From 1 on. */
  number: number;
}

/** How tweets refer to others, in version 2's words. */
type Reference = "replied_to" | "retweeted" | "quoted";

/** A reference of a tweet of version 2, and the tweet where it came along. */
export interface Referred {
  type: string;
  id: string;
  json: JsonObject | undefined;
}

/** Returns whether the bytes of its line are the tweet's: of version 1.1, where it was requested. */
export function isLine({ line, isReferenced }: Pick<Post, "line" | "isReferenced">): boolean {
  return line.api === "1.1" && !isReferenced;
}

/** Returns the JSON of a tweet, as it came where it is a line, with U+FFFD in place of half a character. */
export function rawText(post: Post): string {
  return isLine(post)
    ? decoder.decode(wellFormed(post.bytes))
    : wellFormedText(JSON.stringify(post.json));
}

/** Returns the references of a tweet of version 2, in its order. */
export function readReferences({ json, line }: Pick<Post, "json" | "line">): Referred[] {
  return toObjects(json.referenced_tweets).map(({ type, id }) => ({
    type: toKey(type),
    id: toKey(id),
    json: line.includes.tweets.get(toKey(id)),
  }));
}

/** Returns the author of a tweet, where that came along. */
export function readAuthor({ json, line }: Pick<Post, "json" | "line">): JsonObject | undefined {
  if (line.api === "1.1") return toObject(json.user);
  return line.includes.users.get(toKey(json.author_id)) ?? toObject(json.author);
}

/** Returns an object, or undefined for anything else. */
export function toObject(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** Returns the objects of a list; none for anything else. */
export function toObjects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns a text, or undefined for anything else. */
export function toText(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Returns a value as a key that objects are found by: text as it is, and anything else as JSON. */
export function toKey(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** Returns the text of an id, which may be a number; undefined for anything else. */
export function toId(value: Json | undefined): string | undefined {
  return typeof value === "string" || typeof value === "number" ? `${value}` : undefined;
}
