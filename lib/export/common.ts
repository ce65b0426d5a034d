/** A tweet as flat columns that have the same names and meanings in either version of the API. */

import type { Json, JsonObject } from "../base/json.ts";
import { readAnswerText } from "./answer_columns.ts";
import {
  type Post,
  readAuthor,
  readReferences,
  toId,
  toKey,
  toObject,
  toObjects,
  toText,
} from "./post.ts";
import { readTime } from "./selection.ts";
import { readEntities, readStatusText, readUserId } from "./status_columns.ts";

/** The kind of a tweet; an answer that quotes is an answer. */
export type Kind = "post" | "reply" | "repost" | "quote";

/** A photo, a video or an animation of a tweet. */
export type Media = {
  key: string | null;
  type: string | null;
  url: string | null;
  alt: string | null;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
};

/** Another tweet that one refers to. */
export interface Other {
  id: string | undefined;
  authorId: string | undefined;
  handle: string | undefined;
}

/** A tweet; what it does not have is undefined. Times are milliseconds since 1970. */
export interface Common {
  id: string;
  createdAt: number | undefined;
  collectedAt: number | undefined;
  author: {
    id: string | undefined;
    handle: string | undefined;
    name: string | undefined;
    createdAt: number | undefined;
    followers: number | undefined;
    following: number | undefined;
    posts: number | undefined;
    isVerified: boolean | undefined;
  };
  kind: Kind;
  text: string | undefined;
  lang: string | undefined;
  conversationId: string | undefined;
  replyTo: Other | undefined;
  repostOf: Other | undefined;
  quoteOf: Other | undefined;
  likes: number | undefined;
  reposts: number | undefined;
  replies: number | undefined;
  quotes: number | undefined;
  bookmarks: number | undefined;
  views: number | undefined;
  hashtags: string[];
  mentions: { id: string | undefined; handle: string | undefined }[];
  urls: string[];
  media: Media[];
  placeName: string | undefined;
  countryCode: string | undefined;
  lon: number | undefined;
  lat: number | undefined;
  isSensitive: boolean | undefined;
  withheldIn: string[];
  sourceApp: string | undefined;
  editIds: string[];
  matched: string[];
}

/**
 * Returns a tweet in the words that both versions share.
 * @param merge Whether a retweet has the whole text, the counts and the entities of the tweet that it repeats.
 */
export function toCommon(post: Post, { merge }: { merge: boolean }): Common {
  const found = post.line.api === "1.1" ? fromStatus(post, merge) : fromAnswer(post, merge);
  return {
    id: post.id,
    createdAt: readTime(post),
    kind: kindFor(post, found),
    matched: post.line.rules.flatMap(({ tag }) => toText(tag) ?? []),
    ...found,
  };
}

type Found = Omit<Common, "id" | "createdAt" | "kind" | "matched">;

/** Returns what kind of tweet one is. */
export function kindFor(
  post: Pick<Post, "isRetweet">,
  { replyTo, quoteOf }: Pick<Common, "replyTo" | "quoteOf">,
): Kind {
  if (post.isRetweet) return "repost";
  if (replyTo) return "reply";
  return quoteOf ? "quote" : "post";
}

function fromStatus(post: Post, merge: boolean): Found {
  const { json } = post;
  const user = toObject(json.user) ?? {};
  const retweeted = toObject(json.retweeted_status);
  const quoted = toObject(json.quoted_status);
  const whole = merge && retweeted ? retweeted : json;
  const long = toObject(whole.extended_tweet) ?? whole;
  const [lon, lat] = toNumbers(toObject(json.coordinates)?.coordinates);
  const place = toObject(json.place);
  return {
    collectedAt: undefined,
    author: {
      id: readUserId(user),
      handle: toText(user.screen_name),
      name: toText(user.name),
      createdAt: toTime(user.created_at),
      followers: toNumber(user.followers_count),
      following: toNumber(user.friends_count),
      posts: toNumber(user.statuses_count),
      isVerified: toBoolean(user.verified),
    },
    text: readStatusText(whole),
    lang: toText(json.lang),
    conversationId: undefined,
    replyTo: repliedTweet(json),
    repostOf: retweeted && toOther(retweeted),
    quoteOf: quoted ? toOther(quoted) : toBareOther(json.quoted_status_id_str),
    likes: toNumber(whole.favorite_count),
    reposts: toNumber(whole.retweet_count),
    replies: toNumber(whole.reply_count),
    quotes: toNumber(whole.quote_count),
    bookmarks: undefined,
    views: undefined,
    hashtags: texts(readEntities(long, "hashtags"), "text"),
    mentions: readEntities(long, "user_mentions").map((one) => ({
      id: readUserId(one),
      handle: toText(one.screen_name),
    })),
    urls: texts(readEntities(long, "urls"), "expanded_url"),
    media: toObjects((toObject(long.extended_entities) ?? toObject(long.entities))?.media)
      .map(toStatusMedia),
    placeName: toText(place?.full_name),
    countryCode: toText(place?.country_code),
    lon,
    lat,
    isSensitive: toBoolean(json.possibly_sensitive),
    withheldIn: toTexts(json.withheld_in_countries),
    sourceApp: toText(json.source)?.replace(/<[^>]*>/g, ""),
    editIds: [],
  };
}

