/** A filter stream as a source: one walk without an end, no tweet twice, and its gaps requested again. */

import {
  type Batch,
  type Positions,
  type SourceOptions,
  toPosition,
  type TweetSource,
} from "./source.ts";
import { getLogger } from "@logtape/logtape";
import { filter as filterRules, type FilterConfig } from "../collection/types/filter.ts";
import { type GapWalk, walksOfGap } from "../bucket/gaps.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import type { Confirm, Gap, StreamItem, StreamWanted, TwitterApi } from "../twitter/api.ts";
import { TwarcCloudError } from "../base/errors.ts";
import { isOlder, newerId, readIds } from "../twitter/bytes/ids.ts";
import { withTweets } from "../twitter/bytes/redact.ts";
import {
  fillGap,
  gapQueries,
  highestId,
  leavingOut,
  type OpenGap,
  recordedGap,
  spanOfGap,
  spanOfWalk,
  unfinishedGaps,
} from "./gaps.ts";
import { Recent } from "./recent.ts";
import { sideBySide } from "./side_by_side.ts";
import { cutAt, lateness, type StreamPosition, streamPosition } from "./stream_position.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Options of a filter source. */
export interface FilterOptions {
  wanted: StreamWanted;
  /** Awaited before the stream is reopened. */
  confirm?: Confirm | undefined;
  /** The queries of recent search for gaps of the stream; empty where it is not to be used. */
  queries: string[];
  /** The most tweets that it collects from its start to its stop. */
  maxRecords?: number | undefined;
}

/** Ids in a commit, for the harvester after a crash: the newest. */
const COMMITTED = 1_000;

/**
 * Reasons of gaps: between two harvesters; before a stop while the stream was not open, or not reopened; and where
 * more was arriving at the stop.
 */
const INTERRUPTED = "The harvester was interrupted";
const NOT_OPEN = "The stream was not open when the harvest stopped";
const UNREAD = "More was arriving on the stream when the harvest stopped";

