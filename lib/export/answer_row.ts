/** A tweet of version 2 with all that its columns are made of, found over the bytes of its line. */

import { name, Outline } from "../twitter/bytes/outline.ts";
import { MERGED } from "./answer_columns.ts";
import { FoundTweet, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { AnswerLine } from "./answer_line.ts";
import { Found, isNull } from "./fields.ts";
import { isPlainString } from "./keyed.ts";
import { Names } from "./names.ts";
import type { Place, Post } from "./post.ts";
import { readOutline } from "./recorded_line.ts";

/** The kinds of references that have columns. */
export const REFERENCES = ["replied_to", "retweeted", "quoted"] as const;
const RETWEETED = 1;
const KINDS = new Names(REFERENCES.map((kind) => JSON.stringify(kind)));
const [ID, TYPE, AUTHOR, AUTHOR_ID] = [name("id"), name("type"), name("author"), name("author_id")];
const FIELDS = {
  text: TWEET_FORM.field("text"),
  longText: TWEET_FORM.field("note_tweet.text"),
  references: TWEET_FORM.field("referenced_tweets"),
  author: TWEET_FORM.field("author_id"),
  username: USER_FORM.field("username"),
  merged: MERGED.map((name) => TWEET_FORM.field(name)),
};

/** Objects that are used again for each line, by the numbers of values. */
class Pool<T> {
  readonly #make: () => T;
  readonly #all: T[] = [];
  readonly #used = new Map<number, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  get(value: number): T | undefined {
    return this.#used.get(value);
  }

  /** Returns an object for a value, as it was left. */
  take(value: number): T {
    const next = this.#all[this.#used.size] ?? this.#make();
    this.#all[this.#used.size] = next;
    this.#used.set(value, next);
    return next;
  }

  clear(): void {
    this.#used.clear();
  }
}

/** The tweet that is read: values are numbers of the outline, 0 where there is none. One row is for many tweets. */
export class AnswerRow {
  readonly #merge: boolean;
  readonly #users = new Pool(() => new Found(USER_FORM));
  readonly #tweets = new Pool(() => new FoundTweet());
  #bytes: Uint8Array | undefined;
  #isUsual = false;
  outline = new Outline();
  readonly line = new AnswerLine();
  id = "";
  place: Place = { collection: "", harvest: "", file: "", number: 0 };
  isRetweet = false;
  readonly own = new FoundTweet();
  /** The tweet that has the text: the one that it repeats, or the tweet itself. */
  whole = this.own;
  /** The tweet that has each of MERGED. */
  readonly merged = MERGED.map(() => this.own);
  /** Whether nothing of the text and of MERGED is the tweet's own. */
  isRepeated = false;
  author: Found | undefined;
  /** By REFERENCES: the ids of the tweets that it refers to, the ids of their authors, and the names of these. */
  readonly references = new Int32Array(REFERENCES.length);
  readonly theirIds = new Int32Array(REFERENCES.length);
  readonly theirNames = new Int32Array(REFERENCES.length);

  /** @param options.merge Whether a retweet has what the tweet has that it repeats. */
  constructor({ merge }: { merge: boolean }) {
    this.#merge = merge;
  }

  /** Reads a tweet. @returns False for one that is left to a parser */
  read({ id, number, bytes, place, isRetweet }: Post): boolean {
    const tweet = this.#enter(bytes) ? this.line.tweets[number ?? -1] : undefined;
    if (tweet === undefined) return false;
    const { own, outline } = this;
    this.id = id;
    this.place = place;
    this.isRetweet = isRetweet;
    own.clear();
    own.read(outline, tweet, this.line);
    own.readPlace(outline, this.line);
    const authorId = own.at(FIELDS.author);
    this.author = this.#findUser(authorId);
    if (own.isOdd || !this.#isKey(authorId) || this.author?.isOdd || !this.#readReferences()) {
      return false;
    }
    this.#takeMerged();
    return !this.whole.isOdd && this.findText(this.whole) !== 0;
  }

