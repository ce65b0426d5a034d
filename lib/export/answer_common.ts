/** The common columns of a tweet of version 2 from the bytes of its line: as `toCommon` reads them of what is parsed. */

import type { Json } from "../base/json.ts";
import { type Name, name, type Outline } from "../twitter/bytes/outline.ts";
import { NOTE_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { RETRIEVED_FORM } from "./answer_line.ts";
import { AnswerRow } from "./answer_row.ts";
import {
  type Common,
  kindFor,
  type Media,
  type Other,
  toBoolean,
  toCommon,
  toNumber,
  toTime,
} from "./common.ts";
import { isPlainString } from "./keyed.ts";
import { type Post, toId, toText } from "./post.ts";
import { timeOf } from "./selection.ts";

const FIELDS = fieldsOf(TWEET_FORM, {
  authorId: "author_id",
  created: "created_at",
  lang: "lang",
  conversation: "conversation_id",
  replyTo: "in_reply_to_user_id",
  likes: "public_metrics.like_count",
  reposts: "public_metrics.retweet_count",
  replies: "public_metrics.reply_count",
  quotes: "public_metrics.quote_count",
  bookmarks: "public_metrics.bookmark_count",
  views: "public_metrics.impression_count",
  hashtags: "entities.hashtags",
  mentions: "entities.mentions",
  urls: "entities.urls",
  mediaKeys: "attachments.media_keys",
  geo: "geo",
  placeId: "geo.place_id",
  sensitive: "possibly_sensitive",
  withheld: "withheld.country_codes",
  source: "source",
  edits: "edit_history_tweet_ids",
});
const NOTE = fieldsOf(NOTE_FORM, { hashtags: "hashtags", mentions: "mentions", urls: "urls" });
const USER = fieldsOf(USER_FORM, {
  id: "id",
  handle: "username",
  name: "name",
  created: "created_at",
  followers: "public_metrics.followers_count",
  following: "public_metrics.following_count",
  posts: "public_metrics.tweet_count",
  verified: "verified",
});
const RETRIEVED_AT = RETRIEVED_FORM.field("retrieved_at");
/** Members of what tweets have and refer to, by the names that are used here. */
export const NAMES = {
  id: name("id"),
  username: name("username"),
  tag: name("tag"),
  media_key: name("media_key"),
  expanded_url: name("expanded_url"),
  type: name("type"),
  url: name("url"),
  preview: name("preview_image_url"),
  alt: name("alt_text"),
  width: name("width"),
  height: name("height"),
  duration: name("duration_ms"),
  full_name: name("full_name"),
  country_code: name("country_code"),
  coordinates: name("coordinates"),
  place_id: name("place_id"),
};
const [REPLIED, RETWEETED, QUOTED] = [0, 1, 2];

type AuthorOf = Common["author"];

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads tweets. */
export class AnswerCommon {
  readonly #row: AnswerRow;

  /** @param options.merge As of toCommon. */
  constructor(options: { merge: boolean }) {
    this.#row = new AnswerRow(options);
  }

  /** Returns a tweet, which holds until the next one is read; null for one that is left to a parser. */
  read(post: Post): Common | null {
    const row = this.#row;
    if (!row.read(post)) return null;
    const { outline, whole } = row;
    const keys = elements(outline, whole.at(FIELDS.mediaKeys));
    return keys.every((key) => isPlainString(outline, key)) ? new Tweet(row, post, keys) : null;
  }
}

/** Returns a function that reads tweets: of version 2 from their bytes, where that can be. @param options As of toCommon. */
export function commonReader(options: { merge: boolean }): (post: Post) => Common {
  const answers = new AnswerCommon(options);
  return (post) => answers.read(post) ?? toCommon(post, options);
}

/** A tweet, of which each part is read when it is asked for. */
class Tweet implements Common {
  readonly id: string;
  readonly author: Common["author"];
  readonly #row: AnswerRow;
  readonly #outline: Outline;
  readonly #post: Post;
  readonly #mediaKeys: number[];

  constructor(row: AnswerRow, post: Post, mediaKeys: number[]) {
    this.id = post.id;
    this.#row = row;
    this.#outline = row.outline;
    this.#post = post;
    this.#mediaKeys = mediaKeys;
    this.author = new Author(row);
  }

  get createdAt(): number | undefined {
    return timeOf(this.id, this.#textOf(this.#row.own.at(FIELDS.created)));
  }

  get collectedAt(): number | undefined {
    return toTime(this.#textOf(this.#row.line.retrieved.at(RETRIEVED_AT)));
  }

  get kind(): Common["kind"] {
    return kindFor(this.#post, this);
  }

  get text(): string | undefined {
    return this.#textOf(this.#row.findText(this.#row.whole));
  }

  get lang(): string | undefined {
    return this.#textOf(this.#row.own.at(FIELDS.lang));
  }

  get conversationId(): string | undefined {
    return toId(valueAt(this.#outline, this.#row.own.at(FIELDS.conversation)));
  }

  get replyTo(): Other | undefined {
    const other = this.#other(REPLIED);
    const authorId = other && toId(valueAt(this.#outline, this.#row.own.at(FIELDS.replyTo)));
    return other && { ...other, authorId: authorId ?? other.authorId };
  }

  get repostOf(): Other | undefined {
    return this.#other(RETWEETED);
  }

  get quoteOf(): Other | undefined {
    return this.#other(QUOTED);
  }

  get likes(): number | undefined {
    return this.#count(FIELDS.likes);
  }

  get reposts(): number | undefined {
    return this.#count(FIELDS.reposts);
  }

  get replies(): number | undefined {
    return this.#count(FIELDS.replies);
  }

  get quotes(): number | undefined {
    return this.#count(FIELDS.quotes);
  }

  get bookmarks(): number | undefined {
    return this.#count(FIELDS.bookmarks);
  }

  get views(): number | undefined {
    return this.#count(FIELDS.views);
  }

  get hashtags(): string[] {
    return this.#entities("hashtags").flatMap((at) => this.#member(at, NAMES.tag) ?? []);
  }

  get mentions(): Common["mentions"] {
    const outline = this.#outline;
    return this.#entities("mentions").map((at) => ({
      id: toId(memberAt(outline, at, NAMES.id)),
      handle: this.#member(at, NAMES.username),
    }));
  }

  get urls(): string[] {
    return this.#entities("urls")
      .filter((at) => this.#outline.find(at, NAMES.media_key) < 0)
      .flatMap((at) => this.#member(at, NAMES.expanded_url) ?? []);
  }

  get media(): Media[] {
    return this.#mediaKeys.map((key) => {
      const at = this.#row.line.media.get(key);
      const text = (name: Name) => this.#member(at, name) ?? null;
      const number = (name: Name) => toNumber(memberAt(this.#outline, at, name)) ?? null;
      return {
        key: this.#textOf(key) ?? null,
        type: text(NAMES.type),
        url: text(NAMES.url) ?? text(NAMES.preview),
        alt: text(NAMES.alt),
        width: number(NAMES.width),
        height: number(NAMES.height),
        duration_ms: number(NAMES.duration),
      };
    });
  }

  get placeName(): string | undefined {
    return this.#member(this.#place, NAMES.full_name);
  }

  get countryCode(): string | undefined {
    return this.#member(this.#place, NAMES.country_code);
  }

  get lon(): number | undefined {
    return this.#coordinate(0);
  }

  get lat(): number | undefined {
    return this.#coordinate(1);
  }

  get isSensitive(): boolean | undefined {
    return toBoolean(valueAt(this.#outline, this.#row.own.at(FIELDS.sensitive)));
  }

  get withheldIn(): string[] {
    return this.#texts(this.#row.own.at(FIELDS.withheld));
  }

  get sourceApp(): string | undefined {
    return this.#textOf(this.#row.own.at(FIELDS.source));
  }

  get editIds(): string[] {
    return this.#texts(this.#row.own.at(FIELDS.edits));
  }

  get matched(): string[] {
    return elements(this.#outline, this.#row.line.rules)
      .flatMap((at) => this.#member(at, NAMES.tag) ?? []);
  }

  #other(kind: number): Other | undefined {
    const { references, theirIds, theirNames } = this.#row;
    const id = this.#textOf(references[kind] ?? 0);
    if (id === undefined) return undefined;
    const authorId = this.#textOf(theirIds[kind] ?? 0);
    return { id, authorId, handle: this.#textOf(theirNames[kind] ?? 0) };
  }

  #count(field: number): number | undefined {
    return toNumber(valueAt(this.#outline, this.#row.whole.at(field)));
  }

  /** Returns the entities of a kind: those of a long text come before those of the tweet. */
  #entities(kind: keyof typeof NOTE): number[] {
    const { whole } = this.#row;
    const list = whole.note.at(NOTE[kind]) || whole.at(FIELDS[kind]);
    return elements(this.#outline, list).filter((at) => this.#outline.isObject(at));
  }

  get #place(): number {
    const id = this.#row.own.at(FIELDS.placeId);
    return id > 0 ? this.#row.line.places.get(id) : 0;
  }

  #coordinate(number: number): number | undefined {
    const outline = this.#outline;
    const inner = objectIn(outline, this.#row.own.at(FIELDS.geo), NAMES.coordinates);
    const list = inner > 0 ? outline.find(inner, NAMES.coordinates) : 0;
    return toNumber(valueAt(outline, elements(outline, list)[number] ?? 0));
  }

  #texts(list: number): string[] {
    return elements(this.#outline, list).flatMap((at) => this.#textOf(at) ?? []);
  }

  #member(object: number, name: Name): string | undefined {
    return toText(memberAt(this.#outline, object, name));
  }

  #textOf(value: number): string | undefined {
    return textAt(this.#outline, value);
  }
}

/** Who wrote it. */
class Author implements AuthorOf {
  readonly #row: AnswerRow;

  constructor(row: AnswerRow) {
    this.#row = row;
  }

  get id(): string | undefined {
    const { outline, own } = this.#row;
    return textAt(outline, own.at(FIELDS.authorId)) ?? toId(this.#value(USER.id));
  }

  get handle(): string | undefined {
    return toText(this.#value(USER.handle));
  }

  get name(): string | undefined {
    return toText(this.#value(USER.name));
  }

  get createdAt(): number | undefined {
    return toTime(this.#value(USER.created));
  }

  get followers(): number | undefined {
    return toNumber(this.#value(USER.followers));
  }

  get following(): number | undefined {
    return toNumber(this.#value(USER.following));
  }

  get posts(): number | undefined {
    return toNumber(this.#value(USER.posts));
  }

  get isVerified(): boolean | undefined {
    return toBoolean(this.#value(USER.verified));
  }

  #value(field: number): Json | undefined {
    return valueAt(this.#row.outline, this.#row.author?.at(field) ?? 0);
  }
}

function fieldsOf<T extends Record<string, string>>(
  form: { field(path: string): number },
  paths: T,
): Record<keyof T, number>;
function fieldsOf(form: { field(path: string): number }, paths: Record<string, string>) {
  return Object.fromEntries(Object.entries(paths).map(([key, path]) => [key, form.field(path)]));
}

/** Returns the elements of a list; none of anything else. */
export function elements(outline: Outline, list: number): number[] {
  const all: number[] = [];
  if (list <= 0 || !outline.isArray(list)) return all;
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) all.push(at);
  return all;
}

/** Returns a member that is an object; 0 where there is none. */
export function objectIn(outline: Outline, object: number, name: Name): number {
  const found = object > 0 ? outline.find(object, name) : -1;
  return found > 0 && outline.isObject(found) ? found : 0;
}

/** Returns what a member says, as valueAt does; undefined where there is none. */
export function memberAt(outline: Outline, object: number, name: Name): Json | undefined {
  return object > 0 ? valueAt(outline, Math.max(0, outline.find(object, name))) : undefined;
}

/** Returns a text; undefined for anything else, and where there is none. */
export function textAt(outline: Outline, value: number): string | undefined {
  if (value === 0 || !outline.isString(value)) return undefined;
  return toText(valueAt(outline, value));
}

/** Returns a value that is no object, list, or number whose digits would be lost; undefined for these. */
export function valueAt(outline: Outline, value: number): Json | undefined {
  if (value === 0 || outline.isObject(value) || outline.isArray(value)) return undefined;
  const { bytes } = outline;
  const [start, end] = [outline.start(value), outline.end(value)];
  if (isPlainString(outline, value)) return decoder.decode(bytes.subarray(start + 1, end - 1));
  const text = decoder.decode(bytes.subarray(start, end));
  const json: Json = JSON.parse(text);
  const isRounded = typeof json === "number" && !Number.isSafeInteger(json);
  return isRounded && /^-?\d+$/.test(text) ? undefined : json;
}
