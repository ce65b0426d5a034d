/** Batches into files into commits: the loop of a harvest. */

import { getLogger } from "@logtape/logtape";
import { type CheckpointState, type Commit, type Counts } from "../bucket/checkpoint.ts";
import { isoTime } from "../clock.ts";
import { FILES } from "../collection/layout.ts";
import { DamagedError, messageOf } from "../errors.ts";
import type { TwitterApi } from "../twitter/api.ts";
import type { Meter } from "./meter.ts";
import { Committer, type CommitterOptions, type Cut, type Lost } from "./committer.ts";
import { JsonList } from "./json_list.ts";
import { Learned } from "./learned.ts";
import { noteCut } from "./left_cuts.ts";
import { tweetsIn } from "./left_losses.ts";
import type { Segment } from "./segment.ts";
import {
  type Batch,
  hasContent,
  isDone,
  type Positions,
  type TweetSource,
  userWalk,
} from "./source.ts";
import type { Spool } from "./spool.ts";
import { Tally } from "./tally.ts";

const encoder = new TextEncoder();
const log = getLogger(["twarc-cloud", "harvest"]);

/** Milliseconds between cuts of a stream, at least, while the store has not taken the one before. */
const BETWEEN_NOTES = 1_000;

/** Why a stream's tweets are missing that had come. */
const DAMAGED = "The disk had damaged what had come";

/** When segments end, and when what has arrived must be in the store. */
export interface Limits {
  /** Tweets a segment holds at most. */
  tweetsPerFile: number;
  /** Milliseconds after which a segment is closed. */
  msPerFile: number;
  /** Milliseconds after which what has arrived is committed. */
  flushMs: number;
  /** Milliseconds that the store may be away: what arrives meanwhile is kept on this machine's disk. */
  patienceMs: number;
  /** Bytes of tweets that are kept on this machine's disk at most; then nothing more is read for a while. */
  bufferBytes: number;
}

/** How a harvest ended. */
export type Ending = Pick<CheckpointState, "outcome" | "reason">;

/** What a recorder is made of. */
export interface RecorderOptions extends CommitterOptions {
  spool: Spool;
  limits: Limits;
  /** Of what is billed; absent where nothing is. */
  meter?: Meter | undefined;
  /** Knows what of a request was not taken. */
  api?: Pick<TwitterApi, "leftOut"> | undefined;
}

