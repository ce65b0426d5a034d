/** Reads the tweets to export from files, in the order that they were recorded in. */

import { harvestTime } from "../collection/layout.ts";
import { stamp } from "../base/stamp.ts";
import type { Store } from "../store/store.ts";
import { DamagedFileError, readLines } from "../bucket/tweets.ts";
import { type JsonObject, parseWhole } from "../base/json.ts";
import { type Post, readReferences, toObject } from "./post.ts";
import { isRepeating, readRecordedPosts } from "./recorded_line.ts";

const decoder = new TextDecoder();

/** A file of tweets of a collection. */
export interface SourceFile {
  collection: string;
  /** In the bucket. */
  key: string;
}

/** Options of readPosts(). */
export interface ReadOptions {
  /** Whether the tweets that a tweet refers to are included, before it. */
  referenced: boolean;
  /** Whether what each tweet says is needed; it is read when it is asked for otherwise. */
  readsAll: boolean;
  signal: AbortSignal;
  /** Called for a file that cannot be read to its end, or has invalid lines, after the readable tweets. */
  onDamaged: (error: DamagedFileError) => void;
}

/**
 * Reads the tweets of a file, line by line.
 * @throws the errors of the store; the signal's reason
 */
export async function* readPosts(
  store: Store,
  { collection, key }: SourceFile,
  { referenced, readsAll, signal, onDamaged }: ReadOptions,
): AsyncGenerator<Post[]> {
  const harvest = stamp(harvestTime(key));
  const file = key.slice(key.indexOf("/harvests/") + 1);
  let damaged: DamagedFileError | undefined;
  try {
    const read = (line: Uint8Array, number: number) =>
      readRecordedPosts(line, { collection, harvest, file, number }, readsAll);
    for await (const posts of readLines(store, key, read, (error) => void (damaged ??= error))) {
      signal.throwIfAborted();
      yield referenced ? posts.flatMap(withReferenced) : posts;
    }
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    damaged ??= error;
  }
  if (damaged) onDamaged(damaged);
}

/** Returns a tweet after those that it refers to. */
function withReferenced(post: Post): Post[] {
  const found = post.line.api === "2"
    ? readReferences(post).map(({ json }) => json)
    : readInside(post);
  const others = found.flatMap((json) => {
    const id = json?.id_str ?? json?.id;
    if (!json || typeof id !== "string") return [];
    const { line, bytes, place } = post;
    const isRetweet = isRepeating({ json, line });
    return [{ id, json, line, bytes, place, isRetweet, isReferenced: true, number: undefined }];
  });
  return [...others, post];
}

/** Returns the statuses inside of one of version 1.1, rewritten so that their numbers keep their digits. */
function readInside({ json, bytes }: Post): (JsonObject | undefined)[] {
  if (!toObject(json.retweeted_status) && !toObject(json.quoted_status)) return [];
  const whole = toObject(parseWhole(decoder.decode(bytes)));
  return [toObject(whole?.retweeted_status), toObject(whole?.quoted_status)];
}
