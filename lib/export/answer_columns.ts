/** The columns and cells of twarc-csv, for tweets of version 2. */

import type { Json, JsonObject } from "../base/json.ts";
import { isObject } from "../base/json.ts";
import type { Cell } from "./csv.ts";
import {
  type Post,
  readAuthor,
  readReferences,
  type Referred,
  toKey,
  toObject,
  toObjects,
  toText,
} from "./post.ts";

/** The names of twarc-csv's columns, in its order: a member's path, with dots. */
export const ANSWER_COLUMNS: readonly string[] = [
  "id conversation_id referenced_tweets.replied_to.id referenced_tweets.retweeted.id",
  "referenced_tweets.quoted.id author_id in_reply_to_user_id in_reply_to_username retweeted_user_id",
  "retweeted_username quoted_user_id quoted_username created_at text lang source",
  "public_metrics.impression_count public_metrics.reply_count public_metrics.retweet_count",
  "public_metrics.quote_count public_metrics.like_count public_metrics.bookmark_count reply_settings",
  "edit_history_tweet_ids edit_controls.edits_remaining edit_controls.editable_until",
  "edit_controls.is_edit_eligible possibly_sensitive withheld.scope withheld.copyright",
  "withheld.country_codes entities.annotations entities.cashtags entities.hashtags entities.mentions",
  "entities.urls context_annotations attachments.media attachments.media_keys",
  "attachments.poll.duration_minutes attachments.poll.end_datetime attachments.poll.id",
  "attachments.poll.options attachments.poll.voting_status attachments.poll_ids author.id",
  "author.created_at author.username author.name author.description",
  "author.entities.description.cashtags author.entities.description.hashtags",
  "author.entities.description.mentions author.entities.description.urls author.entities.url.urls",
  "author.url author.location author.pinned_tweet_id author.profile_image_url author.protected",
  "author.public_metrics.followers_count author.public_metrics.following_count",
  "author.public_metrics.listed_count author.public_metrics.tweet_count author.verified",
  "author.verified_type author.withheld.scope author.withheld.copyright author.withheld.country_codes",
  "geo.coordinates.coordinates geo.coordinates.type geo.country geo.country_code geo.full_name",
  "geo.geo.bbox geo.geo.type geo.id geo.name geo.place_id geo.place_type matching_rules",
  "__twarc.retrieved_at __twarc.url __twarc.version",
].flatMap((names) => names.split(" "));

/** Members whose values fill other columns, or have none on purpose. */
const TAKEN = ["note_tweet.text", "note_tweet.entities", "in_reply_to_user", "author.pinned_tweet"];

/** The members that a retweet takes from the tweet that it repeats. */
export const MERGED = ["entities", "attachments", "context_annotations", "public_metrics"] as const;

/** The members that columns are made of: true for a column, an object for members with columns in them. */
type Known = { [name: string]: true | Known };

/** Makes rows of tweets of version 2. */
export class AnswerRows {
  /** How often members without a column came, by their paths. */
  readonly unknown = new Map<string, number>();
  readonly columns: readonly string[];
  readonly #paths: string[][];
  readonly #known: Known = {};
  readonly #merge: boolean;
  /** Authors as their columns have them; of a line, each is made once. */
  readonly #authors = new WeakMap<JsonObject, JsonObject>();

  /**
   * @param options.columns ANSWER_COLUMNS, others behind them, or some of them.
   * @param options.merge Whether retweets have the text, the counts and the entities of the tweets that they repeat.
   */
  constructor({ columns, merge }: { columns: readonly string[]; merge: boolean }) {
    this.columns = columns;
    this.#paths = columns.map((name) => name.split("."));
    this.#merge = merge;
    for (const name of [...ANSWER_COLUMNS, ...columns, ...TAKEN]) {
      know(this.#known, name.split("."));
    }
  }

  /** Returns the cells of a tweet, in the order of the columns. */
  toCells(post: Post): Cell[] {
    const row = this.#toRow(post);
    this.#look(row, this.#known, "");
    return this.#paths.map((path) => toCell(at(row, path)));
  }

  /** Returns a tweet in the form that its columns' paths refer to. */
  #toRow(post: Post): JsonObject {
    const { json, line } = post;
    const references = readReferences(post);
    const repeated = references.findLast(({ type }) => type === "retweeted")?.json;
    const row: JsonObject = { ...json, id: post.id };
    const whole = this.#merge && repeated ? repeated : json;
    if (whole !== json) { for (const name of MERGED) merge(row, whole, name); }
    row.text = readAnswerText(whole) ?? json.text ?? null;
    if (json.referenced_tweets !== undefined) {
      row.referenced_tweets = toReferenceIds(references);
      Object.assign(row, toReferenceNames(references, post));
    }
    const entities = {
      ...toObject(row.entities),
      ...toObject(toObject(whole.note_tweet)?.entities),
    };
    row.entities = toEntities(entities);
    row.attachments = toAttachments(toObject(row.attachments), post);
    row.geo = toGeo(toObject(json.geo), post);
    const author = readAuthor(post);
    if (author) row.author = this.#toAuthor(author);
    if (line.retrieved) row.__twarc = line.retrieved;
    if (line.rules.length > 0) row.matching_rules = line.rules;
    return row;
  }

