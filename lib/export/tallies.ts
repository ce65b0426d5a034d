/** The counts of a collection: each file is counted once, and its counts are cached on the person's disk. */

import { join } from "node:path";
import { readTextFile, removeFile, renameFile } from "../base/in_use.ts";
import { jsonOrNull } from "../base/json.ts";
import { listedFiles } from "../bucket/listing.ts";
import type { Store } from "../store/store.ts";
import { FileTally } from "./file_tally.ts";
import { readPosts } from "./read_posts.ts";
import { addTally, COUNTED, type Counted, emptyTally, type Tally, tallySchema } from "./tally.ts";

/** Options of countTweets(). */
export interface TallyOptions {
  /** The folder of the cache; no cache without it. */
  cache: string | undefined;
  signal: AbortSignal;
  /** The counts that are wanted besides the number of tweets; all by default. */
  tables?: readonly Counted[];
  /** Called after each file. */
  onFile?: (done: { files: number; tweets: number }) => void;
}

/** The counts of a collection. */
export interface Tallied {
  tally: Tally;
  files: number;
  /** Files that cannot be read to their end; their readable tweets are counted. */
  damaged: string[];
}

/**
 * Counts the tweets of a collection, as they were recorded: one that was recorded again counts again.
 * @throws the errors of the store; the signal's reason
 */
export async function countTweets(
  store: Store,
  id: string,
  options: TallyOptions,
): Promise<Tallied> {
  const { cache, signal, tables = COUNTED, onFile } = options;
  const tally = emptyTally();
  const damaged: string[] = [];
  let files = 0;
  for await (const { key, sha1 } of listedFiles(store, id)) {
    const path = cache && join(cache, `${sha1}.json`);
    const known = path ? await readKept(path) : null;
    const before = damaged.length;
    const found = known ?? await count(store, { collection: id, key }, { signal, damaged });
    if (path && !known && damaged.length === before) await keep(path, found);
    addTally(tally, found, tables);
    onFile?.({ files: ++files, tweets: tally.tweets });
  }
  return { tally, files, damaged };
}

async function count(
  store: Store,
  file: { collection: string; key: string },
  { signal, damaged }: { signal: AbortSignal; damaged: string[] },
): Promise<Tally> {
  const tally = new FileTally();
  const onDamaged = ({ file }: { file: string }) => void damaged.push(file);
  for await (
    const posts of readPosts(store, file, { referenced: false, readsAll: false, signal, onDamaged })
  ) {
    for (const post of posts) tally.count(post);
  }
  return tally.toTally();
}

/** Returns cached counts; null where there are none, or the file is not one of ours. */
async function readKept(path: string): Promise<Tally | null> {
  const text = await readTextFile(path).catch(() => "");
  const { success, data } = tallySchema.safeParse(jsonOrNull(text));
  return success ? data : null;
}

/** Caches counts, readable by the person only; a failure costs counting again. */
async function keep(path: string, tally: Tally): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await Deno.mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(temporary, JSON.stringify(tally), { mode: 0o600, createNew: true });
    await renameFile(temporary, path);
  } catch {
    await removeFile(temporary).catch(() => {});
  }
}
