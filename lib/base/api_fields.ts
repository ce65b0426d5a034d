/** Fields and expansions that version 2 of the API offers for each post, by name. */

/** Vocabularies of version 2: X's documents call tweets posts since August 2026. */
export const WORDS = ["tweet", "post"] as const;
/** A vocabulary of version 2. */
export type Words = (typeof WORDS)[number];

/** Names of a kind: requested by default, and others that are valid. */
interface Names {
  usual: readonly string[];
  others: readonly string[];
}

/**
 * Names by kind, of https://docs.x.com/x-api/fundamentals/data-dictionary. The usual ones are those twarc2 requests and
 * all others without extra cost. The rest are metrics that only a post's author may read, a user's relations to the
 * owner of the keys, and expansions that bring more posts, users or media, which may be billed.
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
      "article",
      "attachments",
      "author_id",
      "card_uri",
      "community_id",
      "context_annotations",
      "conversation_id",
      "created_at",
      "display_text_range",
      "edit_controls",
      "edit_history_tweet_ids",
      "entities",
      "geo",
      "id",
      "in_reply_to_user_id",
      "lang",
      "media_metadata",
      "note_tweet",
      "possibly_sensitive",
      "public_metrics",
      "referenced_tweets",
      "reply_settings",
      "scopes",
      "source",
      "text",
      "withheld",
    ],
    others: [
      "non_public_metrics",
      "organic_metrics",
      "promoted_metrics",
    ],
  },
  user: {
    usual: [
      "affiliation",
      "created_at",
      "description",
      "entities",
      "id",
      "is_identity_verified",
      "location",
      "name",
      "parody",
      "pinned_tweet_id",
      "profile_banner_url",
      "profile_image_url",
      "protected",
      "public_metrics",
      "subscription_type",
      "url",
      "username",
      "verified",
      "verified_followers_count",
      "verified_type",
      "withheld",
    ],
    others: [
      "connection_status",
      "most_recent_tweet_id",
      "receives_your_dm",
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

/** Requested names by kind: a kind that is not named stays as usual; an empty list requests none. */
export type FieldChoice = { [kind in FieldKind]?: readonly string[] | undefined };
