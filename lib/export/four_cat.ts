/** The columns of 4CAT for tweets, which it imports as they are. */

import type { Cell } from "./csv.ts";
import type { Common, Other } from "./common.ts";

const COLUMNS: Readonly<Record<string, (tweet: Common) => Cell>> = {
  id: ({ id }) => id,
  thread_id: ({ conversationId, replyTo, id }) => conversationId ?? replyTo?.id ?? id,
  timestamp: ({ createdAt }) =>
    createdAt === undefined
      ? undefined
      : new Date(createdAt).toISOString().slice(0, 19).replace("T", " "),
  unix_timestamp: ({ createdAt }) =>
    createdAt === undefined ? undefined : Math.floor(createdAt / 1_000),
  link: ({ id, author }) => `https://x.com/${author.handle ?? "i/web"}/status/${id}`,
  subject: () => "",
  body: ({ text, repostOf }) =>
    repostOf?.handle === undefined || /^RT @/.test(text ?? "")
      ? text
      : `RT @${repostOf.handle}: ${text ?? ""}`,
  author: ({ author }) => author.handle,
  author_fullname: ({ author }) => author.name,
  author_id: ({ author }) => author.id,
  author_followers: ({ author }) => author.followers,
  source: ({ sourceApp }) => sourceApp,
  language_guess: ({ lang }) => lang,
  possibly_sensitive: ({ isSensitive }) => toYes(isSensitive === true),
  impression_count: ({ views }) => views,
  retweet_count: ({ reposts }) => reposts,
  bookmark_count: ({ bookmarks }) => bookmarks,
  like_count: ({ likes }) => likes,
  quote_count: ({ quotes }) => quotes,
  reply_count: ({ replies }) => replies,
  is_retweet: ({ repostOf }) => toYes(repostOf !== undefined),
  retweeted_user: ({ repostOf }) => toName(repostOf),
  is_quote_tweet: ({ quoteOf }) => toYes(quoteOf !== undefined),
  quoted_user: ({ quoteOf }) => toName(quoteOf),
  is_reply: ({ replyTo }) => toYes(replyTo !== undefined),
  replied_user: ({ replyTo }) => toName(replyTo),
  hashtags: ({ hashtags }) => hashtags.join(","),
  urls: ({ urls }) => urls.join(","),
  images: (tweet) => mediaText(tweet, (type) => type === "photo"),
  videos: (tweet) => mediaText(tweet, (type) => type !== "photo"),
  mentions: ({ mentions }) => mentions.flatMap(({ handle }) => handle ?? []).join(","),
  long_lat: ({ lon, lat }) => lon === undefined ? "" : `${lon},${lat}`,
  place_name: ({ placeName }) => placeName,
};

const CELLS = Object.values(COLUMNS);

/** The names of the columns, in their order. */
export const FOUR_CAT_COLUMNS: readonly string[] = Object.keys(COLUMNS);

/** Returns the cells of a tweet, in the order of FOUR_CAT_COLUMNS. */
export function toFourCatCells(tweet: Common): Cell[] {
  return CELLS.map((cell) => cell(tweet));
}

function toYes(is: boolean): string {
  return is ? "yes" : "no";
}

function toName(other: Other | undefined): string {
  return other?.handle ?? "";
}

function mediaText({ media }: Common, isWanted: (type: string | null) => boolean): string {
  return media.filter(({ type }) => isWanted(type)).flatMap(({ url }) => url ?? []).join(",");
}