/** Records what a source brings. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #committer: Committer;
  #segment: Segment | undefined;
  /** How many were opened. */
  #segments = 0;
  #segmentOpened = 0;
  /** When the oldest batch that is not cut came, by the monotonic clock. */
  #waitingSince: number | undefined;
  /** What was cut last: all before it is whole, whatever happens to what comes after it. */
  #last: Cut = { number: 0, at: 0, sides: [], documents: [], commit: {} };
  /** The number of the last cut that closed a segment: the tweets of later ones are in the next. */
  #wholeUntil = 0;
  #tweets = 0;
  #positions: Positions;
  /** How many walks have a position. */
  #begun: number;
  readonly #learned = new Learned();
  readonly #tally: Tally;
  readonly #userChanges = new JsonList();
  #toldFull = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { checkpoint } = options;
    this.#committer = new Committer(options);
    const unfinished = Object.entries(checkpoint.state.positions)
      .filter(([, position]) => position !== "whole");
    this.#positions = Object.fromEntries(unfinished);
    this.#begun = unfinished.length;
    this.#tally = new Tally(checkpoint.state.counts.walks, options);
  }

  /** What has arrived so far, committed or not, and the files in the store. */
  get progress(): { tweets: number; files: number; fileBytes: number; counts: Counts } {
    const { files } = this.#committer;
    const fileBytes = files.reduce((n, file) => n + file.bytes, 0);
    return { tweets: this.#tweets, files: files.length, fileBytes, counts: this.#tally.counts };
  }

  /** Whether there is something that the store did not take. */
  get hasUnstored(): boolean {
    return this.#committer.hasUncommitted;
  }

  /** Whether every walk that was begun is whole, but for users whom the API cannot give, or a stream that has ended in good order. */
  get isWhole(): boolean {
    const left = new Set(this.#tally.counts.unavailable?.map(({ id }) => userWalk(id)));
    return Object.entries(this.#positions).every(([walk, at]) => left.has(walk) || isDone(at));
  }

  /**
   * Records what a source brings until there is no more; what came before an error is kept for `finish`.
   * @throws what the source throws; what the store or this machine's disk fails with.
   */
  async record(source: TweetSource, from: Positions, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const batches = source.batches(from, AbortSignal.any([signal, over.signal]));
    const iterator = batches[Symbol.asyncIterator]();
    try {
      let next = asked(iterator);
      for (;;) {
        const arrived = await this.#nextOrDue(next);
        if (arrived?.done) return;
        if (arrived) {
          await this.#take(arrived.value);
          next = asked(iterator);
        }
        await this.#checkCommitter();
        await this.#keepUp();
      }
    } catch (failure) {
      // A stream that is silent would not notice by itself, and what it does at its end depends on the reason.
      over.abort(failure);
      throw failure;
    } finally {
      over.abort();
      await iterator.return?.();
    }
  }

  /**
   * Closes what is open and makes the last commit; waits for a store that is away.
   * @returns What this machine's disk has damaged of walks: they end where they were committed last, so that the
   *   next harvest asks for it again.
   * @throws what the store or this machine's disk fails with.
   */
  async finish(ending: Ending): Promise<DamagedError | undefined> {
    const end = { ...ending, state: "finished", ended: this.#options.clock.now() } as const;
    try {
      await this.#cut(true, end);
    } catch (failure) {
      const failed = { ...end, outcome: "failed", reason: messageOf(failure) } as const;
      const { tweets: _, ...last } = this.#last;
      this.#committer.add({ ...last, commit: { ...last.commit, ...failed } });
      await this.#lastCommit(failed);
      throw failure;
    }
    return await this.#lastCommit(end);
  }

  /** Waits for the last commit, which says how the harvest ended. @returns as `finish` */
  async #lastCommit(end: Commit): Promise<DamagedError | undefined> {
    for (;;) {
      try {
        await this.#committer.done();
        return undefined;
      } catch (failure) {
        if (this.#isNoted || !(failure instanceof DamagedError)) await this.#outlast(failure, end);
        else return await this.#endAtLastCommit(failure, end);
      }
    }
  }

  /** Ends walks where they were committed last. */
  async #endAtLastCommit(damaged: DamagedError, end: Commit): Promise<DamagedError> {
    const { checkpoint: { state }, clock, meter } = this.#options;
    this.#committer.dropUncommitted();
    this.#tweets = tweetsIn(this.#committer.files);
    this.#committer.add({
      number: state.cuts ?? 0,
      at: clock.now(),
      sides: [],
      documents: [],
      commit: {
        ...end,
        outcome: "failed",
        reason: damaged.message,
        ...(meter ? { spent: meter.spent } : {}),
      },
    });
    await this.#committer.done();
    return damaged;
  }

  /** @throws What committing failed with, unless it can be outlasted. */
  async #checkCommitter(): Promise<void> {
    try {
      this.#committer.check();
    } catch (failure) {
      await this.#outlast(failure);
    }
  }

  /**
   * Goes on without what this machine's disk has damaged of a stream, which is a gap then.
   * @throws any other failure.
   */
  async #outlast(failure: unknown, end: Commit = {}): Promise<void> {
    const { lost } = this.#committer;
    if (!lost || !this.#isNoted) throw failure;
    // In the whole of a segment that is still open its pieces may be intact.
    const isOpen = this.#segment !== undefined && lost.segment === this.#segments;
    if (!isOpen) {
      if (lost.tweets > 0) await this.#takeLoss(lost);
      this.#committer.leaveOut();
    }
    const isNoted = await this.#cut(true, end, lost.covers);
    // Now the note of this cut says what is lost, and the other one would say it again.
    if (isNoted && !isOpen) await this.#options.spool.forget({ number: lost.number });
  }

  async #takeLoss({ from, to, tweets }: Lost): Promise<void> {
    await this.#options.spool.append(FILES.gaps, [jsonLine({ from, to, why: DAMAGED })]);
    this.#tally.addGap();
    this.#tweets -= tweets;
    log.error(
      "{tweets} tweets that came from {from} to {to} are lost: this machine's disk is damaged",
      {
        tweets,
        from: isoTime(from),
        to: isoTime(to),
      },
    );
  }

  /** Ends without a last commit, when somebody else has taken the collection over. */
  async abandon(): Promise<void> {
    await this.#committer.done().catch(() => {});
  }

  /** The next result, or undefined when something else is to be done first. */
  async #nextOrDue(
    next: Promise<IteratorResult<Batch>>,
  ): Promise<IteratorResult<Batch> | undefined> {
    const { clock } = this.#options;
    const due = this.#due();
    const over = new AbortController();
    const { rests } = this.#committer;
    const awaited: Promise<IteratorResult<Batch> | void>[] = rests
      ? []
      : [this.#committer.rested()];
    if (rests || !this.#isFull()) awaited.push(next);
    if (due < Infinity) {
      awaited.push(clock.sleep(Math.max(due - clock.monotonic(), 0), over.signal));
    }
    try {
      return await Promise.race(awaited) ?? undefined;
    } finally {
      over.abort();
    }
  }

  /** When the next flush or end of a segment is due, by the monotonic clock. */
  #due(): number {
    const roll = this.#segment ? this.#segmentOpened + this.#options.limits.msPerFile : Infinity;
    return Math.min(this.#flushDue(), roll);
  }

  /** A flush waits for the one before; but what a stream brings is noted here in its time, however slow the store is. */
  #flushDue(): number {
    if (this.#waitingSince === undefined) return Infinity;
    const ms = this.#isFull() ? 0 : this.#options.limits.flushMs;
    if (this.#committer.rests) return this.#waitingSince + ms;
    return this.#isNoted ? this.#waitingSince + Math.max(ms, BETWEEN_NOTES) : Infinity;
  }

  /** Whether this machine's disk has as much as it may. */
  #isFull(): boolean {
    const { bufferBytes } = this.#options.limits;
    const isFull = this.#committer.waiting + (this.#segment?.uncutBytes ?? 0) >= bufferBytes;
    if (isFull && !this.#toldFull) {
      log.warn(
        "{mb} MB are kept on this machine's disk, as many as may be (--buffer-mb): " +
          "nothing more is read until the bucket takes some",
        { mb: Math.round(bufferBytes / 2 ** 20) },
      );
    }
    this.#toldFull = isFull;
    return isFull;
  }

  async #take(batch: Batch): Promise<void> {
    const { clock, spool, limits } = this.#options;
    if (this.#segment && this.#segment.tweets + batch.count > limits.tweetsPerFile) {
      await this.#cut(true);
    }
    await this.#takeSides(batch);
    this.#tally.add(batch);
    if (batch.tweets.length > 0) {
      if (!this.#segment) {
        this.#segment = await spool.segment();
        this.#segments++;
        this.#segmentOpened = clock.monotonic();
      }
      await this.#segment.append(batch.tweets, batch.count);
      this.#tweets += batch.count;
    }
    if (batch.update) this.#learned.add(batch.update);
    const wasWhole = this.#positions[batch.walk] === "whole";
    if (!Object.hasOwn(this.#positions, batch.walk)) this.#begun++;
    this.#tally.addWalk(this.#begun, batch.position === "whole" && !wasWhole);
    this.#positions[batch.walk] = batch.position;
    if (batch.isUrgent) this.#waitingSince = -Infinity;
    else if (hasContent(batch)) this.#waitingSince ??= clock.monotonic();
  }

  /** Users, changes, messages, gaps and what is missing. */
  async #takeSides(
    { users = [], userChanges = [], messages = [], gap, missing = [] }: Batch,
  ): Promise<void> {
    const { spool } = this.#options;
    await spool.append(FILES.users, users);
    await spool.append(FILES.messages, messages.map((message) => message.line));
    if (gap) await spool.append(FILES.gaps, [jsonLine(gap)]);
    await spool.append(FILES.missing, missing.map(jsonLine));
    for (const change of userChanges) this.#userChanges.add(change);
  }

  async #keepUp(): Promise<void> {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    const isFull = (this.#segment?.tweets ?? 0) >= limits.tweetsPerFile;
    const isOld = this.#segment && now >= this.#segmentOpened + limits.msPerFile;
    if (isFull || isOld) await this.#cut(true);
    else if (now >= this.#flushDue()) await this.#cut(false);
  }

  /** Whether cuts are noted on this machine's disk: what a walk brought can be asked for again. */
  get #isNoted(): boolean {
    return this.#options.checkpoint.state.type === "filter";
  }

  /**
   * Hands what has come to the committer: with the whole segment, or with a piece of it.
   * @param from The first cut that its note accounts for, where that is not its own.
   * @returns Whether it is noted, where it has to be.
   */
  async #cut(isWhole: boolean, ending: Commit = {}, from = Infinity): Promise<boolean> {
    const segment = this.#segment;
    const { spool, checkpoint, clock, meter } = this.#options;
    const isWanted = segment && (isWhole || segment.uncut > 0);
    const file = isWanted && await (isWhole ? segment.close() : segment.cutPiece());
    if (isWhole) this.#segment = undefined;
    this.#waitingSince = undefined;
    const number = this.#last.number + 1;
    this.#last = {
      number,
      covers: Math.min(from, file && isWhole ? this.#wholeUntil + 1 : number),
      at: clock.now(),
      ...(file ? { tweets: { segment: this.#segments, isWhole, file } } : {}),
      sides: spool.sides(),
      documents: checkpoint.state.type === "user_timeline"
        ? [{ name: FILES.userChanges, ...this.#userChanges.soFar() }]
        : [],
      commit: {
        positions: { ...this.#positions },
        update: this.#learned.soFar(),
        counts: structuredClone(this.#tally.counts),
        ...(meter ? { spent: meter.spent } : {}),
        ...ending,
      },
    };
    if (isWhole) this.#wholeUntil = number;
    const isKept = !this.#isNoted || await noteCut(spool, this.#last, checkpoint.state);
    const dropped = this.#committer.add(this.#last, { inPlace: isKept });
    for (const cut of dropped) await spool.forget(cut);
    return isKept;
  }
}

/** The next batch; that it fails while a commit is made is heard of when it is awaited. */
function asked(iterator: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> {
  const next = iterator.next();
  next.catch(() => {});
  return next;
}

function jsonLine(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