  /** Forgets the texts that were made of what rows share. */
  forget(): void {
    this.#bytes = undefined;
  }

  /** Returns the value of a tweet's whole text; 0 where it has none. */
  findText(tweet: FoundTweet): number {
    const long = tweet.at(FIELDS.longText);
    if (long > 0 && this.outline.isString(long)) return long;
    const text = tweet.at(FIELDS.text);
    return text > 0 && this.outline.isString(text) ? text : 0;
  }

  /** Reads what the tweets of a line share, once. @returns False for a line that is left to a parser */
  #enter(bytes: Uint8Array): boolean {
    const outline = readOutline(bytes);
    if (bytes === this.#bytes) return this.#isUsual;
    this.#bytes = bytes;
    this.#users.clear();
    this.#tweets.clear();
    this.#isUsual = outline !== null && this.line.read(outline);
    if (outline) this.outline = outline;
    return this.#isUsual;
  }

  /** Returns the user whose id is a value; undefined where there is none. */
  #findUser(id: number): Found | undefined {
    const user = id > 0 ? this.line.users.get(id) : 0;
    if (user === 0) return undefined;
    const known = this.#users.get(user);
    if (known) return known;
    const found = this.#users.take(user);
    found.clear();
    USER_FORM.read(this.outline, user, found);
    return found;
  }

  /** Returns whether an id is one as the API sends it, if there is one. */
  #isKey(id: number): boolean {
    return id === 0 || isPlainString(this.outline, id);
  }

  /** Reads to which tweets it refers. @returns False for what is not as the API has it */
  #readReferences(): boolean {
    const { outline, references } = this;
    for (let i = 0; i < REFERENCES.length; i++) {
      references[i] = this.theirIds[i] = this.theirNames[i] = 0;
    }
    const list = this.own.at(FIELDS.references);
    if (list === 0 || isNull(outline, list)) return true;
    if (!outline.isArray(list)) return false;
    for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
      if (!outline.isObject(at)) return false;
      const type = outline.find(at, TYPE);
      const id = outline.find(at, ID);
      if (type < 0 || id < 0 || !isPlainString(outline, id)) return false;
      const kind = KINDS.find(outline.bytes, outline.start(type), outline.end(type));
      if (kind < 0 || references[kind] !== 0) return false;
      references[kind] = id;
      if (!this.#readTheirs(kind, this.line.included.get(id))) return false;
    }
    return true;
  }

  /** Reads who wrote a tweet that it refers to. */
  #readTheirs(kind: number, tweet: number): boolean {
    if (tweet === 0) return true;
    const id = Math.max(0, this.outline.find(tweet, AUTHOR_ID));
    const user = this.#findUser(id);
    this.theirIds[kind] = id;
    this.theirNames[kind] = user?.at(FIELDS.username) ?? 0;
    return this.#isKey(id) && !user?.isOdd && this.outline.find(tweet, AUTHOR) < 0;
  }

  /** Finds which tweet has what of a tweet and the one that it repeats. */
  #takeMerged(): void {
    const reference = this.#merge ? this.references[RETWEETED] ?? 0 : 0;
    const tweet = reference > 0 ? this.line.included.get(reference) : 0;
    this.whole = tweet > 0 ? this.#included(tweet) : this.own;
    this.isRepeated = tweet > 0;
    for (let i = 0; i < MERGED.length; i++) {
      const field = FIELDS.merged[i] ?? 0;
      const isWhole = this.#has(this.whole, field);
      this.merged[i] = isWhole ? this.whole : this.own;
      if (!isWhole && this.#has(this.own, field)) this.isRepeated = false;
    }
  }

  #included(tweet: number): FoundTweet {
    const known = this.#tweets.get(tweet);
    if (known) return known;
    const found = this.#tweets.take(tweet);
    found.clear();
    found.read(this.outline, tweet, this.line);
    return found;
  }

  #has(tweet: FoundTweet, field: number): boolean {
    const value = tweet.at(field);
    return value > 0 && !isNull(this.outline, value);
  }
}
