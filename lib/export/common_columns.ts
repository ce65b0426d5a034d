/** The columns that are the same for every version of the API, and later for every platform. */

import type { Common, Media } from "./common.ts";
import type { Place } from "./post.ts";

/** The type of a column's cells; times are milliseconds since 1970. */
export type Type = "text" | "time" | "integer" | "float" | "boolean" | "texts" | "media";

/** A cell before it is written. */
export type CommonCell = string | number | boolean | string[] | Media[] | undefined;

/** A column of the common ones. */
export interface CommonColumn {
  name: string;
  type: Type;
  /** Returns a cell; undefined where a tweet has none. */
  read: (tweet: Common, place: Place) => CommonCell;
}

const none = () => undefined;

/** The types and the values of columns, by their names. */
const COLUMNS: Readonly<Record<string, [Type, CommonColumn["read"]]>> = {
  platform: ["text", () => "x"],
  id: ["text", ({ id }) => id],
  uri: ["text", none],
  url: ["text", ({ id, author }) => `https://x.com/${author.handle ?? "i/web"}/status/${id}`],
  created_at: ["time", ({ createdAt }) => createdAt],
  seen_at: ["time", none],
  collected_at: ["time", ({ collectedAt }) => collectedAt],
  author_id: ["text", ({ author }) => author.id],
  author_handle: ["text", ({ author }) => author.handle],
  author_name: ["text", ({ author }) => author.name],
  author_created_at: ["time", ({ author }) => author.createdAt],
  author_followers: ["integer", ({ author }) => author.followers],
  author_following: ["integer", ({ author }) => author.following],
  author_posts: ["integer", ({ author }) => author.posts],
  author_verified: ["boolean", ({ author }) => author.isVerified],
  kind: ["text", ({ kind }) => kind],
  text: ["text", ({ text }) => text],
  lang: ["text", ({ lang }) => lang],
  langs: ["texts", ({ lang }) => lang === undefined ? [] : [lang]],
  html: ["text", none],
  conversation_id: ["text", ({ conversationId }) => conversationId],
  reply_to_id: ["text", ({ replyTo }) => replyTo?.id],
  reply_to_author_id: ["text", ({ replyTo }) => replyTo?.authorId],
  repost_of_id: ["text", ({ repostOf }) => repostOf?.id],
  repost_of_author_id: ["text", ({ repostOf }) => repostOf?.authorId],
  quote_of_id: ["text", ({ quoteOf }) => quoteOf?.id],
  quote_of_author_id: ["text", ({ quoteOf }) => quoteOf?.authorId],
  like_count: ["integer", ({ likes }) => likes],
  repost_count: ["integer", ({ reposts }) => reposts],
  reply_count: ["integer", ({ replies }) => replies],
  quote_count: ["integer", ({ quotes }) => quotes],
  bookmark_count: ["integer", ({ bookmarks }) => bookmarks],
  view_count: ["integer", ({ views }) => views],
  hashtags: ["texts", ({ hashtags }) => hashtags],
  mentions: ["texts", ({ mentions }) => mentions.flatMap(({ id }) => id ?? [])],
  mention_handles: ["texts", ({ mentions }) => mentions.flatMap(({ handle }) => handle ?? [])],
  urls: ["texts", ({ urls }) => urls],
  media: ["media", ({ media }) => media],
  place_name: ["text", ({ placeName }) => placeName],
  country_code: ["text", ({ countryCode }) => countryCode],
  lon: ["float", ({ lon }) => lon],
  lat: ["float", ({ lat }) => lat],
  sensitive: ["boolean", ({ isSensitive }) => isSensitive],
  labels: ["texts", () => []],
  withheld_in: ["texts", ({ withheldIn }) => withheldIn],
  source_app: ["text", ({ sourceApp }) => sourceApp],
  edited_at: ["time", none],
  edit_ids: ["texts", ({ editIds }) => editIds],
  deleted_at: ["time", none],
  deleted_why: ["text", none],
  matched: ["texts", ({ matched }) => matched],
  collection: ["text", (_, { collection }) => collection],
  harvest: ["text", (_, { harvest }) => harvest],
  file: ["text", (_, { file }) => file],
  line: ["integer", (_, { number }) => number],
};

/** The common columns, in their order. */
export const COMMON_COLUMNS: readonly CommonColumn[] = Object.entries(COLUMNS)
  .map(([name, [type, read]]) => ({ name, type, read }));
