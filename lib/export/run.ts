/** An export: from the files of collections to a writer, with what is left out counted. */

import type { Store } from "../store/store.ts";
import { readPosts, type SourceFile } from "./read_posts.ts";
import { SeenIds } from "./seen_ids.ts";
import { isRetweet, leftOutBecause, type Reason, type Selection } from "./selection.ts";
import type { Post } from "./post.ts";
import type { PostWriter } from "./writer.ts";

/** What an export did, as `export.json` has it. */
export interface Counts {
  /** Tweets that were written. */
  rows: number;
  /** Of these, tweets that repeat another one. */
  retweets: number;
  /** Of these, tweets that nobody asked for, which others refer to. */
  referenced: number;
  /** Tweets that had been written before. */
  duplicates: number;
  /** Tweets that were not wanted, by the reason. */
  left_out: Partial<Record<Reason, number>>;
  /** Files that could not be read to their end; what was read of them is written. */
  damaged: string[];
}

/** What is exported. */
export interface Exported {
  store: Store;
  files: readonly SourceFile[];
  selection: Selection;
  /** Whether tweets that others refer to are rows of their own. */
  referenced: boolean;
  /** Whether a tweet that was recorded again comes again. */
  keepDuplicates: boolean;
  signal: AbortSignal;
  /** Called after each line. */
  onProgress?: (done: { files: number; tweets: number }) => void;
}

/**
 * Gives the tweets that are wanted to a writer.
 * @throws what the store and the writer throw; the signal's reason
 */
export async function exportTo(writer: PostWriter, exported: Exported): Promise<Counts> {
  const { store, files, selection, referenced, keepDuplicates, signal } = exported;
  const counts: Counts = {
    rows: 0,
    retweets: 0,
    referenced: 0,
    duplicates: 0,
    left_out: {},
    damaged: [],
  };
  const seen = keepDuplicates ? null : new SeenIds();
  let tweets = 0;
  const isWanted = (post: Post) => {
    tweets++;
    const reason = leftOutBecause(post, selection);
    if (reason) counts.left_out[reason] = (counts.left_out[reason] ?? 0) + 1;
    else if (seen && !seen.add(post.id)) counts.duplicates++;
    else return true;
    return false;
  };
  for (const [done, file] of files.entries()) {
    const onDamaged = ({ file }: { file: string }) => void counts.damaged.push(file);
    for await (const posts of readPosts(store, file, { referenced, signal, onDamaged })) {
      const wanted = posts.filter(isWanted);
      for (const post of wanted) count(post, counts);
      const written = wanted.length > 0 ? writer.add(wanted) : undefined;
      if (written) await written;
      exported.onProgress?.({ files: done, tweets });
    }
  }
  await writer.end();
  return counts;
}

function count(post: Post, counts: Counts): void {
  counts.rows++;
  if (isRetweet(post)) counts.retweets++;
  if (post.isReferenced) counts.referenced++;
}
