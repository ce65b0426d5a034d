/** The counts of a file's tweets while they are made. */

import type { Name, Outline } from "../twitter/bytes/outline.ts";
import type { Common } from "./common.ts";
import { ByteTexts, Counter } from "./counter.ts";
import type { Tally } from "./tally.ts";

const UNKNOWN = "unknown";
const DAY_LENGTH = "2026-01-31".length;

const encoder = new TextEncoder();

/** Counts by what they are of, and the handles of users. */
export class TallyCounters {
  #tweets = 0;
  readonly days = new Counter();
  readonly kinds = new Counter();
  readonly languages = new Counter();
  readonly media = new Counter();
  readonly #hashtags = new Counter();
  readonly #links = new Counter();
  readonly #users = new Counter();
  readonly #handles = new ByteTexts();
  /** The number of each user's handle, as it was last, by the user's number. */
  readonly #handleOf: number[] = [];

  /** Begins with another tweet. */
  next(): void {
    this.#tweets++;
  }

  /** Counts a tweet that was parsed. */
  addCommon({ createdAt, author, kind, lang, hashtags, urls, media }: Common): void {
    this.days.addName(toDay(createdAt));
    this.kinds.addName(kind);
    this.languages.addName(lang ?? UNKNOWN);
    for (const tag of hashtags) {
      this.#hashtags.addOnce(this.#hashtags.number(toTag(tag)), this.#tweets);
    }
    for (const url of urls) this.#links.addOnce(this.#links.number(toSite(url)), this.#tweets);
    for (const { type } of media) this.media.addName(type ?? UNKNOWN);
    if (author.id === undefined) return;
    const user = this.#users.number(author.id);
    this.#users.add(user);
    if (author.handle === undefined) return;
    const json = encoder.encode(JSON.stringify(author.handle));
    this.#handleOf[user] = this.#handles.find(json, 1, json.length - 1);
  }

  /** Counts what a string says; as unknown where a value, which is 0 for none, is no string. */
  addText(counter: Counter, outline: Outline, value: number): void {
    counter.add(
      value > 0 && outline.isString(value)
        ? counter.find(outline.bytes, outline.start(value) + 1, outline.end(value) - 1)
        : counter.number(UNKNOWN),
    );
  }

  /** Counts the hashtags of a list, by a member of each. */
  addTags(outline: Outline, list: number, member: Name): void {
    eachText(outline, list, { member }, (value) => {
      const [start, end] = [outline.start(value) + 1, outline.end(value) - 1];
      this.#hashtags.addOnce(this.#hashtags.find(outline.bytes, start, end, toTag), this.#tweets);
    });
  }

  /** Counts the sites of a list. @param without A member of entities that are omitted */
  addLinks(outline: Outline, list: number, of: { member: Name; without?: Name }): void {
    eachText(outline, list, of, (value) => {
      const start = outline.start(value) + 1;
      const number = this.#links.find(outline.bytes, start, siteEnd(outline, value), toSite);
      this.#links.addOnce(number, this.#tweets);
    });
  }

  /** Counts a user. @param id A string without escapes, or a number in digits. @param handle 0 where there is none */
  addUser(outline: Outline, id: number, handle: number): void {
    const quote = outline.isString(id) ? 1 : 0;
    const { bytes } = outline;
    const user = this.#users.find(bytes, outline.start(id) + quote, outline.end(id) - quote);
    this.#users.add(user);
    if (handle <= 0 || !outline.isString(handle)) return;
    const [start, end] = [outline.start(handle) + 1, outline.end(handle) - 1];
    this.#handleOf[user] = this.#handles.find(bytes, start, end);
  }

  /** Returns all counts. */
  toTally(): Tally {
    const handles: Tally["handles"] = Object.create(null);
    for (const [id, _, user] of this.#users.counts()) {
      const handle = this.#handleOf[user];
      if (handle !== undefined) handles[id] = JSON.parse(`"${this.#handles.text(handle)}"`);
    }
    return {
      form: 1,
      tweets: this.#tweets,
      days: toCounts(this.days),
      kinds: toCounts(this.kinds),
      languages: toCounts(this.languages),
      hashtags: toCounts(this.#hashtags),
      links: toCounts(this.#links),
      media: toCounts(this.media),
      users: toCounts(this.#users),
      handles,
    };
  }
}

/** Returns the day of a time in milliseconds since 1970. */
export function toDay(ms: number | undefined): string {
  return ms === undefined ? UNKNOWN : new Date(ms).toISOString().slice(0, DAY_LENGTH);
}

function toCounts(counter: Counter): Tally["days"] {
  const counts: Tally["days"] = Object.create(null);
  for (const [name, n] of counter.counts()) counts[name] = n;
  return counts;
}

/** Passes the string that each object of a list has. */
function eachText(
  outline: Outline,
  list: number,
  { member, without }: { member: Name; without?: Name },
  act: (value: number) => void,
): void {
  if (list <= 0 || !outline.isArray(list)) return;
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    if (!outline.isObject(at) || (without && outline.find(at, without) >= 0)) continue;
    const value = outline.find(at, member);
    if (value >= 0 && outline.isString(value)) act(value);
  }
}

function toTag(text: string): string {
  return text.toLowerCase();
}

function toSite(url: string): string {
  return URL.parse(url)?.hostname.replace(/^www\./, "") ?? UNKNOWN;
}

const [QUOTE, HASH, SLASH, QUESTION_MARK, BACKSLASH] = [0x22, 0x23, 0x2f, 0x3f, 0x5c];
/** How addresses begin. */
const BEGINNINGS = ["https://", "http://", "https:\\/\\/", "http:\\/\\/"]
  .map((text) => encoder.encode(text));

/**
 * Returns where the part of an address ends that says which site it leads to: before its path where the host is of
 * letters, digits and dots, which URL parsers leave as they are; otherwise at its end.
 */
function siteEnd(outline: Outline, url: number): number {
  const { bytes } = outline;
  const [start, end] = [outline.start(url) + 1, outline.end(url) - 1];
  const beginning = BEGINNINGS.find((one) => one.every((byte, i) => bytes[start + i] === byte));
  if (!beginning) return end;
  const host = start + beginning.length;
  let at = host;
  while (isOfHost(bytes[at] ?? 0)) at++;
  // More slashes would belong to the beginning.
  if (at === host) return end;
  const next = bytes[at] ?? 0;
  const isPath = next === SLASH || (next === BACKSLASH && bytes[at + 1] === SLASH);
  return isPath || next === QUOTE || next === HASH || next === QUESTION_MARK ? at : end;
}

function isOfHost(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d ||
    byte === 0x2e;
}