function fromAnswer(post: Post, merge: boolean): Found {
  const { json, line } = post;
  const user = readAuthor(post) ?? {};
  const references = readReferences(post);
  const findOther = (kind: string): Other | undefined => {
    const found = references.findLast(({ type }) => type === kind);
    if (!found) return undefined;
    const author = found.json && readAuthor({ json: found.json, line });
    const authorId = toId(found.json?.author_id);
    return { id: found.id, authorId, handle: toText(author?.username) };
  };
  const repeated = references.findLast(({ type }) => type === "retweeted")?.json;
  const whole = merge && repeated ? repeated : json;
  const entities = {
    ...toObject(whole.entities),
    ...toObject(toObject(whole.note_tweet)?.entities),
  };
  const counts = toObject(whole.public_metrics) ?? {};
  const ofAuthor = toObject(user.public_metrics) ?? {};
  const geo = toObject(json.geo);
  const placeId = geo?.place_id;
  const place = placeId === undefined ? undefined : line.includes.places.get(toKey(placeId));
  const [lon, lat] = toNumbers(toObject(geo?.coordinates)?.coordinates);
  const answers = findOther("replied_to");
  return {
    collectedAt: toTime(line.retrieved?.retrieved_at),
    author: {
      id: toId(json.author_id) ?? toId(user.id),
      handle: toText(user.username),
      name: toText(user.name),
      createdAt: toTime(user.created_at),
      followers: toNumber(ofAuthor.followers_count),
      following: toNumber(ofAuthor.following_count),
      posts: toNumber(ofAuthor.tweet_count),
      isVerified: toBoolean(user.verified),
    },
    text: readAnswerText(whole) ?? toText(json.text),
    lang: toText(json.lang),
    conversationId: toId(json.conversation_id),
    replyTo: answers &&
      { ...answers, authorId: toId(json.in_reply_to_user_id) ?? answers.authorId },
    repostOf: findOther("retweeted"),
    quoteOf: findOther("quoted"),
    likes: toNumber(counts.like_count),
    reposts: toNumber(counts.retweet_count),
    replies: toNumber(counts.reply_count),
    quotes: toNumber(counts.quote_count),
    bookmarks: toNumber(counts.bookmark_count),
    views: toNumber(counts.impression_count),
    hashtags: texts(toObjects(entities.hashtags), "tag"),
    mentions: toObjects(entities.mentions).map((one) => ({
      id: toId(one.id),
      handle: toText(one.username),
    })),
    urls: texts(
      toObjects(entities.urls).filter((one) => one.media_key === undefined),
      "expanded_url",
    ),
    media: toTexts(toObject(whole.attachments)?.media_keys)
      .map((key) => toAnswerMedia(key, line.includes.media.get(key) ?? {})),
    placeName: toText(place?.full_name),
    countryCode: toText(place?.country_code),
    lon,
    lat,
    isSensitive: toBoolean(json.possibly_sensitive),
    withheldIn: toTexts(toObject(json.withheld)?.country_codes),
    sourceApp: toText(json.source),
    editIds: toTexts(json.edit_history_tweet_ids),
  };
}

function repliedTweet(json: JsonObject): Other | undefined {
  const id = toId(json.in_reply_to_status_id_str ?? json.in_reply_to_status_id);
  if (id === undefined) return undefined;
  const authorId = toId(json.in_reply_to_user_id_str ?? json.in_reply_to_user_id);
  return { id, authorId, handle: toText(json.in_reply_to_screen_name) };
}

function toOther(status: JsonObject): Other {
  const user = toObject(status.user);
  const id = toId(status.id_str ?? status.id);
  return { id, authorId: readUserId(user), handle: toText(user?.screen_name) };
}

/** Returns a tweet that did not come along. */
function toBareOther(id: Json | undefined): Other | undefined {
  return typeof id === "string" ? { id, authorId: undefined, handle: undefined } : undefined;
}

function toStatusMedia(media: JsonObject): Media {
  const size = toObject(toObject(media.sizes)?.large);
  return {
    key: toId(media.id_str) ?? null,
    type: toText(media.type) ?? null,
    url: toText(media.media_url_https) ?? null,
    alt: toText(media.ext_alt_text) ?? null,
    width: toNumber(size?.w) ?? null,
    height: toNumber(size?.h) ?? null,
    duration_ms: toNumber(toObject(media.video_info)?.duration_millis) ?? null,
  };
}

function toAnswerMedia(key: string, media: JsonObject): Media {
  return {
    key,
    type: toText(media.type) ?? null,
    url: toText(media.url) ?? toText(media.preview_image_url) ?? null,
    alt: toText(media.alt_text) ?? null,
    width: toNumber(media.width) ?? null,
    height: toNumber(media.height) ?? null,
    duration_ms: toNumber(media.duration_ms) ?? null,
  };
}

/** Returns a time in milliseconds since 1970; undefined for what is none. */
export function toTime(value: Json | undefined): number | undefined {
  const ms = Date.parse(toText(value) ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** Returns a number, or undefined for anything else. */
export function toNumber(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function toNumbers(value: Json | undefined): (number | undefined)[] {
  return Array.isArray(value) ? value.map(toNumber) : [];
}

/** Returns a truth value, or undefined for anything else. */
export function toBoolean(value: Json | undefined): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function toTexts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.flatMap((one) => toText(one) ?? []) : [];
}

function texts(list: JsonObject[], name: string): string[] {
  return list.flatMap((one) => toText(one[name]) ?? []);
}
