/** Tweets of version 2 with all that they refer to inside of them, as `twarc2 flatten` writes them. */

import { isObject, type Json, type JsonObject } from "../base/json.ts";
import type { TweetLine } from "../format/tweets.ts";
import { toKey, toObjects } from "./post.ts";

/**
 * Returns the tweets of a line of version 2, each with its author, media, poll, place, mentions and the tweets that it
 * refers to. The line's own objects are changed, so that it is of no further use.
 */
export function flatten(line: TweetLine): JsonObject[] {
  const names = new Map(line.includes.users.values().map((user) => [toKey(user.username), user]));
  const known = { ...line.includes, names };
  for (const tweet of line.includes.tweets.values()) expand(tweet, known);
  return line.tweets.map(({ json }) => {
    expand(json, known);
    if (line.retrieved) json.__twarc = line.retrieved;
    if (line.rules.length > 0) json.matching_rules = line.rules;
    return json;
  });
}

type Known = TweetLine["includes"] & { names: ReadonlyMap<string, JsonObject> };

/** Puts the objects that an object refers to inside of it, and does the same in all of its members. */
function expand(value: Json | undefined, known: Known): void {
  if (Array.isArray(value)) { for (const item of value) expand(item, known); }
  if (!isObject(value)) return;
  for (const name in value) expand(value[name], known);
  const { users, media, polls, places, tweets, names } = known;
  const { author_id, in_reply_to_user_id, media_keys, poll_ids, pinned_tweet_id } = value;
  if (author_id !== undefined) value.author = users.get(toKey(author_id)) ?? {};
  if (in_reply_to_user_id !== undefined) {
    value.in_reply_to_user = users.get(toKey(in_reply_to_user_id)) ?? {};
  }
  if (Array.isArray(media_keys)) value.media = media_keys.map((key) => media.get(toKey(key)) ?? {});
  if (Array.isArray(poll_ids) && poll_ids.length > 0) {
    value.poll = polls.get(toKey(poll_ids.at(-1))) ?? {};
  }
  if (isObject(value.geo) && value.geo.place_id !== undefined) {
    value.geo = { ...value.geo, ...places.get(toKey(value.geo.place_id)) };
  }
  if (value.mentions !== undefined) {
    value.mentions = toObjects(value.mentions)
      .map((mention) => ({ ...mention, ...names.get(toKey(mention.username)) }));
  }
  if (value.referenced_tweets !== undefined) {
    value.referenced_tweets = toObjects(value.referenced_tweets)
      .map((reference) => ({ ...reference, ...tweets.get(toKey(reference.id)) }));
  }
  if (pinned_tweet_id !== undefined) value.pinned_tweet = tweets.get(toKey(pinned_tweet_id)) ?? {};
}
