/** The words of version 2: the sandbox responds in those of the request, and may refuse the old ones. */

import { FIELDS } from "../../base/api_fields.ts";
import type { Parameters } from "../v1/routes.ts";
import { invalid } from "./routes.ts";

/** The names of members in the new words. */
const NEW_MEMBERS: Record<string, string> = {
  edit_history_tweet_ids: "edit_history_post_ids",
  note_tweet: "note_post",
  referenced_tweets: "referenced_posts",
  retweet_count: "repost_count",
  total_tweet_count: "total_post_count",
  tweet_count: "post_count",
  tweets: "posts",
};
/** A member's name in JSON: inside a text its quotes are escaped. */
const MEMBER = new RegExp(`(?<!\\\\)"(${Object.keys(NEW_MEMBERS).join("|")})"(?=\\s*:)`, "g");

/** X's document 2.167: the names that a request may have. */
const TAKEN: Record<string, readonly string[]> = {
  expansions: [
    "article.cover_media",
    "article.media_entities",
    "attachments.media_keys",
    "attachments.media_source_tweet",
    "attachments.poll_ids",
    "author_id",
    "edit_history_post_ids",
    "entities.mentions.username",
    "geo.place_id",
    "in_reply_to_user_id",
    "referenced_posts",
    "username",
  ],
  "post.fields": [
    ...[...FIELDS.tweet.usual, ...FIELDS.tweet.others].filter((name) =>
      !/tweet/.test(name) && !["author_id", "in_reply_to_user_id"].includes(name)
    ),
    "note_post",
  ],
  "user.fields": [...FIELDS.user.usual, ...FIELDS.user.others].filter((name) =>
    !/tweet/.test(name)
  ),
  "media.fields": [...FIELDS.media.usual, ...FIELDS.media.others],
  "poll.fields": FIELDS.poll.usual,
  "place.fields": FIELDS.place.usual,
};

/** Returns whether a request is in the new words. */
export function asksInNewWords(parameters: Parameters): boolean {
  return parameters.has("post.fields");
}

/** Returns a response in the new words. */
export function inNewWords(json: string): string {
  return json.replaceAll(MEMBER, (_, name: string) => `"${NEW_MEMBERS[name] ?? name}"`);
}

/** Returns the refusal of a request by X's document 2.167; null where it is accepted. */
export function refusedWords(parameters: Parameters): Response | null {
  if (parameters.has("tweet.fields")) {
    const taken = ["query", "max_results", "since_id", "until_id", ...Object.keys(TAKEN)];
    return invalid(`The query parameter [tweet.fields] is not one of [${taken}]`);
  }
  for (const [parameter, taken] of Object.entries(TAKEN)) {
    const asked = parameters.get(parameter)?.split(",") ?? [];
    const wrong = asked.find((name) => !taken.includes(name));
    if (wrong === undefined) continue;
    return invalid(
      `The \`${parameter}\` query parameter value [${wrong}] is not one of [${taken}]`,
    );
  }
  return null;
}
