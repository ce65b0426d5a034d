/** Whom a tweet of version 2 is by and about, from the bytes of its line. */

import { name, type Outline } from "../twitter/bytes/outline.ts";
import { NOTE_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { AnswerRow } from "./answer_row.ts";
import { isNull } from "./fields.ts";
import type { Post } from "./post.ts";

const FIELDS = {
  author: TWEET_FORM.field("author_id"),
  created: TWEET_FORM.field("created_at"),
  replyTo: TWEET_FORM.field("in_reply_to_user_id"),
  mentions: TWEET_FORM.field("entities.mentions"),
};
const HANDLE = USER_FORM.field("username");
const NOTE_MENTIONS = NOTE_FORM.field("mentions");
const [ID, USERNAME] = [name("id"), name("username")];
const [REPLIED, RETWEETED, QUOTED] = [0, 1, 2];
const BACKSLASH = 0x5c;

/** A user that a tweet is about: values of the outline; a handle is 0 where there is none. */
export interface Target {
  kind: "retweet" | "reply" | "quote" | "mention";
  id: number;
  handle: number;
}

/** Reads tweets. One is for many, one after the other. */
export class AnswerLinks {
  readonly #row = new AnswerRow({ merge: false });
  /** The values of who wrote it; 0 where there is none. */
  author = 0;
  handle = 0;
  /** When it was made, as it says itself; 0 where it does not. */
  created = 0;
  targets: Target[] = [];

  get outline(): Outline {
    return this.#row.outline;
  }

  /** Reads a tweet. @returns False for one that is left to a parser, as of ids or handles with escapes */
  read(post: Post): boolean {
    const row = this.#row;
    if (!row.read(post)) return false;
    const { own, outline, references, theirIds, theirNames } = row;
    this.author = own.at(FIELDS.author);
    this.handle = this.#textOr0(row.author?.at(HANDLE) ?? 0);
    const created = own.at(FIELDS.created);
    this.created = created > 0 && outline.isString(created) ? created : 0;
    this.targets = [];
    const isRetweet = references[RETWEETED] !== 0;
    if (isRetweet) this.#add("retweet", theirIds[RETWEETED], theirNames[RETWEETED]);
    if (references[REPLIED]) {
      const said = own.at(FIELDS.replyTo);
      const isSaid = said > 0 && !isNull(outline, said);
      this.#add("reply", isSaid ? said : theirIds[REPLIED], theirNames[REPLIED]);
    }
    if (!isRetweet) {
      if (references[QUOTED]) this.#add("quote", theirIds[QUOTED], theirNames[QUOTED]);
      this.#addMentions(own.note.at(NOTE_MENTIONS) || own.at(FIELDS.mentions));
    }
    return this.#isUsual(this.author, this.handle) &&
      this.targets.every(({ id, handle }) => this.#isUsual(id, handle));
  }

  #addMentions(list: number): void {
    const { outline } = this;
    if (list === 0 || !outline.isArray(list)) return;
    for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
      if (!outline.isObject(at)) continue;
      this.#add(
        "mention",
        Math.max(0, outline.find(at, ID)),
        Math.max(0, outline.find(at, USERNAME)),
      );
    }
  }

  /** Adds a target, if it has an id. */
  #add(kind: Target["kind"], id = 0, handle = 0): void {
    if (id === 0 || isNull(this.outline, id)) return;
    this.targets.push({ kind, id, handle: this.#textOr0(handle) });
  }

  #textOr0(value: number): number {
    return value > 0 && this.outline.isString(value) ? value : 0;
  }

  /** Returns whether an id is a text of ASCII, and a handle lies there as it is said. */
  #isUsual(id: number, handle: number): boolean {
    const { outline } = this;
    if (id > 0 && (!outline.isString(id) || !this.#isPlain(id, 0x80))) return false;
    return handle === 0 || this.#isPlain(handle, 0x100);
  }

  /** Returns whether a text has no escapes, and only bytes below a limit. */
  #isPlain(value: number, limit: number): boolean {
    const { bytes } = this.outline;
    const end = this.outline.end(value);
    for (let i = this.outline.start(value); i < end; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === BACKSLASH || byte >= limit) return false;
    }
    return true;
  }
}
