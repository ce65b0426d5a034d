/** Batches into files into commits: the loop of a harvest. */

import type { Codec } from "../format/codec.ts";
import { traitsFor } from "../collection/types/traits.ts";
import type { Limits } from "../collection/limits.ts";
import { getLogger } from "@logtape/logtape";
import type { CheckpointState, Commit } from "../bucket/checkpoint_state.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import { Alarm } from "../base/alarm.ts";
import { isoTime } from "../base/clock.ts";
import { DamagedError, errorMessage } from "../base/errors.ts";
import type { Batch, Network, Positions, TweetSource } from "../source/source.ts";
import type { Meter } from "../source/meter.ts";
import { Committer, type CommitterOptions } from "./committer.ts";
import type { Lost } from "./cut.ts";
import { noteCut } from "./recovery/left_notes.ts";
import { countTweets } from "./recovery/left_losses.ts";
import { OpenHarvest } from "./open_harvest.ts";
import type { Spool } from "./spool.ts";
import { Spools } from "./recovery/spools.ts";
import { Tally } from "./tally.ts";
import { requestBatch, Uncut } from "./uncut.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Milliseconds between two checks of the time, at most: a clock may be set, and a machine may sleep. */
const LOOK_MS = 3_600_000;

/** The reason of a gap in a stream whose tweets were received. */
const DAMAGED = "This machine's disk damaged tweets before they were uploaded";

/** The ending of a stream's harvest that another one follows. */
const OVER = {
  outcome: "complete",
  ended_by: "next harvest",
  reason: "Its time was over: the next harvest went on from there, on the same stream",
} as const;

/** The end of a harvest. */
export type Ending = Pick<CheckpointState, "outcome" | "reason" | "ended_by" | "exit_code">;

/** Options of a recorder. */
export interface RecorderOptions extends CommitterOptions {
  spool: Spool;
  /** Opens the folder for temporary files of the next harvest. */
  nextSpool: () => Promise<Spool>;
  next: (began: number) => Promise<string>;
  limits: Limits;
  /** The meter of what is billed; absent where nothing is. */
  meter?: Meter | undefined;
  /** The codec of tweets; by default the usual one. */
  codec?: Codec;
  /** Knows which parts of a request the API left out. */
  network?: Pick<Network, "leftOut"> | undefined;
}

