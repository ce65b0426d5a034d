/**
 * Tweets of version 2 as `flatten` makes them, from the bytes of their line: nothing is parsed, and what several tweets
 * refer to is written once, and copied then.
 */

import { OLD_MEMBERS } from "../format/words.ts";
import { name, type Outline } from "../twitter/bytes/outline.ts";
import { askFor, leaveOut, TidyText } from "../twitter/bytes/tidy_text.ts";
import { AnswerLine, areObjects } from "./answer_line.ts";
import { isPlainString, Keyed } from "./keyed.ts";

/** Members that flattening adds, besides those that make it do so. */
const ADDED = ["author", "in_reply_to_user", "media", "poll", "pinned_tweet_id", "pinned_tweet"];
const OF_LINE = ["__twarc", "matching_rules"];
const AUTHOR = askFor([
  "author_id",
  "in_reply_to_user_id",
  "media_keys",
  "poll_ids",
  "geo",
  "mentions",
  "referenced_tweets",
  ...ADDED,
  ...OF_LINE,
]);
leaveOut([...OLD_MEMBERS.keys(), "__proto__"]);
const [REPLY, MEDIA, POLL, GEO, MENTIONS, REFERENCES] = [
  AUTHOR + 1,
  AUTHOR + 2,
  AUTHOR + 3,
  AUTHOR + 4,
  AUTHOR + 5,
  AUTHOR + 6,
] as const;
/** Levels of a line that are recorded: the deepest that anything is added to is a mention's member. */
const LEVELS = 8;

const NAMES = {
  id: name("id"),
  username: name("username"),
  place_id: name("place_id"),
  includes: name("includes"),
  users: name("users"),
  retrieved: name("__twarc"),
};
const encoder = new TextEncoder();
const TEXTS = {
  author: encoder.encode(',"author":'),
  reply: encoder.encode(',"in_reply_to_user":'),
  media: encoder.encode(',"media":'),
  poll: encoder.encode(',"poll":'),
  retrieved: encoder.encode(',"__twarc":'),
  rules: encoder.encode(',"matching_rules":'),
  nothing: encoder.encode("{}"),
};
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const [COMMA, LINE_FEED] = [0x2c, 0x0a];
/** Stands for a tweet that is left to a parser. */
const ODD = -1;

const text = new TidyText();

/** Makes lines of the tweets of a line. One is for many lines. */
export class FlatBytes {
  readonly #outline: Outline = text.outline;
  readonly #line = new AnswerLine();
  /** Users by their names. */
  readonly #names = new Keyed();
  #retrieved = 0;
  /** Where included tweets were added, from and to where, by twice their numbers, and one more if by half. */
  readonly #added = new Map<number, [start: number, end: number]>();
  #mark = 0;
  /** The tweet that is added. */
  #tweet = 0;
  /** It as well, if it is an included one; 0 where it is one of the line's own. */
  #included = 0;
  /** The part of it that is omitted. */
  #cutStart = 0;
  #cutEnd = 0;
  /** Members of a user that a mention has as well. */
  readonly #taken: number[] = [];

