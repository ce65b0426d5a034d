/**
 * The names of tweets files: `tweets-20190309153507.jsonl.gz`, and with a number where one second has several, or
 * where one replaces another: `tweets-20190309153507-2.jsonl.gz`. The Python original's are the same.
 */

import { parseStamp, stamp } from "../base/stamp.ts";
import { CODEC, type Codec, CODECS } from "./codec.ts";

const PREFIX = "tweets-";
const SUFFIXES = CODECS.map(({ suffix }) => suffix.replaceAll(".", "\\.")).join("|");
const NAME = new RegExp(`^${PREFIX}(\\d{14})(?:-(\\d{1,6}))?\\.jsonl(${SUFFIXES})$`);
/** Any name, as a manifest may list it, without its number. */
const NUMBERED = new RegExp(`^(.*?)(?:-\\d{1,6})?(\\.jsonl(?:${SUFFIXES}))$`, "s");
const NAMED_LIKE = new RegExp(`^${PREFIX}.*(?:${SUFFIXES})$`, "s");

/**
 * Makes the name of a tweets file.
 * @param ms When it is stored, in milliseconds since 1970.
 * @param number Above 1 where several are stored in one second.
 */
export function tweetsFileName(ms: number, number = 1, { suffix }: Codec = CODEC): string {
  return `${PREFIX}${stamp(ms)}${number > 1 ? `-${number}` : ""}.jsonl${suffix}`;
}

/**
 * Returns whether a name is one that `tweetsFileName` gives: any other file in a harvest's folder is the person's
 * own.
 */
export function isTweetsFileName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Returns whether the name in a key or a path begins and ends as a tweets file's does, though the rest may have been
 * changed.
 */
export function isNamedLikeTweets(key: string): boolean {
  return NAMED_LIKE.test(fileName(key));
}

/** Returns the prefix of the keys of all tweets files in a folder, with its `/`. */
export function tweetsPrefix(folder: string): string {
  return `${folder}${PREFIX}`;
}

/** Returns when a tweets file was stored, by its key, in milliseconds since 1970; NaN for any other key. */
export function tweetsFileTime(key: string): number {
  return parseStamp(parseName(fileName(key))?.stamp ?? "");
}

/** Compares names of tweets files by the order in which they were stored: `…-2` before `…-10`. */
export function compareTweetsFileNames(one: string, other: string): number {
  const [a, b] = [parseName(one), parseName(other)];
  if (!a || !b || a.stamp !== b.stamp) return one < other ? -1 : one > other ? 1 : 0;
  return a.number - b.number;
}

/** Makes the name of a file that replaces another in a folder that has `names`: with the next free number. */
export function replacementName(name: string, names: ReadonlySet<string>): string {
  const [, stem = name, ending = `.jsonl${CODEC.suffix}`] = NUMBERED.exec(name) ?? [];
  for (let number = 2;; number++) {
    const next = `${stem}-${number}${ending}`;
    if (!names.has(next)) return next;
  }
}

/** Returns the timestamp in a tweets file's name, and its number: 1 where it has none. */
function parseName(name: string): { stamp: string; number: number } | null {
  const [, stamp, number = "1"] = NAME.exec(name) ?? [];
  return stamp === undefined ? null : { stamp, number: Number(number) };
}

function fileName(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
