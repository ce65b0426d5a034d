/** What version 2 of the API can be asked for with every post: its fields and expansions, by name. */

/** The words in which version 2 can be asked: X's documents call tweets posts since August 2026. */
export const WORDS = ["tweet", "post"] as const;
/** Words in which version 2 is asked. */
export type Words = (typeof WORDS)[number];

/** The names of a kind: asked for unless something else is said, and known besides. */
interface Names {
  usual: readonly string[];
  others: readonly string[];
}

/**
 * Names by kind, of https://docs.x.com/x-api/fundamentals/data-dictionary; what is usual is what twarc2 asks
 * for. The metrics that only a post's author may read are among the others.
 */
export const FIELDS = {
  expansions: {
    usual: [
      "author_id",
      "in_reply_to_user_id",
      "referenced_tweets.id",
      "referenced_tweets.id.author_id",
      "entities.mentions.username",
      "attachments.poll_ids",
      "attachments.media_keys",
      "geo.place_id",
      "edit_history_tweet_ids",
    ],
    others: [
      "article.cover_media",
      "article.media_entities",
      "attachments.media_source_tweet",
      "entities.note.mentions.username",
      "referenced_tweets.id.attachments.media_keys",
    ],
  },
  tweet: {
    usual: [
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
    ],
    others: [
      "article",
      "card_uri",
      "community_id",
      "display_text_range",
      "media_metadata",
      "non_public_metrics",
      "organic_metrics",
      "promoted_metrics",
      "scopes",
    ],
  },
  user: {
    usual: [
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
    ],
    others: [
      "affiliation",
      "connection_status",
      "is_identity_verified",
      "most_recent_tweet_id",
      "parody",
      "profile_banner_url",
      "receives_your_dm",
      "subscription_type",
      "verified_followers_count",
    ],
  },
  media: {
    usual: [
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
    ],
    others: ["non_public_metrics", "organic_metrics", "promoted_metrics"],
  },
  poll: {
    usual: ["duration_minutes", "end_datetime", "id", "options", "voting_status"],
    others: [],
  },
  place: {
    usual: [
      "contained_within",
      "country",
      "country_code",
      "full_name",
      "geo",
      "id",
      "name",
      "place_type",
    ],
    others: [],
  },
} as const satisfies Record<string, Names>;

/** A kind of name. */
export type FieldKind = keyof typeof FIELDS;

/** What is asked for, by kind: a kind that is not named stays as usual, an empty list asks for none. */
export type FieldChoice = { [kind in FieldKind]?: readonly string[] | undefined };