  /** Reads a line of the API's. @returns False for one that is left to a parser */
  read(line: Uint8Array): boolean {
    this.#added.clear();
    const outline = this.#outline;
    if (!text.read(line, LEVELS) || !this.#line.read(outline)) return false;
    const includes = Math.max(0, outline.find(0, NAMES.includes));
    const users = includes > 0 ? outline.find(includes, NAMES.users) : 0;
    const retrieved = outline.find(0, NAMES.retrieved);
    this.#retrieved = retrieved > 0 && outline.isObject(retrieved) ? retrieved : 0;
    return this.#names.read(outline, users, NAMES.username) && this.#line.users.hasAll &&
      this.#line.included.hasAll;
  }

  /** Adds a tweet as a line. @returns False for one that is left to a parser, and all of its line with it */
  add(number: number): boolean {
    const tweet = this.#line.tweets[number] ?? 0;
    const outline = this.#outline;
    if (tweet === 0 || !outline.isObject(tweet)) return false;
    this.#mark = text.firstMark(tweet);
    this.#tweet = tweet;
    this.#included = this.#cutStart = this.#cutEnd = 0;
    if (this.#addObject(tweet, outline.start(tweet)) === ODD) return false;
    if (this.#retrieved > 0) this.#addMember(TEXTS.retrieved, this.#retrieved);
    if (this.#line.rules > 0) this.#addMember(TEXTS.rules, this.#line.rules);
    text.addByte(CLOSE_BRACE);
    text.addByte(LINE_FEED);
    return !text.isFull;
  }

  /** Returns the lines; they hold until another one is read. */
  get lines(): Uint8Array {
    return text.rows;
  }

  /**
   * Adds an object from a position on, without its bracket at the end.
   * @param isHalf Whether its own members stay as they are.
   * @returns Where that bracket is; ODD for what is left to a parser
   */
  #addObject(object: number, from: number, isHalf = false): number {
    const outline = this.#outline;
    const after = outline.after(object);
    let at = from;
    let [author, reply, media, poll] = [0, 0, 0, 0];
    while (this.#mark < text.marks && text.value(this.#mark) < after) {
      const value = text.value(this.#mark);
      const parent = text.parent(this.#mark);
      const kind = text.kind(this.#mark);
      if (parent !== object) {
        at = this.#addObject(parent, at);
        if (at === ODD) return ODD;
        continue;
      }
      this.#mark++;
      if (isHalf) continue;
      if (kind === AUTHOR) author = value;
      else if (kind === REPLY) reply = value;
      else if (kind === MEDIA) media = value;
      else if (kind === POLL) poll = value;
      else if (kind > REFERENCES) return ODD;
      else {
        this.#addRun(at, outline.start(value));
        at = this.#replace(value, kind, object);
        if (at === ODD) return ODD;
      }
    }
    const end = outline.end(object) - 1;
    this.#addRun(at, end);
    const isAdded = (author === 0 || this.#addUser(TEXTS.author, author)) &&
      (reply === 0 || this.#addUser(TEXTS.reply, reply)) &&
      (media === 0 || this.#addMedia(media)) && (poll === 0 || this.#addPoll(poll));
    return isAdded ? end : ODD;
  }

  /** Adds a value with what it refers to. @returns Where the text goes on behind it; ODD where it is left to a parser */
  #replace(value: number, kind: number, object: number): number {
    const after = this.#outline.after(value);
    // What is marked in it would be replaced as well.
    if (this.#mark < text.marks && text.value(this.#mark) < after) return ODD;
    if (kind === GEO) return this.#addGeo(value);
    if (kind === REFERENCES && object !== this.#tweet) return ODD;
    return this.#addAll(value, kind) ? this.#outline.end(value) : ODD;
  }

  /** Adds a list of mentions, or of references. */
  #addAll(list: number, kind: number): boolean {
    const outline = this.#outline;
    if (!outline.isArray(list) || !areObjects(outline, list)) return false;
    text.addByte(OPEN_BRACKET);
    const first = outline.first(list);
    for (let at = first; at >= 0; at = outline.next(at, list)) {
      if (at !== first) text.addByte(COMMA);
      if (!(kind === MENTIONS ? this.#addMention(at) : this.#addReference(at))) return false;
    }
    text.addByte(CLOSE_BRACKET);
    return true;
  }

  /** Adds a mention, of which the user's members are taken where both have them. */
  #addMention(mention: number): boolean {
    const outline = this.#outline;
    const username = outline.find(mention, NAMES.username);
    if (username < 0 || !isPlainString(outline, username)) return false;
    const user = this.#names.get(username);
    if (user === 0) return this.#addValue(mention);
    const taken = this.#taken;
    taken.length = 0;
    text.addByte(OPEN_BRACE);
    const first = outline.first(mention);
    for (let at = first; at >= 0; at = outline.next(at, mention)) {
      if (at !== first) text.addByte(COMMA);
      const same = outline.findLike(user, at);
      text.add(outline.nameStart(at) - 1, outline.start(at));
      this.#addValue(same < 0 ? at : same);
      if (same >= 0) taken.push(same);
    }
    for (let at = outline.first(user); at >= 0; at = outline.next(at, user)) {
      if (taken.includes(at)) continue;
      text.addByte(COMMA);
      text.add(outline.nameStart(at) - 1, outline.end(at));
    }
    text.addByte(CLOSE_BRACE);
    return true;
  }

  /** Adds a reference with the members of the tweet that it refers to. */
  #addReference(reference: number): boolean {
    const outline = this.#outline;
    const id = outline.find(reference, NAMES.id);
    if (id < 0 || !isPlainString(outline, id)) return false;
    const tweet = this.#line.included.get(id);
    if (tweet === 0) return this.#addValue(reference);
    // One that refers to itself is in itself before it is complete.
    if (tweet === this.#included) return false;
    for (let at = outline.first(reference); at >= 0; at = outline.next(at, reference)) {
      if (at !== id && outline.findLike(tweet, at) >= 0) return false;
    }
    text.add(outline.start(reference), outline.end(reference) - 1);
    if (!this.#addIncluded(tweet)) return false;
    text.addByte(CLOSE_BRACE);
    return true;
  }

  /**
   * Adds the members of an included tweet but for its id, each after a comma. One that comes later among these than the
   * tweet which refers to it has not been flattened itself by then.
   */
  #addIncluded(tweet: number): boolean {
    const isHalf = this.#included > 0 && this.#included < tweet;
    const key = 2 * tweet + Number(isHalf);
    const known = this.#added.get(key);
    if (known) {
      text.addAgain(known[0], known[1]);
      return true;
    }
    const outline = this.#outline;
    const before = [this.#mark, this.#tweet, this.#included, this.#cutStart, this.#cutEnd] as const;
    const start = text.end;
    const id = outline.find(tweet, NAMES.id);
    const isFirst = id === outline.first(tweet);
    const isOnly = isFirst && outline.next(id, tweet) < 0;
    this.#mark = text.firstMark(tweet);
    this.#tweet = this.#included = tweet;
    this.#cutStart = outline.nameStart(id) - (isFirst ? 1 : 2);
    this.#cutEnd = outline.end(id) + (isFirst && !isOnly ? 1 : 0);
    if (!isOnly) text.addByte(COMMA);
    const end = this.#addObject(tweet, outline.start(tweet) + 1, isHalf);
    [this.#mark, this.#tweet, this.#included, this.#cutStart, this.#cutEnd] = before;
    if (end === ODD) return false;
    this.#added.set(key, [start, text.end]);
    return true;
  }

  /** Adds where a tweet was made, with the members of the place. @returns As #replace */
  #addGeo(geo: number): number {
    const outline = this.#outline;
    const id = outline.isObject(geo) ? outline.find(geo, NAMES.place_id) : ODD;
    const [start, end] = [outline.start(geo), outline.end(geo)];
    if (id < 0) {
      text.add(start, end);
      return end;
    }
    if (!isPlainString(outline, id)) return ODD;
    const place = this.#line.places.get(id);
    text.add(start, end - 1);
    if (place > 0) {
      for (let at = outline.first(geo); at >= 0; at = outline.next(at, geo)) {
        if (outline.findLike(place, at) >= 0) return ODD;
      }
      text.addByte(COMMA);
      text.add(outline.start(place) + 1, outline.end(place) - 1);
    }
    return end - 1;
  }

  /** Adds the user whose id is a value. */
  #addUser(before: Uint8Array, id: number): boolean {
    if (!isPlainString(this.#outline, id)) return false;
    text.addBytes(before);
    return this.#addFound(this.#line.users.get(id));
  }

  #addMedia(keys: number): boolean {
    const outline = this.#outline;
    if (!outline.isArray(keys)) return true;
    text.addBytes(TEXTS.media);
    text.addByte(OPEN_BRACKET);
    const first = outline.first(keys);
    for (let at = first; at >= 0; at = outline.next(at, keys)) {
      if (!isPlainString(outline, at)) return false;
      if (at !== first) text.addByte(COMMA);
      this.#addFound(this.#line.media.get(at));
    }
    text.addByte(CLOSE_BRACKET);
    return true;
  }

  /** Adds the last one of some polls. */
  #addPoll(ids: number): boolean {
    const outline = this.#outline;
    if (!outline.isArray(ids)) return true;
    let last = 0;
    for (let at = outline.first(ids); at >= 0; at = outline.next(at, ids)) last = at;
    if (last === 0) return true;
    if (!isPlainString(outline, last)) return false;
    text.addBytes(TEXTS.poll);
    return this.#addFound(this.#line.polls.get(last));
  }

  #addMember(before: Uint8Array, value: number): void {
    text.addBytes(before);
    this.#addValue(value);
  }

  /** Adds an object; an empty one for what did not come along. */
  #addFound(object: number): boolean {
    if (object > 0) return this.#addValue(object);
    text.addBytes(TEXTS.nothing);
    return true;
  }

  #addValue(value: number): boolean {
    text.add(this.#outline.start(value), this.#outline.end(value));
    return true;
  }

  /** Adds a part of the text but for what is omitted of it. */
  #addRun(start: number, end: number): void {
    if (this.#cutStart >= start && this.#cutEnd <= end && this.#cutEnd > 0) {
      text.add(start, this.#cutStart);
      text.add(this.#cutEnd, end);
    } else text.add(start, end);
  }
}
