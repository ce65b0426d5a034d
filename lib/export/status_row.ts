/** A status of version 1.1 with all that its columns are made of, found over the bytes of its line. */

import { Outline } from "../twitter/bytes/outline.ts";
import { Form, Found, isNull } from "./fields.ts";
import type { Post } from "./post.ts";
import { readOutline } from "./recorded_line.ts";
import { STATUS_COLUMNS, type StatusOptions } from "./status_columns.ts";

const TEXTS = ["extended_tweet.full_text", "full_text", "text"];

/** Members of a status. */
export const STATUS_FORM = new Form({
  paths: [
    ...["created_at", "favorite_count", "lang", "place.full_name", "source", ...TEXTS],
    ...["in_reply_to_screen_name", "in_reply_to_status_id_str", "in_reply_to_status_id"],
    ...["in_reply_to_user_id_str", "in_reply_to_user_id", "coordinates.coordinates"],
    ...["possibly_sensitive", "retweet_count", "retweeted_status", "quoted_status"],
    ...["entities.hashtags", "entities.urls", "entities.media", "extended_entities.media"],
    ...["user.id_str", "user.id", "user.entities.url.urls"],
    ...STATUS_COLUMNS.filter((column) => /^user_(?!id$|urls$)/.test(column))
      .map((column) => column.replace("_", ".")),
  ],
  counts: false,
});
/** Members of a status that another one repeats or quotes. */
export const OTHER_FORM = new Form({
  paths: [
    ...["id_str", "id", "favorite_count", "entities.hashtags", ...TEXTS],
    ...["user.screen_name", "user.id_str", "user.id"],
  ],
  counts: false,
});

const [RETWEETED, QUOTED] = ["retweeted_status", "quoted_status"].map((name) =>
  STATUS_FORM.field(name)
);

/** The status that is read. One row is for many statuses. */
export class StatusRow {
  readonly #merge: boolean;
  outline = new Outline();
  id = "";
  readonly own = new Found(STATUS_FORM);
  /** The status that it repeats, or else the one that it quotes. */
  readonly other = new Found(OTHER_FORM);
  isRetweet = false;
  isQuote = false;
  /** Whether it has the text, the hashtags and the likes of the other one. */
  isMerged = false;

  /** @param options As of toStatusCells. */
  constructor({ merge }: StatusOptions) {
    this.#merge = merge;
  }

  /** Reads a status. @returns False for one that is left to a parser */
  read({ id, number, line, bytes }: Post): boolean {
    const outline = number === undefined || line.api !== "1.1" ? null : readOutline(bytes);
    if (!outline) return false;
    const { own, other } = this;
    this.id = id;
    this.outline = outline;
    own.clear();
    STATUS_FORM.read(outline, 0, own);
    const [retweeted, quoted] = [own.at(RETWEETED ?? 0), own.at(QUOTED ?? 0)];
    this.isRetweet = retweeted > 0 && outline.isObject(retweeted);
    this.isQuote = quoted > 0 && outline.isObject(quoted);
    this.isMerged = this.#merge && this.isRetweet;
    other.clear();
    if (this.isRetweet) OTHER_FORM.read(outline, retweeted, other);
    else if (this.isQuote) OTHER_FORM.read(outline, quoted, other);
    return !own.isOdd && !other.isOdd;
  }

  /** Returns the first of these values that there is and that is not null; 0 without one. */
  first(found: Found, fields: readonly number[]): number {
    for (const field of fields) {
      const value = found.at(field);
      if (value > 0 && !isNull(this.outline, value)) return value;
    }
    return 0;
  }
}
