/**
 * Cuts that a harvester left after another one had gone on without them: the next harvest on its machine adds the
 * tweets that the bucket does not have to its own files.
 */

import { getLogger } from "@logtape/logtape";
import { splitLines } from "../../format/lines.ts";
import { collectionKeys, FILES } from "../../collection/layout.ts";
import { errorMessage, LockedError } from "../../base/errors.ts";
import { idTime, isOlder, readIds } from "../../twitter/bytes/ids.ts";
import { withTweets } from "../../twitter/bytes/redact.ts";
import type { SideCut } from "../cut_files.ts";
import { Committer, type CommitterOptions } from "../committer.ts";
import { spanOfWalk, unfinishedGaps } from "../../source/gaps.ts";
import type { Positions } from "../../source/source.ts";
import type { SegmentFile } from "../segment.ts";
import type { Spool } from "../spool.ts";
import { StoredTweets } from "./stored_tweets.ts";

/** Milliseconds that a tweet of a stream may be late: one that is later says nothing of the time when it was made. */
const LATE_MS = 60_000;

const encoder = new TextEncoder();
const log = getLogger(["twarc-cloud", "harvest"]);

/** A file of tweets on this machine's disk, as it was written. */
export interface LateFile {
  sha1: string;
  tweets: number;
  /** Its lines, decompressed. */
  read: () => ReadableStream<Uint8Array>;
}

/** Data that a harvester left after another one had gone on without it. */
export interface Late {
  /** When its harvest began, in milliseconds since 1970. */
  began: number;
  /** When its first and its last cut were made. */
  from: number;
  to: number;
  /** Whether all cuts between these can be read. */
  isAll: boolean;
  /** The folder of its files. */
  path: string;
  /** Whole segments, and the pieces of those that are not whole. */
  files: LateFile[];
  /** The files beside the tweets, as long as they were at the last cut. */
  sides: SideCut[];
  /** Removes the folder; sets it aside where something in it is damaged, or still needed. */
  close: (isWanted: boolean) => Promise<void>;
}

/** The tweets to add, and when the oldest and the newest of them were made, by their ids. */
interface Added {
  file: SegmentFile;
  from: number;
  to: number;
  /** When the oldest of them was made that did not come late. */
  listenedFrom: number;
}

/** Options of committing late tweets. */
export interface LateOptions extends CommitterOptions {
  collectionId: string;
  /** Of the harvest that has begun. */
  spool: Spool;
  /** Begins the harvest that is to contain them, where none has begun; returns its folder. */
  begin?: () => Promise<string>;
}

/** Data that is to be tried again. */
export interface LeftLate {
  left: Late[];
  /** Whether some is left as a search for the stream's gaps may bring the same tweets. */
  isSearching: boolean;
}

/**
 * Adds the data that harvesters left.
 * @returns What is to be tried again.
 * @throws LockedError where the lease is lost.
 */
export async function commitEachLate(late: Late[], options: LateOptions): Promise<LeftLate> {
  const left: Late[] = [];
  let isSearching = false;
  for (const one of late) {
    const end = await commitLate(one, options);
    if (end !== "done") left.push(one);
    isSearching ||= end === "searching";
  }
  return { left, isSearching };
}

/**
 * Adds the tweets that a harvester left to the current harvest, where the bucket does not have them, and removes its
 * folder. What cannot be added stays for later, and does not stop a harvest; so does what a search for a stream's
 * gaps may still find, until that has ended.
 * @returns Whether it is done, waits for a search, or failed.
 * @throws LockedError where the lease is lost.
 */
async function commitLate(
  late: Late,
  options: LateOptions,
): Promise<"done" | "searching" | "failed"> {
  const stored = new StoredTweets(options.store, options.collectionId, late);
  let { files } = late;
  try {
    const known = await stored.checksums();
    files = files.filter(({ sha1 }) => !known.has(sha1));
    if (await mayBeFound(files, options.checkpoint.state.positions)) {
      log.info(
        "Tweets collected on this machine before another harvester took over wait in {folder} until the search for what " +
          "the stream missed has ended",
        { folder: late.path },
      );
      return "searching";
    }
    const added = files.length > 0 ? await unstoredTweets(files, stored, options.spool) : null;
    if (added) await commit(added, late, options);
    files = [];
    await late.close(await hasMore(late, options));
    return "done";
  } catch (error) {
    if (error instanceof LockedError) throw error;
    log.warn(
      "Up to {tweets} tweets collected on this machine are not in the bucket, as another harvester took over before " +
        "they were uploaded: {problem}. They are in {folder}. This harvest retries at its end, or the next one on this machine does",
      {
        tweets: files.reduce((sum, { tweets }) => sum + tweets, 0),
        problem: errorMessage(error),
        folder: late.path,
      },
    );
    return "failed";
  }
}

