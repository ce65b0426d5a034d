/**
 * What a harvester had cut when another one went on from before it: the next harvest on its machine puts the tweets
 * among its own files that the bucket does not have.
 */

import { getLogger } from "@logtape/logtape";
import { splitLines } from "../../format/lines.ts";
import { collectionKeys, FILES } from "../../collection/layout.ts";
import { LockedError, messageOf } from "../../base/errors.ts";
import { idsIn, idTime, isOlder } from "../../twitter/bytes/ids.ts";
import { withTweets } from "../../twitter/bytes/redact.ts";
import type { SideCut } from "../cut_files.ts";
import { Committer, type CommitterOptions } from "../committer.ts";
import { unfinishedGaps } from "../../source/gaps.ts";
import type { SegmentFile } from "../segment.ts";
import type { Spool } from "../spool.ts";
import { StoredTweets } from "./stored_tweets.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A file of tweets on this machine's disk, as it was written. */
export interface LateFile {
  sha1: string;
  tweets: number;
  /** Its lines, unpacked. */
  read: () => ReadableStream<Uint8Array>;
}

/** What a harvester left that another one had gone on before. */
export interface Late {
  /** When its harvest began, in milliseconds since 1970. */
  began: number;
  /** When its first and its last cut were made. */
  from: number;
  to: number;
  /** The folder that they are in. */
  path: string;
  /** Whole segments, and the pieces of those that are not whole. */
  files: LateFile[];
  /** The files beside the tweets, as long as they were at the last cut. */
  sides: SideCut[];
  /** Clears the folder; puts it aside where something of it is damaged, or wanted still. */
  close: (isWanted: boolean) => Promise<void>;
}

/** Tweets that are to be added, and when the oldest and the newest of them were made, as their ids show. */
interface Added {
  file: SegmentFile;
  from: number;
  to: number;
}

/** What late tweets are committed with. */
export interface LateOptions extends CommitterOptions {
  collectionId: string;
  /** Of the harvest that has begun. */
  spool: Spool;
  /** Begins the harvest that is to have them, where none has begun; its folder. */
  begin?: () => Promise<string>;
}

/**
 * Adds what harvesters left.
 * @returns What is to be tried again.
 * @throws LockedError where the lease is lost.
 */
export async function commitEachLate(late: Late[], options: LateOptions): Promise<Late[]> {
  const later: Late[] = [];
  for (const one of late) if (!await commitLate(one, options)) later.push(one);
  return later;
}

/**
 * Adds the tweets that a harvester left to the harvest that has begun now, where the bucket does not have them, and
 * clears its folder. What cannot be added stays for later, and keeps no harvest from going on; so does what a search
 * for what the stream missed may bring as well, until that has ended.
 * @returns Whether it is done.
 * @throws LockedError where the lease is lost.
 */
async function commitLate(late: Late, options: LateOptions): Promise<boolean> {
  if (unfinishedGaps(options.checkpoint.state.positions).length > 0) {
    log.info(
      "Tweets collected on this machine before another harvester took over wait in {folder} until the search for what " +
        "the stream missed has ended",
      { folder: late.path },
    );
    return false;
  }
  const stored = new StoredTweets(options.store, options.collectionId, late);
  let { files } = late;
  try {
    const known = await stored.checksums();
    files = files.filter(({ sha1 }) => !known.has(sha1));
    const added = files.length > 0 ? await unstored(files, stored, options.spool) : null;
    if (added) await commit(added, late, options);
    files = [];
    await late.close(await hasMore(late, options));
    return true;
  } catch (error) {
    if (error instanceof LockedError) throw error;
    log.warn(
      "Up to {tweets} tweets collected on this machine are not in the bucket, as another harvester took over before " +
        "they were uploaded: {problem}. They are in {folder}, and this harvest tries again at its end, or the next one here",
      {
        tweets: files.reduce((sum, { tweets }) => sum + tweets, 0),
        problem: messageOf(error),
        folder: late.path,
      },
    );
    return false;
  }
}

/**
 * Returns whether a stream said something besides tweets that the bucket does not have. Spans that it missed are within the
 * one that the harvester recorded which went on.
 */
async function hasMore(
  { began, sides }: Late,
  { store, collectionId }: LateOptions,
): Promise<boolean> {
  const folder = collectionKeys(collectionId).harvest(began);
  const stored = new Map<string, number>();
  for await (const { key, size } of store.list(folder)) stored.set(key, size);
  return sides.some(({ name, bytes }) =>
    name !== FILES.gaps && bytes > (stored.get(`${folder}${name}`) ?? 0)
  );
}

/** Returns a file of those tweets that the bucket does not have; null where it has all of them. */
async function unstored(
  files: LateFile[],
  stored: StoredTweets,
  spool: Spool,
): Promise<Added | null> {
  for await (const line of linesOf(files)) idsIn(line).forEach((id) => stored.want(id));
  await stored.look();
  const segment = await spool.segment();
  let span: [oldest: string, newest: string] | undefined;
  for await (const line of linesOf(files)) {
    const ids = idsIn(line);
    const isNew = ids.map((id) => stored.take(id));
    const added = ids.filter((_, i) => isNew[i]);
    if (added.length === 0) continue;
    const isAll = added.length === ids.length;
    await segment.append([isAll ? line : withTweets(line, (i) => isNew[i] === true)], added.length);
    for (const id of added) {
      const [oldest, newest] = span ?? [id, id];
      span = [isOlder(id, oldest) ? id : oldest, isOlder(newest, id) ? id : newest];
    }
  }
  const file = await segment.close();
  if (span) return { file, from: idTime(span[0]), to: idTime(span[1]) };
  await spool.forget({ number: 0, tweets: { file } });
  return null;
}

async function* linesOf(files: LateFile[]): AsyncGenerator<Uint8Array> {
  for (const { read } of files) {
    for await (const { line } of splitLines(read())) if (line.length > 0) yield line;
  }
}

/** Commits a file as one of the harvest that has begun. */
async function commit(
  { file, from, to }: Added,
  { began }: Late,
  options: LateOptions,
): Promise<void> {
  const { checkpoint, begin } = options;
  const folder = await begin?.() ?? options.folder;
  const late = [...checkpoint.state.late ?? [], { began, from, to, tweets: file.tweets }];
  const committer = new Committer({ ...options, folder });
  // No cut of the harvest that has begun, and no piece of any of its segments.
  const tweets = { segment: -1, isWhole: true, file };
  committer.add({
    began: checkpoint.state.began,
    spool: options.spool,
    number: checkpoint.state.cuts ?? 0,
    at: options.clock.now(),
    tweets,
    sides: [],
    documents: [],
    commit: { late },
  });
  await committer.done();
  log.info(
    "{tweets} tweets collected on this machine before another harvester took over are in the bucket now",
    { tweets: file.tweets },
  );
}
