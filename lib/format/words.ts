/** The names that version 2 has for the same: X's documents say "post" where they said "tweet" (OpenAPI 2.167). */

/** The members of `includes` that have tweets. */
export const INCLUDED_TWEETS: readonly string[] = ["tweets", "posts"];
/** The members of a tweet that say which others it refers to. */
export const REFERENCES: readonly string[] = ["referenced_tweets", "referenced_posts"];
/** The types of such a reference, for one that repeats the other. */
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