/**
 * Returns whether a search that has not ended may bring one of the tweets. Others never do: a busy stream has a new
 * one, of what came last, after each stop.
 */
async function mayBeFound(files: LateFile[], positions: Positions): Promise<boolean> {
  const spans = unfinishedGaps(positions).flatMap((walk) => spanOfWalk(walk) ?? []);
  if (spans.length === 0) return false;
  const isIn = (id: string) =>
    spans.some(({ sinceId, untilId }) =>
      isOlder(sinceId, id) && (untilId === undefined || isOlder(id, untilId))
    );
  for await (const line of readLines(files)) if (readIds(line).some(isIn)) return true;
  return false;
}

/**
 * Returns whether a stream sent something besides tweets that the bucket does not have. Its gaps are within the one
 * that the other harvester recorded.
 */
async function hasMore(late: Late, options: LateOptions): Promise<boolean> {
  return (await moreThanStored(late, options)).some((name) => name !== FILES.gaps);
}

/** Returns the files beside the tweets of which the bucket has less. */
async function moreThanStored(
  { began, sides }: Late,
  { store, collectionId }: LateOptions,
): Promise<string[]> {
  const folder = collectionKeys(collectionId).harvest(began);
  const stored = new Map<string, number>();
  for await (const { key, size } of store.list(folder)) stored.set(key, size);
  return sides.filter(({ name, bytes }) => bytes > (stored.get(`${folder}${name}`) ?? 0))
    .map(({ name }) => name);
}

/**
 * Records the span that the other harvester took for a gap and that the stream was listened to all the same: that of
 * the tweets, where all cuts can be read and the stream missed nothing itself. When cuts were made says nothing: a
 * harvester that was paused makes them when it goes on.
 */
async function noteCovered(late: Late, added: Added, options: LateOptions): Promise<void> {
  const missed = (await moreThanStored(late, options)).includes(FILES.gaps);
  if (!late.isAll || missed) return;
  const span = { from: added.listenedFrom, to: added.to };
  await options.spool.append(FILES.filled, [encoder.encode(JSON.stringify(span))]);
}

/** Returns a file of those tweets that the bucket does not have; null where it has all of them. */
async function unstoredTweets(
  files: LateFile[],
  stored: StoredTweets,
  spool: Spool,
): Promise<Added | null> {
  for await (const line of readLines(files)) readIds(line).forEach((id) => stored.want(id));
  await stored.look();
  const segment = await spool.segment();
  const made = new Made();
  for await (const line of readLines(files)) {
    const ids = readIds(line);
    const isNew = ids.map((id) => stored.take(id));
    const added = ids.filter((_, i) => isNew[i]);
    if (added.length === 0) continue;
    const isAll = added.length === ids.length;
    await segment.append([isAll ? line : withTweets(line, (i) => isNew[i] === true)], added.length);
    for (const id of added) made.add(idTime(id));
  }
  const file = await segment.close();
  if (made.span) return { file, ...made.span };
  await spool.forget({ number: 0, tweets: { file } });
  return null;
}

/** When tweets were made, in the order in which they came; in milliseconds since 1970. */
class Made {
  span: Omit<Added, "file"> | undefined;

  add(at: number): void {
    const { from, to, listenedFrom } = this.span ?? { from: at, to: at, listenedFrom: at };
    const isLate = at < to - LATE_MS;
    this.span = {
      from: Math.min(from, at),
      to: Math.max(to, at),
      listenedFrom: isLate ? listenedFrom : Math.min(listenedFrom, at),
    };
  }
}

async function* readLines(files: LateFile[]): AsyncGenerator<Uint8Array> {
  for (const { read } of files) {
    for await (const { line } of splitLines(read())) if (line.length > 0) yield line;
  }
}

/** Commits a file as one of the current harvest. */
async function commit(
  added: Added,
  one: Late,
  options: LateOptions,
): Promise<void> {
  const { began } = one;
  const { file, from, to } = added;
  const { checkpoint, begin } = options;
  await noteCovered(one, added, options);
  const folder = await begin?.() ?? options.folder;
  const late = [...checkpoint.state.late ?? [], { began, from, to, tweets: file.tweets }];
  const committer = new Committer({ ...options, folder });
  // Neither a cut of the current harvest, nor a piece of any of its segments.
  const tweets = { segment: -1, isWhole: true, file };
  committer.add({
    began: checkpoint.state.began,
    spool: options.spool,
    number: checkpoint.state.cuts ?? 0,
    at: options.clock.now(),
    tweets,
    sides: options.spool.sides(),
    documents: [],
    commit: { late },
  });
  await committer.done();
  log.info(
    "{tweets} tweets collected on this machine before another harvester took over are in the bucket now",
    { tweets: file.tweets },
  );
}