/** Collects the tweets of a stream. */
export class FilterSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: FilterOptions;
  readonly #clock: Clock;

  constructor(api: TwitterApi, options: FilterOptions, clock: Clock) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const over = new AbortController();
    const last = streamPosition(from);
    const harvest: Harvest = {
      from,
      last,
      signal,
      seen: new Recent(last?.ids ?? []),
      collected: last?.collected ?? 0,
      cursor: last?.cursor,
      gaps: new Gaps(),
      filling: AbortSignal.any([signal, over.signal]),
    };
    const parts = [this.#stream(harvest, () => over.abort()), this.#fills(harvest)];
    yield* sideBySide(ReadableStream.from(parts), parts.length);
  }

  /** @param onEnd Called when the stream has ended. */
  async *#stream(harvest: Harvest, onEnd: () => void): AsyncGenerator<Batch> {
    const { from, last, gaps } = harvest;
    const unfinished = unfinishedGaps(from);
    const stand: Stand = {
      askedTo: highestId(unfinished),
      connection: last?.connection,
      down: cutAt(last) ?? this.#clock.now(),
      lateMs: 0,
      why: NOT_OPEN,
    };
    try {
      for (const walk of unfinished) gaps.open([walk]);
      yield* this.#read(harvest, stand);
      yield* this.#endStream(harvest, stand);
    } finally {
      gaps.close();
      onEnd();
    }
  }

  /** Yields the batches of the stream until it ends, or is stopped and read out. */
  async *#read(harvest: Harvest, stand: Stand): AsyncGenerator<Batch> {
    const { signal, gaps, last } = harvest;
    const { connection } = stand;
    const { confirm } = this.#options;
    const wanted: StreamWanted = {
      ...this.#options.wanted,
      ...(connection === undefined ? {} : { connection }),
      ...(harvest.cursor === undefined ? {} : { after: harvest.cursor }),
    };
    let opened = false;
    try {
      for await (const item of this.#api.stream(wanted, signal, confirm)) {
        stand.down = item.lost && item.lost - (item.isUnread ? 0 : stand.lateMs);
        stand.why = item.isUnread ? UNREAD : NOT_OPEN;
        if (item.lost !== undefined) continue;
        const cut = opened || wanted.after !== undefined ? undefined : cutAt(last);
        const gap = cut === undefined
          ? item.gap && { ...item.gap, from: item.gap.from - stand.lateMs }
          : this.#missedSince(cut, INTERRUPTED);
        // From now on all missed tweets are a gap, also for the harvester after one that is killed at once.
        const urgency = opened ? {} : { isUrgent: true } as const;
        opened = true;
        // Where a stream is resumed exactly, nothing was missed since it was left.
        stand.since ??= wanted.after === undefined
          ? this.#clock.now()
          : last?.at ?? this.#clock.now();
        stand.connection = item.connection ?? stand.connection;
        const missed = gap ? this.#walksForGap(gap, harvest, stand) : [];
        yield* beginWalks(missed);
        if (missed.length > 0) gaps.open(missed);
        const covered = { from: stand.since, to: this.#clock.now() };
        stand.lateMs = lateness(item.tweets.map(({ id }) => id), covered.to);
        const at = covered.to - stand.lateMs;
        const batch = { ...this.#batch(item, harvest, at), ...urgency, covered };
        yield gap ? { ...batch, gap: recordedGap(gap, missed) } : batch;
        // Not before it is recorded: what was left out of a search would be lost with it.
        yield* beginWalks(gaps.takeLate());
        if (this.#tweetsLeft(harvest) <= 0) return;
      }
    } catch (error) {
      // A stop also ends the steps before the stream is open.
      if (!signal.aborted || error instanceof TwarcCloudError) throw error;
    }
  }

  /** Yields the stream's position at its end; its last gap is for the next harvest. */
  *#endStream(harvest: Harvest, stand: Stand): Generator<Batch> {
    const { signal } = harvest;
    const { down, why } = stand;
    const isMissing = down !== undefined && harvest.cursor === undefined;
    const gap = isMissing ? this.#missedSince(down, why) : undefined;
    const missed = gap ? this.#walksForGap(gap, harvest, stand) : [];
    yield* beginWalks(missed);
    // The API may send its last tweets again when the stream is opened again soon.
    const now = this.#clock.now();
    const { collected, ...position } = this.#position(harvest, stand.connection, now)();
    const isAtLimit = this.#tweetsLeft(harvest) <= 0;
    const stopped = {
      ...position,
      isStopped: true,
      ...(isAtLimit && collected !== undefined ? { collected } : {}),
    } as const;
    const { since: from, down: to = now } = stand;
    yield {
      walk: STREAM_WALK,
      position: signal.aborted || isAtLimit ? stopped : "whole",
      tweets: [],
      count: 0,
      ...(from === undefined ? {} : { covered: { from, to } }),
      ...(gap ? { gap: recordedGap(gap, missed) } : {}),
    };
  }

  /** Returns the gap until now; the clock may have been set back meanwhile. */
  #missedSince(from: number, why: string): Gap {
    const to = this.#clock.now();
    return { from: Math.min(from, to), to, why };
  }

  /** Returns the walks that fill a gap, above the ids that others cover. */
  #walksForGap(gap: Gap, { seen }: Harvest, stand: Stand): GapWalk[] {
    const span = spanOfGap(gap, newerId(seen.highest, stand.askedTo));
    const walks = walksOfGap(span, this.#options.queries);
    stand.askedTo = newerId(stand.askedTo, highestId(walks));
    return walks;
  }

  /** Yields the batches that fill the gaps, one after the other. */
  async *#fills(harvest: Harvest): AsyncGenerator<Batch> {
    const [api, clock, signal] = [this.#api, this.#clock, harvest.filling];
    for await (const gap of harvest.gaps.all) {
      if (signal.aborted) return;
      for await (const batch of fillGap(gap, { api, clock, signal })) {
        const news = withNew(batch, harvest.seen);
        harvest.collected += news.count;
        yield news;
        gap.walks = after(gap.walks, batch);
      }
      harvest.gaps.noteEnd(gap);
    }
  }

  /** @param at Until when what was sent has arrived with it. */
  #batch(item: StreamItem, harvest: Harvest, at: number): Batch {
    const { tweets: arrived, messages, connection, cursor, protected: hidden } = item;
    const { seen, gaps } = harvest;
    const tweets: Uint8Array[] = [];
    for (const { id, line } of arrived) {
      if (tweets.length >= this.#tweetsLeft(harvest) || !seen.add(id)) continue;
      gaps.noteArrival(id);
      tweets.push(line);
    }
    harvest.collected += tweets.length;
    // At the limit some of the item may be left out: it is sent again once the limit is higher.
    if (this.#tweetsLeft(harvest) > 0) harvest.cursor = cursor ?? harvest.cursor;
    const position = this.#position(harvest, connection, at);
    return {
      walk: STREAM_WALK,
      position,
      tweets,
      count: tweets.length,
      messages,
      ...(arrived.every(({ isWellFormed }) => isWellFormed) ? { isWellFormed: true } : {}),
      ...(hidden ? { protected: { tweets: hidden } } : {}),
    };
  }

  /** Returns how many tweets may still be collected. */
  #tweetsLeft({ collected }: Harvest): number {
    return (this.#options.maxRecords ?? Infinity) - collected;
  }

  /** Returns the stream's current position: its ids are many, and needed once a flush. */
  #position({ seen, collected, cursor }: Harvest, connection: string | undefined, at: number) {
    const ids = seen.newest(COMMITTED);
    return () => ({
      at,
      ids: ids(),
      ...(connection === undefined ? {} : { connection }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(this.#options.maxRecords === undefined ? {} : { collected }),
    });
  }
}

/** The shared state of one harvest. */
interface Harvest {
  from: Positions;
  /** The position of the harvest before, if it was cut. */
  last: StreamPosition | undefined;
  signal: AbortSignal;
  seen: Recent;
  /** Tweets that were collected since the stream's start. */
  collected: number;
  /** The cursor of the last item, where the network has any. */
  cursor: Json | undefined;
  gaps: Gaps;
  /** Aborted when the stream has ended. */
  filling: AbortSignal;
}

/** The state of a harvest's stream. */
interface Stand {
  /** The highest id that walks of gaps go up to. */
  askedTo: string | undefined;
  /** The last known connection. */
  connection: string | undefined;
  /** Since when tweets are missed, in milliseconds since 1970; absent while the stream is open. */
  down: number | undefined;
  /** Milliseconds by which what arrived last was late: as much of what was sent may be unread. */
  lateMs: number;
  /** Why they are missed. */
  why: string;
  /** Since when the stream is open, in milliseconds since 1970; absent before. */
  since?: number;
}

/** Returns a batch of search results without the tweets that the stream has delivered meanwhile. */
function withNew(batch: Batch, seen: Recent): Batch {
  const tweets: Uint8Array[] = [];
  let count = 0;
  for (const line of batch.tweets) {
    const isNew = readIds(line).map((id) => seen.add(id));
    const news = isNew.filter(Boolean).length;
    if (news > 0) {
      tweets.push(news === isNew.length ? line : withTweets(line, (i) => isNew[i] === true));
    }
    count += news;
  }
  return { ...batch, tweets, count };
}

/** Returns the walks that are not whole after a batch of one. */
function after(walks: GapWalk[], { walk, position }: Batch): GapWalk[] {
  const at = toPosition(position);
  return walks.map((one) => one.name === walk ? { ...one, position: at } : one)
    .filter((one) => one.position !== "whole");
}

/** Yields the positions of walks that are begun, or that leave out more. */
function* beginWalks(walks: GapWalk[]): Generator<Batch> {
  for (const { name, position } of walks) yield { walk: name, position, tweets: [], count: 0 };
}

/** The gaps to fill, and the tweets in each that came late, through the stream itself. */
class Gaps {
  readonly #queue: ReadableStream<OpenGap>;
  #controller: ReadableStreamDefaultController<OpenGap> | undefined;
  /** By the gaps that are not filled: their ids, and those that came late and are recorded. */
  readonly #open = new Map<OpenGap, { span: ReturnType<typeof spanOfWalk>; late: string[] }>();
  /** Those that came late and are about to be recorded. */
  #coming: { gap: OpenGap; id: string }[] = [];

  constructor() {
    this.#queue = new ReadableStream<OpenGap>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
  }

  /** In the order in which they were found, until there can be no more. */
  get all(): AsyncIterable<OpenGap> {
    return this.#queue.values({ preventCancel: true });
  }

  open(walks: OpenGap["walks"]): void {
    const late: string[] = [];
    const gap: OpenGap = { walks, cameLate: () => late, isBegun: false };
    const [walk] = walks;
    this.#open.set(gap, { span: walk ? spanOfWalk(walk) : null, late });
    this.#controller?.enqueue(gap);
  }

  /** Records that a gap is no longer being filled. */
  noteEnd(gap: OpenGap): void {
    // The next harvest goes on, and leaves out what comes late until then.
    gap.isBegun = false;
    if (gap.walks.length === 0) this.#open.delete(gap);
  }

  close(): void {
    this.#controller?.close();
  }

  /** Records that a tweet arrived through the stream. */
  noteArrival(id: string): void {
    for (const [gap, { span }] of this.#open) {
      if (!span || !isOlder(span.sinceId, id)) continue;
      if (span.untilId === undefined || isOlder(id, span.untilId)) this.#coming.push({ gap, id });
    }
  }

  /** Returns the walks that are not being filled, and leave out more since the last call; what arrived is recorded. */
  takeLate(): GapWalk[] {
    const changed = new Set<OpenGap>();
    for (const { gap, id } of this.#coming) {
      this.#open.get(gap)?.late.push(id);
      if (!gap.isBegun) changed.add(gap);
    }
    this.#coming = [];
    return [...changed].flatMap((gap) => gap.walks.map((walk) => leavingOut(walk, gap.cameLate())));
  }
}

/** Opens the source of a configuration. */
export function openStream(
  config: FilterConfig,
  api: TwitterApi,
  { clock, confirm, patienceMs }: SourceOptions,
): FilterSource {
  const { share } = config.filter;
  const { reading: { filter, backfillMinutes }, maxRecords } = filterRules.plan(config);
  const wanted: StreamWanted = {
    filter,
    owner: config.id,
    patienceMs,
    ...(share === undefined ? {} : { share }),
    ...(backfillMinutes === undefined ? {} : { backfillMinutes }),
  };
  const { queries, tooLong } = gapQueries(config);
  for (const rule of tooLong) {
    log.warn("The rule is too long for search, so its gaps stay open: {rule}", { rule });
  }
  const time = api.time ?? clock;
  return new FilterSource(api, { wanted, confirm, queries, maxRecords }, time);
}
