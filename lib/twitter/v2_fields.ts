/** What is asked for with every tweet and user of version 2: all that there is, as twarc2 does. */

const EXPANSIONS = [
  "author_id",
  "in_reply_to_user_id",
  "referenced_tweets.id",
  "referenced_tweets.id.author_id",
  "entities.mentions.username",
  "attachments.poll_ids",
  "attachments.media_keys",
  "geo.place_id",
  "edit_history_tweet_ids",
];

const TWEET_FIELDS = [
  "attachments",
  "author_id",
  "context_annotations",
  "conversation_id",
  "created_at",
  "edit_controls",
  "edit_history_tweet_ids",
  "entities",
  "geo",
  "id",
  "in_reply_to_user_id",
  "lang",
  "note_tweet",
  "possibly_sensitive",
  "public_metrics",
  "referenced_tweets",
  "reply_settings",
  "source",
  "text",
  "withheld",
];

const USER_FIELDS = [
  "created_at",
  "description",
  "entities",
  "id",
  "location",
  "name",
  "pinned_tweet_id",
  "profile_image_url",
  "protected",
  "public_metrics",
  "url",
  "username",
  "verified",
  "verified_type",
  "withheld",
];

const MEDIA_FIELDS = [
  "alt_text",
  "duration_ms",
  "height",
  "media_key",
  "preview_image_url",
  "public_metrics",
  "type",
  "url",
  "variants",
  "width",
];

const POLL_FIELDS = ["duration_minutes", "end_datetime", "id", "options", "voting_status"];

const PLACE_FIELDS = [
  "contained_within",
  "country",
  "country_code",
  "full_name",
  "geo",
  "id",
  "name",
  "place_type",
];

/** The parameters that ask for everything about users. */
export const USER_PARAMETERS = { "user.fields": USER_FIELDS.join(",") };

/** The parameters that ask for everything about tweets. */
export const TWEET_PARAMETERS = {
  expansions: EXPANSIONS.join(","),
  "tweet.fields": TWEET_FIELDS.join(","),
  "media.fields": MEDIA_FIELDS.join(","),
  "poll.fields": POLL_FIELDS.join(","),
  "place.fields": PLACE_FIELDS.join(","),
  ...USER_PARAMETERS,
};