/** Records the batches of a source. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #committer: Committer;
  #open: OpenHarvest;
  /** When its time ends, in milliseconds since 1970. */
  #over: number;
  readonly #spools: Spools;
  readonly #uncut = new Uncut();
  /** The first cut that no note accounts for, as nothing came but keep-alives. */
  #silentFrom = Infinity;
  #toldFull = false;
  /** Rings when something is due, whatever arrives. */
  readonly #alarm: Alarm;
  #wasOpened = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { checkpoint } = options;
    this.#alarm = new Alarm(options.clock);
    this.#committer = new Committer({ ...options, next: (began) => this.#next(began) });
    const { began, positions, type, counts } = checkpoint.state;
    const tally = new Tally(counts.walks, options);
    this.#open = new OpenHarvest({ ...options, began, positions, type, tally });
    this.#over = this.#overAfter(began);
    this.#spools = new Spools(options.spool, options.nextSpool);
  }

  /** The progress of the current harvest, committed or not, and its files in the store. */
  get progress() {
    const { began, tweets, bytes, counts } = this.#open;
    const files = this.#committer.listFiles(began);
    const fileBytes = files.reduce((n, file) => n + file.bytes, 0);
    return { tweets, files: files.length, fileBytes, bytes, counts };
  }

  /** Whether a stream was opened. */
  get wasOpened(): boolean {
    return this.#wasOpened;
  }

  /** When the current harvest is to have begun, where the one before is not fully committed; otherwise undefined. */
  get ahead(): number | undefined {
    const { began } = this.#open;
    return this.#committer.isAt(began) ? undefined : began;
  }

  /** The folder for temporary files of the current harvest. */
  get spool(): Spool {
    return this.#open.spool;
  }

  /** Whether some data is not in the store. */
  get hasUnstored(): boolean {
    return this.#committer.hasUncommitted;
  }

  /** Whether all that was begun is done. */
  get isWhole(): boolean {
    return this.#open.isWhole;
  }

  /**
   * Records the batches of a source until it ends; data before an error is kept for `finish`.
   * @throws the errors of the source, the store and this machine's disk.
   */
  async record(source: TweetSource, from: Positions, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const batches = source.batches(from, AbortSignal.any([signal, over.signal]));
    const iterator = batches[Symbol.asyncIterator]();
    try {
      let next = requestBatch(iterator);
      for (;;) {
        const arrived = await this.#nextOrDue(next);
        if (arrived?.done) return;
        if (!signal.aborted) await this.#turnOver();
        if (arrived) {
          await this.#take(arrived.value);
          next = requestBatch(iterator);
        }
        await this.#checkCommitter();
        await this.#keepUp();
      }
    } catch (failure) {
      // A silent stream would not notice by itself, and what it does at its end depends on the reason.
      over.abort(failure);
      throw failure;
    } finally {
      over.abort();
      this.#alarm.close();
      await iterator.return?.();
    }
  }

  /**
   * Closes what is open and makes the last commit; waits for an unavailable store.
   * @returns What this machine's disk has damaged of walks: they end at their last commit, so that the next harvest
   * requests it again.
   * @throws the errors of the store and this machine's disk.
   */
  async finish(ending: Ending): Promise<DamagedError | undefined> {
    const end = { ...ending, state: "finished", ended: this.#options.clock.now() } as const;
    try {
      await this.#cut(true, end);
    } catch (failure) {
      const failed = {
        ...end,
        outcome: "failed",
        reason: errorMessage(failure),
        ended_by: "fault",
      } as const;
      const { tweets: _, ...last } = this.#open.last;
      this.#committer.add({ ...last, commit: { ...last.commit, ...failed } });
      await this.#lastCommit(failed);
      throw failure;
    }
    return await this.#lastCommit(end);
  }

  /** Waits for the last commit, which records how the harvest ended. @returns as `finish` */
  async #lastCommit(end: Commit): Promise<DamagedError | undefined> {
    for (;;) {
      try {
        await this.#committer.done();
        this.#open.forget();
        return undefined;
      } catch (failure) {
        if (this.#isNoted || !(failure instanceof DamagedError)) await this.#outlast(failure, end);
        else return await this.#endAtLastCommit(failure, end);
      }
    }
  }

  /** Ends walks at their last commit. */
  async #endAtLastCommit(damaged: DamagedError, end: Commit): Promise<DamagedError> {
    const { checkpoint: { state }, clock, meter } = this.#options;
    const { began, spool } = this.#open;
    this.#committer.dropUncommitted();
    this.#open.endAt(countTweets(this.#committer.listFiles(began)));
    this.#committer.add({
      began,
      spool,
      number: state.cuts ?? 0,
      at: clock.now(),
      sides: [],
      documents: [],
      commit: {
        ...end,
        outcome: "failed",
        reason: damaged.message,
        ended_by: "fault",
        ...(meter ? { spent: meter.spent } : {}),
      },
    });
    await this.#committer.done();
    return damaged;
  }

  /** @throws The committer's failure, unless it can be outlasted. */
  async #checkCommitter(): Promise<void> {
    try {
      this.#committer.check();
    } catch (failure) {
      await this.#outlast(failure);
    }
  }

  /**
   * Goes on without the data of a stream that this machine's disk has damaged; it becomes a gap.
   * @throws any other failure.
   */
  async #outlast(failure: unknown, end: Commit = {}): Promise<void> {
    const { lostCut: lost } = this.#committer;
    if (!lost || !this.#isNoted) throw failure;
    // The whole file of a segment that is still open may have its pieces intact.
    const isOpen = lost.began === this.#open.began && this.#open.hasOpen(lost.segment);
    if (!isOpen) {
      if (lost.tweets > 0) await this.#takeLoss(lost);
      this.#committer.leaveOut();
    }
    const isOwn = lost.began === this.#open.began;
    const isNoted = await this.#cut(true, end, isOwn ? lost.covers : undefined);
    // Now the note of this cut records the loss, and the other one would record it twice.
    if (isNoted && !isOpen) await lost.spool.forget({ number: lost.number });
  }

  async #takeLoss({ began, from, to, tweets }: Lost): Promise<void> {
    const own = began === this.#open.began ? tweets : 0;
    await this.#open.takeLoss({ from, to, why: DAMAGED }, own);
    log.error(
      "{tweets} tweets received from {from} to {to} are lost: this machine's disk damaged them before they were uploaded",
      {
        tweets,
        from: isoTime(from),
        to: isoTime(to),
      },
    );
  }

  /** Ends without a last commit, when another harvester has taken over the collection. */
  async abandon(): Promise<void> {
    await this.#committer.done().catch(() => {});
  }

  /** Returns the next result, or undefined when something else is to be done first. */
  async #nextOrDue(
    next: Promise<IteratorResult<Batch>>,
  ): Promise<IteratorResult<Batch> | undefined> {
    const { rests } = this.#committer;
    const awaited: Promise<IteratorResult<Batch> | void>[] = rests
      ? []
      : [this.#committer.untilIdle()];
    if (rests || !this.#isFull()) awaited.push(next);
    return await this.#alarm.before(this.#due(), Promise.race(awaited)) ?? undefined;
  }

  /** Returns when the next flush or end of a segment is due, by the monotonic clock. */
  #due(): number {
    const { segment } = this.#open;
    const roll = segment ? segment.opened + this.#options.limits.msPerFile : Infinity;
    return Math.min(this.#flushDue(), roll, this.#overDue());
  }

  /** Returns when the time of a harvest ends, in milliseconds since 1970. */
  #overAfter(began: number): number {
    const { msPerHarvest } = this.#options.limits;
    if (msPerHarvest === 0 || !this.#isNoted) return Infinity;
    return (Math.floor(began / msPerHarvest) + 1) * msPerHarvest;
  }

  /**
   * Returns when to check next whether the time is over; where the harvest before is not committed, it goes on until
   * then.
   */
  #overDue(): number {
    if (this.#over === Infinity || !this.#committer.isAt(this.#open.began)) return Infinity;
    const { clock } = this.#options;
    return clock.monotonic() + Math.min(this.#over - clock.now(), LOOK_MS);
  }

  #flushDue(): number {
    const { flushMs } = this.#options.limits;
    const { rests: isTaken } = this.#committer;
    return this.#uncut.due({ flushMs, isTaken, isFull: this.#isFull(), isNoted: this.#isNoted });
  }

  /** Returns whether the local buffer is full. */
  #isFull(): boolean {
    const { bufferBytes } = this.#options.limits;
    const isFull = this.#committer.waiting + (this.#open.segment?.uncutBytes ?? 0) >= bufferBytes;
    if (isFull && !this.#toldFull) {
      log.warn(
        "The local buffer is full ({mb} MB, --buffer-mb): reading is paused until uploads catch up",
        { mb: Math.round(bufferBytes / 2 ** 20) },
      );
    }
    this.#toldFull = isFull;
    return isFull;
  }

  /** Ends the harvest whose time is over, and begins the next. */
  async #turnOver(): Promise<void> {
    const { clock, meter, checkpoint: { state } } = this.#options;
    if (clock.now() < this.#over || !this.#committer.isAt(this.#open.began)) return;
    // Always later than the one before, which may have begun in a second that was to come.
    const now = Math.max(clock.now(), state.began + 1);
    const spool = await this.#spools.next();
    this.#open.coverUntil(now);
    await this.#cut(true, { ...OVER, state: "finished", ended: now });
    meter?.nextHarvest();
    this.#open = this.#open.next({ began: now, after: state.began, spool });
    this.#over = this.#overAfter(now);
    // It begins now, although nothing may arrive for hours.
    await this.#cut(true);
  }

  /** Ends and begins committed harvests, and removes their files from this machine. */
  async #next(began: number): Promise<string> {
    const tweets = countTweets(this.#options.checkpoint.state.files);
    const folder = await this.#options.next(began);
    log.info(
      "Harvested {tweets} tweets. The harvest's time is over, and the next one continues the stream",
      {
        tweets,
      },
    );
    await this.#spools.closeBefore(this.#open.spool);
    return folder;
  }

  /** Clears the temporary files, or leaves them to the next harvester. */
  async close({ isLeft }: { isLeft: boolean }): Promise<void> {
    await this.#spools.close({ isLeft });
  }

  async #take(batch: Batch): Promise<void> {
    const { clock, limits } = this.#options;
    const { segment } = this.#open;
    if (segment && segment.tweets + batch.count > limits.tweetsPerFile) await this.#cut(true);
    await this.#open.take(batch);
    // The first of a stream; its last comes also where it was never open.
    this.#wasOpened ||= batch.walk === STREAM_WALK && batch.isUrgent === true;
    this.#uncut.take(batch, clock.monotonic());
  }

  async #keepUp(): Promise<void> {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    const { segment } = this.#open;
    const isFull = (segment?.tweets ?? 0) >= limits.tweetsPerFile;
    const isOld = segment && now >= segment.opened + limits.msPerFile;
    if (isFull || isOld) await this.#cut(true);
    else if (now >= this.#flushDue()) await this.#cut(false);
  }

  /** Whether cuts are noted on this machine's disk: walks can be requested again. */
  get #isNoted(): boolean {
    return !traitsFor(this.#options.checkpoint.state.type).canBeAskedAgain;
  }

  /**
   * Passes the data so far to the committer: with the whole segment, or with a piece of it.
   * @param from The first cut that its note accounts for, where that is not its own.
   * @returns Whether it is noted, where it has to be.
   */
  async #cut(isWhole: boolean, ending: Commit = {}, from = Infinity): Promise<boolean> {
    const { spool } = this.#open;
    const isSilent = !isWhole && this.#uncut.isSilent;
    const first = Math.min(from, this.#silentFrom);
    const cut = await this.#open.cut(isWhole, { ending, from: first });
    this.#uncut.clear();
    if (isSilent) {
      // The next note accounts for it.
      this.#silentFrom = Math.min(this.#silentFrom, cut.number);
      this.#committer.add({ ...cut, isSilent });
      return true;
    }
    const isKept = !this.#isNoted || await noteCut(spool, cut, this.#options.checkpoint.state);
    const dropped = this.#committer.add(cut, { inPlace: isKept });
    for (const one of dropped) await one.spool.forget(one);
    if (isKept) this.#silentFrom = Infinity;
    return isKept;
  }
}
