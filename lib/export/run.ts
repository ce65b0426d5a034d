/** An export: from the files of collections to a writer, with counts of omitted tweets. */

import type { DamagedFileError } from "../bucket/tweets.ts";
import type { Store } from "../store/store.ts";
import { Once } from "./once.ts";
import type { Post } from "./post.ts";
import { type ReadOptions, readPosts, type SourceFile } from "./read_posts.ts";
import { leftOutBecause, type Reason, type Selection } from "./selection.ts";
import type { PostWriter } from "./writer.ts";

/** The counts of an export, as `export.json` has them. */
export interface Counts {
  /** Tweets that were written. */
  rows: number;
  /** Of these, tweets that repeat another one. */
  retweets: number;
  /** Of these, tweets that were not requested, which others refer to. */
  referenced: number;
  /** Tweets that had been written before. */
  duplicates: number;
  /** Tweets that were omitted, by the reason. */
  left_out: Partial<Record<Reason, number>>;
  /** Files that could not be read to their end, or have invalid lines; their readable tweets are written. */
  damaged: string[];
  /** The first problem of the first one of these: `cannot be read in line 7`. */
  problem?: string;
}

/** Options of exportTo(). */
export interface Exported {
  store: Store;
  files: readonly SourceFile[];
  selection: Selection;
  /** Whether tweets that others refer to are rows of their own. */
  referenced: boolean;
  /** Whether a tweet that was recorded again is written again. */
  keepDuplicates: boolean;
  signal: AbortSignal;
  /** Called after each line. @param done How many files were read to their end, and how many tweets. */
  onProgress?: (done: { files: number; tweets: number }) => void;
  /** Ids that are held in memory; by default as many as Once holds. */
  mostInMemory?: number;
}

/**
 * Passes the selected tweets to a writer.
 * @throws the errors of the store and the writer; the signal's reason
 */
export async function exportTo(writer: PostWriter, exported: Exported): Promise<Counts> {
  try {
    return await giveTo(writer, exported);
  } finally {
    await writer.close?.();
  }
}

async function giveTo(writer: PostWriter, exported: Exported): Promise<Counts> {
  const { selection, keepDuplicates, mostInMemory } = exported;
  const counts: Counts = {
    rows: 0,
    retweets: 0,
    referenced: 0,
    duplicates: 0,
    left_out: {},
    damaged: [],
  };
  const once = keepDuplicates ? null : new Once(() => readIds(exported), mostInMemory);
  let tweets = 0;
  const isWanted = (post: Post) => {
    tweets++;
    const reason = leftOutBecause(post, selection);
    if (reason) counts.left_out[reason] = (counts.left_out[reason] ?? 0) + 1;
    else if (once && !once.isFirst(post.id)) counts.duplicates++;
    else return true;
    return false;
  };
  const onDamaged = ({ file, problem }: DamagedFileError) => {
    counts.damaged.push(file);
    counts.problem ??= problem;
  };
  for await (
    const { posts, files } of readAllPosts(exported, { onDamaged, readsAll: writer.readsAll })
  ) {
    const wanted = posts.filter(isWanted);
    for (const post of wanted) count(post, counts);
    const written = wanted.length > 0 ? writer.add(wanted) : undefined;
    if (written) await written;
    await once?.settle();
    exported.onProgress?.({ files, tweets });
  }
  await writer.end();
  return counts;
}

/** The tweets of all files, line by line. */
async function* readAllPosts(
  { store, files, referenced, signal }: Exported,
  { onDamaged, readsAll = false }:
    & Pick<ReadOptions, "onDamaged">
    & { readsAll?: boolean | undefined },
): AsyncGenerator<{ posts: Post[]; files: number }> {
  for (const [done, file] of files.entries()) {
    for await (const posts of readPosts(store, file, { referenced, readsAll, signal, onDamaged })) {
      yield { posts, files: done };
    }
  }
}

/** Yields the ids of all files; damaged ones are reported elsewhere. */
async function* readIds(exported: Exported): AsyncGenerator<string[]> {
  for await (const { posts } of readAllPosts(exported, { onDamaged: () => {} })) {
    yield posts.map(({ id }) => id);
  }
}

function count(post: Post, counts: Counts): void {
  counts.rows++;
  if (post.isRetweet) counts.retweets++;
  if (post.isReferenced) counts.referenced++;
}
