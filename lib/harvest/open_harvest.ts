/** One open harvest: batches become segments and files beside them, and are cut. */

import type { Commit, Counts } from "../bucket/checkpoint_state.ts";
import type { Clock } from "../base/clock.ts";
import { FILES } from "../collection/layout.ts";
import { giveBackAll } from "../base/memory.ts";
import type { Gap } from "../twitter/api.ts";
import type { Cut } from "./cut.ts";
import { JsonList } from "./json_list.ts";
import { Learned } from "./learned.ts";
import type { Meter } from "../source/meter.ts";
import type { Codec } from "../format/codec.ts";
import type { Segment, SegmentFile } from "./segment.ts";
import { Standing } from "./standing.ts";
import { userOfWalk, userWalk } from "../collection/walks.ts";
import { type Batch, isDone, type Positions } from "../source/source.ts";
import type { Spool } from "./spool.ts";
import type { Tally } from "./tally.ts";

const encoder = new TextEncoder();

/** Options of an open harvest. */
export interface OpenHarvestOptions {
  /** When it began or is to begin, in milliseconds since 1970. */
  began: number;
  /** When the harvest before it began, where the stream went on. */
  after?: number;
  /** The positions of the walks that it goes on with. */
  positions: Positions;
  type: string;
  spool: Spool;
  clock: Clock;
  tally: Tally;
  /** The meter of what is billed; absent where nothing is. */
  meter?: Meter | undefined;
  /** The codec of tweets; by default the usual one. */
  codec?: Codec;
}

/** A harvest in progress. */
export class OpenHarvest {
  readonly began: number;
  readonly spool: Spool;
  /** The last cut: all before it is complete, whatever happens to later data. */
  last: Cut;
  readonly #options: OpenHarvestOptions;
  readonly #tally: Tally;
  #learned = new Learned();
  #userChanges = new JsonList();
  #standing: Standing;
  #segment: Segment | undefined;
  #segmentOpened = 0;
  /** How many segments were opened. */
  #segments = 0;
  /** The number of the last cut that closed a segment: the tweets of later ones are in the next. */
  #wholeUntil = 0;
  #tweets = 0;
  #bytes = 0;

  constructor(options: OpenHarvestOptions) {
    this.#options = options;
    const { began, spool, positions, tally } = options;
    this.began = began;
    this.spool = spool;
    const unfinished = Object.entries(positions).filter(([, position]) => position !== "whole");
    this.#standing = new Standing(Object.fromEntries(unfinished));
    this.#tally = tally;
    this.last = this.#nothing();
  }

  /** Returns the harvest that follows this one: it owns what the walks have yet to read. */
  next(opened: Pick<OpenHarvestOptions, "spool"> & { began: number; after: number }): OpenHarvest {
    const { few: positions } = this.#standing.cut();
    return new OpenHarvest({
      ...this.#options,
      ...opened,
      positions,
      tally: this.#tally.next(opened.began),
    });
  }