  #toAuthor(author: JsonObject): JsonObject {
    const made = this.#authors.get(author) ?? toAuthor(author);
    this.#authors.set(author, made);
    return made;
  }

  /** Counts members without a column. */
  #look(object: JsonObject, known: Known, path: string): void {
    for (const name in object) {
      const below = Object.hasOwn(known, name) ? known[name] : undefined;
      if (below === true) continue;
      const value = object[name];
      if (isObject(value)) this.#look(value, below ?? {}, `${path}${name}.`);
      else if (value !== null && value !== undefined) {
        const full = `${path}${name}`;
        this.unknown.set(full, (this.unknown.get(full) ?? 0) + 1);
      }
    }
  }
}

/** Returns the whole text of a tweet of version 2: a long one is in a member of its own. */
export function readAnswerText(json: JsonObject): string | undefined {
  return toText(toObject(json.note_tweet)?.text) ?? toText(json.text);
}

function know(known: Known, [name = "", ...below]: string[]): void {
  if (below.length === 0) {
    known[name] = true;
    return;
  }
  const inner = Object.hasOwn(known, name) ? known[name] : undefined;
  if (inner === true) return;
  know(known[name] = inner ?? {}, below);
}

/** Returns a member at the end of a path; undefined where there is none. */
export function at(row: JsonObject, path: string[]): Json | undefined {
  let value: Json | undefined = row;
  for (const name of path) {
    if (!isObject(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** Returns a cell; a text stays on its line, as twarc-csv writes it. */
function toCell(value: Json | undefined): Cell {
  if (typeof value !== "string" || !/[\r\n]/.test(value)) return value;
  return value.replaceAll("\r", "").replaceAll("\n", "\\n");
}

function merge(row: JsonObject, from: JsonObject, name: string): void {
  const value = from[name] ?? row[name];
  if (value !== undefined) row[name] = value;
}

/** Returns the id of the first reference of each kind. */
function toReferenceIds(references: Referred[]): JsonObject {
  return Object.fromEntries(references.toReversed().map(({ type, id }) => [type, { id }]));
}

/** Returns the names of the users that are answered, reposted and quoted, where their tweets came along. */
function toReferenceNames(references: Referred[], { line }: Post): JsonObject {
  const of = (kind: string) => {
    const json = references.findLast(({ type }) => type === kind)?.json;
    const author = json && readAuthor({ json, line });
    return { id: json?.author_id, name: author?.username };
  };
  const [answered, retweeted, quoted] = [of("replied_to"), of("retweeted"), of("quoted")];
  return dropUndefined({
    in_reply_to_username: answered.name,
    retweeted_user_id: retweeted.id,
    retweeted_username: retweeted.name,
    quoted_user_id: quoted.id,
    quoted_username: quoted.name,
  });
}

function dropUndefined(object: { [name: string]: Json | undefined }): JsonObject {
  const json: JsonObject = {};
  for (const name in object) {
    const value = object[name];
    if (value !== undefined) json[name] = value;
  }
  return json;
}

/** Entities as lists of their texts. */
function toEntities(entities: JsonObject): JsonObject {
  const { cashtags, hashtags, mentions, urls, ...others } = entities;
  return dropUndefined({
    ...others,
    cashtags: cashtags && toObjects(cashtags).map(({ tag }) => `$${toKey(tag)}`),
    hashtags: hashtags && toObjects(hashtags).map(({ tag }) => `#${toKey(tag)}`),
    mentions: mentions && toObjects(mentions).map(({ username }) => `@${toKey(username)}`),
    urls: urls && toObjects(urls).map(toUrl),
  });
}

function toUrl({ media_key, display_url, expanded_url, url }: JsonObject): Json {
  const whole = expanded_url ?? url ?? null;
  return media_key === undefined ? whole : display_url ?? whole;
}

/** Returns the attached objects in place of their keys. */
function toAttachments(attachments: JsonObject | undefined, { line }: Post): JsonObject {
  const { media_keys, poll_ids } = attachments ?? {};
  const poll = Array.isArray(poll_ids)
    ? line.includes.polls.get(toKey(poll_ids.at(-1)))
    : undefined;
  const media = Array.isArray(media_keys)
    ? media_keys.map((key) => line.includes.media.get(toKey(key)) ?? {})
    : undefined;
  return dropUndefined({ media, poll, ...attachments });
}

function toGeo(geo: JsonObject | undefined, { line }: Post): JsonObject {
  const { place_id } = geo ?? {};
  return { ...geo, ...(place_id === undefined ? {} : line.includes.places.get(toKey(place_id))) };
}

function toAuthor(author: JsonObject): JsonObject {
  const { url, description, ...others } = toObject(author.entities) ?? {};
  if (url === undefined && description === undefined) return author;
  const urls = toObjects(toObject(url)?.urls).map(({ expanded_url, url }) =>
    expanded_url ?? url ?? null
  );
  return dropUndefined({
    ...author,
    url: urls.at(-1) ?? author.url,
    entities: dropUndefined({
      ...others,
      url: url && { urls },
      description: description && toEntities(toObject(description) ?? {}),
    }),
  });
}
