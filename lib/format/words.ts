/**
 * The names that version 2 has for the same thing: X's documents say "post" where they said "tweet" (OpenAPI 2.167).
 */

/** The members of `includes` that hold tweets. */
export const INCLUDED_TWEETS: readonly string[] = ["tweets", "posts"];
/** The members of a tweet that list its references to others. */
export const REFERENCES: readonly string[] = ["referenced_tweets", "referenced_posts"];
/** The types of such a reference that stand for a repost. */
export const REPEATS: readonly string[] = ["retweeted", "reposted"];

/** The old names of members, by the new ones. */
export const OLD_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["edit_history_post_ids", "edit_history_tweet_ids"],
  ["most_recent_post_id", "most_recent_tweet_id"],
  ["note_post", "note_tweet"],
  ["pinned_post_id", "pinned_tweet_id"],
  ["post_count", "tweet_count"],
  ["posts", "tweets"],
  ["referenced_posts", "referenced_tweets"],
  ["repost_count", "retweet_count"],
]);