  #nothing(): Cut {
    const { began, spool } = this;
    return { began, spool, number: 0, at: 0, sides: [], documents: [], commit: {} };
  }

  /**
   * Drops all but the counts, once the last cut is committed: with many users it takes as much memory as the next
   * harvest.
   */
  forget(): void {
    this.last = this.#nothing();
    this.#standing = new Standing();
    this.#learned = new Learned();
    this.#userChanges = new JsonList();
  }

  /** Its counts besides tweets. */
  get counts(): Counts {
    return this.#tally.counts;
  }

  /** How many tweets came. */
  get tweets(): number {
    return this.#tweets;
  }

  /** Bytes of the tweets' lines, before compression. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The open segment, if any. */
  get segment(): Pick<Segment, "tweets" | "uncutBytes"> & { opened: number } | undefined {
    if (!this.#segment) return undefined;
    const { tweets, uncutBytes } = this.#segment;
    return { tweets, uncutBytes, opened: this.#segmentOpened };
  }

  /** Returns whether a segment, by its number, is the open one. */
  hasOpen(segment: number): boolean {
    return this.#segment !== undefined && segment === this.#segments;
  }

  /**
   * Whether every walk that was begun is complete, but for users whom the API does not return, or a stream that has
   * ended in good order.
   */
  get isWhole(): boolean {
    const left = new Set(this.counts.unavailable?.map(({ id }) => userWalk(id)));
    return this.#standing.every((walk, position) => left.has(walk) || isDone(position));
  }

  /**
   * Takes a batch from one response of the API, and empties its large lines. @throws UserError, DiskError where this
   * machine's disk fails
   */
  async take(batch: Batch): Promise<void> {
    await this.#takeSides(batch);
    this.#tally.add(batch);
    if (batch.tweets.length > 0) {
      this.#segment ??= await this.#openSegment();
      await this.#segment.append(batch.tweets, batch.count);
      this.#tweets += batch.count;
      for (const line of batch.tweets) this.#bytes += line.length + 1;
      giveBackAll(batch.tweets);
    }
    if (batch.update) this.#learned.add(batch.update);
    const before = this.#standing.get(batch.walk);
    this.#standing.set(batch.walk, batch.position);
    const isWhole = batch.position === "whole" && before !== "whole";
    this.#tally.addWalk(this.#standing.size, isWhole);
  }

  /** Records a span whose tweets were received and lost. @param tweets How many of them were its own. */
  async takeLoss(gap: Gap, tweets: number): Promise<void> {
    await this.spool.append(FILES.gaps, [jsonLine(gap)]);
    this.#tally.addGap();
    this.#tweets -= tweets;
  }

  /** Records that its stream goes on until a time, at which another harvest follows it. */
  coverUntil(time: number): void {
    this.#tally.coverUntil(time);
  }

  /** Records how many tweets are in the store, where it ends there. */
  endAt(tweets: number): void {
    this.#tweets = tweets;
  }

  /**
   * Cuts the data since the last cut: with the whole segment, or with a piece of it.
   * @param options.from The first cut that it accounts for, where that is not its own.
   * @throws UserError, DiskError, DamagedError where this machine's disk fails
   */
  async cut(
    isWhole: boolean,
    { ending = {}, from = Infinity }: { ending?: Commit; from?: number } = {},
  ): Promise<Cut> {
    const file = await this.#closeSegment(isWhole);
    const { began, spool } = this;
    const number = this.last.number + 1;
    this.last = {
      began,
      ...(this.#options.after === undefined ? {} : { after: this.#options.after }),
      spool,
      number,
      covers: Math.min(from, file && isWhole ? this.#wholeUntil + 1 : number),
      at: this.#options.clock.now(),
      ...(file ? { tweets: { segment: this.#segments, isWhole, file } } : {}),
      sides: spool.sides(),
      documents: this.#documents(),
      commit: { ...this.#commit(), ...ending },
    };
    if (isWhole) this.#wholeUntil = number;
    return this.last;
  }

  /** Returns the lists that are not empty. */
  #documents(): Cut["documents"] {
    const changes = this.#userChanges.soFar();
    return changes.bytes > 0 ? [{ name: FILES.userChanges, ...changes }] : [];
  }

  #commit(): Commit {
    const { meter } = this.#options;
    const { few, ofUsers } = this.#standing.cut();
    const { change, users } = this.#learned.soFar();
    const isOfUsers = !(ofUsers.isEmpty && users.isEmpty);
    return {
      positions: few,
      update: change,
      ...(isOfUsers ? { many: { positions: ofUsers, users } } : {}),
      counts: structuredClone(this.counts),
      ...(meter ? { spent: meter.spent } : {}),
    };
  }

  /** Returns the segment, or a piece of it, as a file; nothing where no tweets came. */
  async #closeSegment(isWhole: boolean): Promise<SegmentFile | undefined> {
    const segment = this.#segment;
    const isWanted = segment && (isWhole || segment.uncutTweets > 0);
    const file = isWanted ? await (isWhole ? segment.close() : segment.cutPiece()) : undefined;
    if (isWhole) this.#segment = undefined;
    return file;
  }

  async #openSegment(): Promise<Segment> {
    const segment = await this.spool.segment(this.#options.codec);
    this.#segments++;
    this.#segmentOpened = this.#options.clock.monotonic();
    return segment;
  }

  /** Takes users, changes, messages, gaps and missing ids. */
  async #takeSides(
    { walk, users = [], userChanges = [], messages = [], gap, filled, missing = [] }: Batch,
  ): Promise<void> {
    const { spool } = this;
    const user_id = userOfWalk(walk);
    await spool.append(FILES.users, users);
    await spool.append(FILES.messages, messages.map((message) => message.line));
    if (gap) await spool.append(FILES.gaps, [jsonLine(user_id ? { ...gap, user_id } : gap)]);
    if (filled) await spool.append(FILES.filled, [jsonLine(filled)]);
    await spool.append(FILES.missing, missing.map(jsonLine));
    for (const change of userChanges) this.#userChanges.add(change);
  }
}

function jsonLine(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
