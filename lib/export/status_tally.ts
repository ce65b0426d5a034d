/** Counts statuses of version 1.1 from the bytes of their lines. */

import { name, Outline } from "../twitter/bytes/outline.ts";
import { isStatusTime } from "./exact_time.ts";
import { Form, Found, isNull } from "./fields.ts";
import { jsonText } from "./json_cells.ts";
import type { Post } from "./post.ts";
import { readOutline } from "./recorded_line.ts";
import { timeOf } from "./selection.ts";
import { type TallyCounters, toDay } from "./tally_counters.ts";
import { isShortNumber } from "./value_cells.ts";

const FORM = new Form({
  paths: [
    ...["created_at", "lang", "in_reply_to_status_id_str", "in_reply_to_status_id"],
    ...["quoted_status_id_str", "quoted_status", "retweeted_status"],
    ...["user.id_str", "user.id", "user.screen_name"],
  ],
  counts: false,
});
const FIELDS = {
  created: FORM.field("created_at"),
  lang: FORM.field("lang"),
  replyTo: [FORM.field("in_reply_to_status_id_str"), FORM.field("in_reply_to_status_id")],
  quotedId: FORM.field("quoted_status_id_str"),
  quoted: FORM.field("quoted_status"),
  retweeted: FORM.field("retweeted_status"),
  user: [FORM.field("user.id_str"), FORM.field("user.id")],
  handle: FORM.field("user.screen_name"),
};
/** What a status shows: that of a long text comes before its own. */
const SHOWN = ["", "extended_tweet."];
const SHOWN_FORM = new Form({
  paths: SHOWN.flatMap((prefix) =>
    ["entities.hashtags", "entities.urls", "entities.media", "extended_entities.media"]
      .map((path) => `${prefix}${path}`)
  ),
  counts: false,
});
const EXTENDED = SHOWN_FORM.field("extended_tweet");
const [OWN_SHOWN, LONG_SHOWN] = SHOWN.map((prefix) => ({
  hashtags: SHOWN_FORM.field(`${prefix}entities.hashtags`),
  urls: SHOWN_FORM.field(`${prefix}entities.urls`),
  media: SHOWN_FORM.field(`${prefix}entities.media`),
  extended: SHOWN_FORM.field(`${prefix}extended_entities`),
  extendedMedia: SHOWN_FORM.field(`${prefix}extended_entities.media`),
}));
const TEXT = name("text");
const LINKS = { member: name("expanded_url") };
const TYPE = name("type");
/** The day of a time, and its year: `Mon Mar 28 14:36:31 +0000 2016`. */
const [DAY_END, YEAR] = ["Mon Mar 28 ".length, "Mon Mar 28 14:36:31 +0000 ".length];

/** Counts tweets as those of version 1.1. */
export class StatusTally {
  readonly #own = new Found(FORM);
  readonly #shown = new Found(SHOWN_FORM);
  #outline = new Outline();
  /** `Mon Mar 28 2016`. */
  readonly #day = new Uint8Array(DAY_END + 4);

  /** Counts a status. @returns False, and counts nothing, for one that is left to a parser */
  count({ id, number, line, bytes, isRetweet }: Post, to: TallyCounters): boolean {
    const outline = number === undefined || line.api !== "1.1" ? null : readOutline(bytes);
    if (!outline || !this.#read(outline)) return false;
    const own = this.#own;
    const [user, replyTo] = [this.#first(FIELDS.user), this.#first(FIELDS.replyTo)];
    if (!this.#isId(user) || !this.#isId(replyTo)) return false;
    this.#addDay(id, to);
    const [quoted, quotedId] = [own.at(FIELDS.quoted), own.at(FIELDS.quotedId)];
    const isQuote = (quoted > 0 && outline.isObject(quoted)) ||
      (quotedId > 0 && outline.isString(quotedId));
    to.kinds.addName(isRetweet ? "repost" : replyTo > 0 ? "reply" : isQuote ? "quote" : "post");
    to.addText(to.languages, outline, own.at(FIELDS.lang));
    this.#addShown(to);
    if (user > 0) to.addUser(outline, user, own.at(FIELDS.handle));
    return true;
  }

  #read(outline: Outline): boolean {
    this.#outline = outline;
    this.#own.clear();
    this.#shown.clear();
    FORM.read(outline, 0, this.#own);
    const retweeted = this.#own.at(FIELDS.retweeted);
    const whole = retweeted > 0 && outline.isObject(retweeted) ? retweeted : 0;
    SHOWN_FORM.read(outline, whole, this.#shown);
    return !this.#own.isOdd && !this.#shown.isOdd;
  }

  #addShown(to: TallyCounters): void {
    const [outline, shown] = [this.#outline, this.#shown];
    const fields = shown.at(EXTENDED) > 0 ? LONG_SHOWN : OWN_SHOWN;
    if (!fields) return;
    to.addTags(outline, shown.at(fields.hashtags), TEXT);
    to.addLinks(outline, shown.at(fields.urls), LINKS);
    const media = shown.at(shown.at(fields.extended) > 0 ? fields.extendedMedia : fields.media);
    if (media === 0 || !outline.isArray(media)) return;
    for (let at = outline.first(media); at >= 0; at = outline.next(at, media)) {
      if (!outline.isObject(at)) continue;
      to.addText(to.media, outline, Math.max(0, outline.find(at, TYPE)));
    }
  }

  #addDay(id: string, { days }: TallyCounters): void {
    const [outline, value] = [this.#outline, this.#own.at(FIELDS.created)];
    if (value === 0 || !outline.isString(value)) return days.addName(toDay(timeOf(id, undefined)));
    const { bytes } = outline;
    const start = outline.start(value) + 1;
    if (!isStatusTime(bytes, start, outline.end(value) - 1)) {
      return days.addName(toDay(timeOf(id, JSON.parse(jsonText(outline, value)))));
    }
    for (let i = 0; i < this.#day.length; i++) {
      this.#day[i] = bytes[start + (i < DAY_END ? i : YEAR - DAY_END + i)] ?? 0;
    }
    days.add(days.find(this.#day, 0, this.#day.length, toStatusDay));
  }

  /** Returns the first of these values that there is and that is not null; 0 without one. */
  #first(fields: readonly number[]): number {
    return fields.map((field) => this.#own.at(field))
      .find((value) => value > 0 && !isNull(this.#outline, value)) ?? 0;
  }

  /** Returns whether an id, if there is one, is a text or a number whose digits none would lose. */
  #isId(value: number): boolean {
    const outline = this.#outline;
    return value === 0 || outline.isString(value) || isShortNumber(outline, value);
  }
}

/** Returns the day of `Mon Mar 28 2016` as `2016-03-28`. */
function toStatusDay(text: string): string {
  return toDay(Date.parse(`${text.slice(0, DAY_END)}00:00:00 +0000 ${text.slice(DAY_END)}`));
}
