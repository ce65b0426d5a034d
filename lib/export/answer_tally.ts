/** Counts tweets of version 2 from the bytes of their lines. */

import { name } from "../twitter/bytes/outline.ts";
import { NOTE_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { AnswerRow } from "./answer_row.ts";
import { isExactTime } from "./exact_time.ts";
import { isReposted, jsonText } from "./json_cells.ts";
import { isPlainString } from "./keyed.ts";
import type { Post } from "./post.ts";
import { timeOf } from "./selection.ts";
import { type TallyCounters, toDay } from "./tally_counters.ts";

const FIELDS = {
  author: TWEET_FORM.field("author_id"),
  created: TWEET_FORM.field("created_at"),
  lang: TWEET_FORM.field("lang"),
  hashtags: TWEET_FORM.field("entities.hashtags"),
  urls: TWEET_FORM.field("entities.urls"),
  mediaKeys: TWEET_FORM.field("attachments.media_keys"),
};
const NOTE = { hashtags: NOTE_FORM.field("hashtags"), urls: NOTE_FORM.field("urls") };
const HANDLE = USER_FORM.field("username");
const TAG = name("tag");
const LINKS = { member: name("expanded_url"), without: name("media_key") };
const TYPE = name("type");
const [REPLIED, QUOTED] = [0, 2];
const DAY_LENGTH = "2026-01-31".length;

/** Counts tweets as those of answers. */
export class AnswerTally {
  readonly #row = new AnswerRow({ merge: true });

  /** Counts a tweet. @returns False, and counts nothing, for one that is left to a parser */
  count(post: Post, to: TallyCounters): boolean {
    const row = this.#row;
    if (!row.read(post) || !this.#hasUsualMedia()) return false;
    const { own, whole, author, isRetweet, outline, references } = row;
    this.#addDay(to);
    const other = references[REPLIED] ? "reply" : references[QUOTED] ? "quote" : "post";
    to.kinds.addName(isRetweet ? "repost" : other);
    to.addText(to.languages, outline, own.at(FIELDS.lang));
    to.addTags(outline, whole.note.at(NOTE.hashtags) || whole.at(FIELDS.hashtags), TAG);
    to.addLinks(outline, whole.note.at(NOTE.urls) || whole.at(FIELDS.urls), LINKS);
    for (const key of this.#mediaKeys()) to.addText(to.media, outline, this.#typeOf(key));
    const id = own.at(FIELDS.author);
    if (id > 0) to.addUser(outline, id, author?.at(HANDLE) ?? 0);
    return true;
  }

  #addDay({ days }: TallyCounters): void {
    const { id, own, outline } = this.#row;
    const created = own.at(FIELDS.created);
    if (created === 0 || !outline.isString(created)) {
      return days.addName(toDay(timeOf(id, undefined)));
    }
    const start = outline.start(created) + 1;
    if (isExactTime(outline.bytes, start, outline.end(created) - 1)) {
      return days.add(days.find(outline.bytes, start, start + DAY_LENGTH));
    }
    days.addName(toDay(timeOf(id, JSON.parse(jsonText(outline, created)))));
  }

  /** Returns whether its media have keys and types as the API sends them. */
  #hasUsualMedia(): boolean {
    const { outline } = this.#row;
    return this.#mediaKeys().every((key) => {
      if (!isPlainString(outline, key)) return false;
      const type = this.#typeOf(key);
      return type === 0 || !isReposted(outline, type);
    });
  }

  /** Returns the type of a medium; 0 where there is none. */
  #typeOf(key: number): number {
    const media = this.#row.line.media.get(key);
    return media > 0 ? Math.max(0, this.#row.outline.find(media, TYPE)) : 0;
  }

  #mediaKeys(): number[] {
    const { outline, whole } = this.#row;
    const list = whole.at(FIELDS.mediaKeys);
    const keys: number[] = [];
    if (list === 0 || !outline.isArray(list)) return keys;
    for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) keys.push(at);
    return keys;
  }
}
