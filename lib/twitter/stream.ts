/** A live stream: reads, detects silence, reconnects as the API requires, reports gaps. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../base/clock.ts";
import { giveBackAll, Room } from "../base/memory.ts";
import type { Waits } from "../base/waits.ts";
import { ApiError } from "../base/errors.ts";
import { networkReason } from "../base/network.ts";
import type { Gap, StreamItem, StreamMessage, StreamTweet } from "./api.ts";
import { askedDelay, streamDelay, type Trouble } from "./http/backoff.ts";
import { isFull } from "./v2/connections.ts";
import { idTime } from "./bytes/ids.ts";
import { readLines, UnreadError } from "./bytes/lines.ts";
import { Refusals } from "./http/refusals.ts";
import { isOrderly } from "./http/stop.ts";
import { troubleFor } from "./http/transport.ts";

const log = getLogger(["twarc-cloud", "stream"]);

/**
 * Milliseconds that a connection has to last to be a good one: with a tweet, and without. After a shorter one,
 * whatever it delivers, each try waits longer.
 */
const [GOOD_WITH_TWEET, GOOD_CONNECTION] = [10_000, 60_000];
/** Damaged lines in a row after which the response is not a stream. */
const MAX_DAMAGED = 100;

/** Milliseconds. */
const AN_HOUR_MS = 3_600_000;

/** The kinds of lines of a stream. */
export type StreamLine =
  | { tweet: StreamTweet }
  /** A tweet of other rules. */
  | { skipped: true }
  | {
    message: StreamMessage; /** Set where the API says that it ends the stream. */
    ends?: string;
  };

/** Options of a live stream. */
export interface StreamOptions {
  /** Opens a connection: one try, whose response has status 200. */
  open: (signal: AbortSignal) => Promise<Response>;
  /**
   * Returns the kind of a line; a SyntaxError means that it is damaged.
   * @param room For lines of tweets that are not stored as received, of all that arrive together.
   */
  read: (line: Uint8Array, room: Room) => StreamLine;
  clock: Clock;
  /** Notified of the waits between connections. */
  waits: Waits;
  /** Milliseconds of silence after which the stream is reopened. */
  stallMs: number;
  /** Milliseconds that refusals are waited out, once the stream has been open; by default an hour. */
  patienceMs?: number | undefined;
  /** Milliseconds without a tweet after which a stream that sends keep-alives is reopened; by default never. */
  quietMs?: number;
  /** Awaited before a lost stream is reopened; `signal` may be aborted by then. */
  confirm?: (() => Promise<void>) | undefined;
  signal: AbortSignal;
}

/**
 * Yields the items of a stream until `signal` is aborted; after a stop in good order, those that have arrived by
 * then.
 * @throws ApiError that a retry does not change; UserError where the keys are at fault.
 */
export async function* liveStream(options: StreamOptions): AsyncGenerator<StreamItem> {
  const { clock, signal } = options;
  const failures = { ...NONE };
  const kinds = new Kinds();
  const refusals = new Refusals({ clock, patienceMs: options.patienceMs ?? AN_HOUR_MS });
  let lost: { at: number; why: string } | undefined;
  while (!signal.aborted) {
    const connection = new Connection(options, kinds);
    let gap = lost;
    try {
      for await (const item of connection.items()) {
        refusals.noteSuccess();
        yield gap ? { ...item, gap: gapTo(connection.opened, gap, clock) } : item;
        gap = undefined;
      }
    } catch (thrown) {
      if (signal.aborted) return yield* connection.drainAfterStop(thrown);
      const refusal = refusals.refusalToOutlast(thrown);
      connection.fail(refusal ?? thrown, { isOutlasted: refusal !== null });
    }
    if (signal.aborted) return;
    const lostAt = connection.lastHeardAt;
    if (lostAt !== undefined) yield { tweets: [], messages: [], lost: lostAt };
    if (signal.aborted) return;
    if (connection.wasGood) Object.assign(failures, NONE);
    if (!lost || !gap) lost = { at: connection.lastHeard, why: connection.why };
    failures[connection.trouble]++;
    const times = failures[connection.trouble];
    const delay = streamDelay(connection.trouble, times);
    const ms = askedDelay(connection.retryAfterMs, { delay, failures: times });
    log.warn("{why}. Reconnecting in {seconds} s", { why: connection.why, seconds: ms / 1_000 });
    const wait = { for: `the stream: ${connection.why}`, until: clock.now() + ms };
    await options.waits.during(wait, clock.sleep(ms, signal));
    await options.confirm?.();
  }
}

const NONE: Record<Trouble, number> = { network: 0, server: 0, calm: 0, full: 0 };

/** Returns a gap, its length by the monotonic clock: the other one may have been set meanwhile. */
function gapTo(opened: number, { at, why }: { at: number; why: string }, clock: Clock): Gap {
  const to = Math.round(clock.now() - (clock.monotonic() - opened));
  return { from: Math.round(to - (opened - at)), to, why };
}

/** One connection, from opening to its end. */
class Connection {
  /** When it was opened, by the monotonic clock. */
  opened = Infinity;
  /** When anything last arrived, by the monotonic clock. */
  lastHeard: number;
  trouble: Trouble = "network";
  /** Milliseconds after which the API requests a retry, if it does. */
  retryAfterMs: number | undefined;
  why = "The API closed the stream";
  readonly #options: StreamOptions;
  readonly #kinds: Kinds;
  readonly #delay = new Delay();
  #gotTweet = false;
  /** When it was opened or a tweet arrived last, by the monotonic clock. */
  #broughtAt = Infinity;
  #damaged = 0;

  constructor(options: StreamOptions, kinds: Kinds) {
    this.#options = options;
    this.#kinds = kinds;
    this.lastHeard = options.clock.monotonic();
  }

  /** Whether it worked: waits start over after such a one. */
  get wasGood(): boolean {
    const lasted = this.lastHeard - this.opened;
    return lasted > (this.#gotTweet ? GOOD_WITH_TWEET : GOOD_CONNECTION);
  }

  /** When anything last arrived, in milliseconds since 1970; undefined for one that was never open. */
  get lastHeardAt(): number | undefined {
    const { clock } = this.#options;
    if (this.opened === Infinity) return undefined;
    return Math.round(clock.now() - (clock.monotonic() - this.lastHeard));
  }

  /** Bytes by which a tweet's line is longer than the received one, at most so far. */
  #longer = 0;

  async *items(): AsyncGenerator<StreamItem> {
    const { open, clock, stallMs, signal } = this.#options;
    const hangUp = new AbortController();
    try {
      const response = await openConnection(open, { signal, hangUp });
      this.opened = this.lastHeard = this.#broughtAt = clock.monotonic();
      log.info("The stream is open");
      if (!response.body) return;
      yield { tweets: [], messages: [] };
      for await (const lines of readLines(response.body, { clock, stallMs, signal })) {
        this.lastHeard = clock.monotonic();
        const { item, ends } = this.#toItem(lines);
        giveBackUnused(lines, item);
        yield item;
        if (ends !== undefined) {
          this.why = `The API ended the stream: ${ends}`;
          return;
        }
        const quiet = this.#quiet();
        if (quiet) {
          yield quiet;
          return;
        }
        if (this.#damaged > MAX_DAMAGED) {
          this.trouble = "server";
          this.why = "The response is not a stream of the API";
          return;
        }
      }
    } finally {
      hangUp.abort();
    }
  }

  /** Yields the items that a stop left, and the failure then: none, where all that was sent has arrived. */
  *drainAfterStop(thrown: unknown): Generator<StreamItem> {
    const { signal } = this.#options;
    const lost = this.lastHeardAt;
    if (lost === undefined || !isOrderly(signal)) return;
    const isUnread = thrown instanceof UnreadError;
    log.warn(
      "The stream was closed while more was arriving: the missed tweets are recorded as a gap",
    );
    yield { tweets: [], messages: [], lost: isUnread ? lost - this.#delay.extra : lost, isUnread };
  }

  /** Records its end; rethrows a failure that a new connection would not solve. */
  fail(thrown: unknown, { isOutlasted }: { isOutlasted: boolean }): void {
    if (thrown instanceof ApiError) {
      const trouble = isFull(thrown)
        ? "full"
        : troubleFor(thrown) ?? (isOutlasted ? "server" : null);
      if (!trouble) throw thrown;
      this.trouble = trouble;
      this.why = thrown.message;
      this.retryAfterMs = thrown.retryAfterMs;
    } else if (thrown instanceof Error && "exitCode" in thrown) {
      throw thrown;
    } else {
      this.why = `The stream was lost: ${networkReason(thrown)}`;
    }
  }

  /**
   * Returns the item for a stream that has sent nothing but keep-alives for long: whether it would send more is
   * unknown.
   */
  #quiet(): StreamItem | null {
    const { clock, quietMs = Infinity } = this.#options;
    const ms = clock.monotonic() - this.#broughtAt;
    if (ms < quietMs) return null;
    const [since, until] = [isoTime(clock.now() - ms), isoTime(clock.now())];
    this.why =
      `The stream has sent only keep-alives since ${since}: there may be no posts, or the stream is stuck`;
    const line = new TextEncoder().encode(JSON.stringify({ keep_alives_only: { since, until } }));
    return { tweets: [], messages: [{ kind: "keep_alives_only", line }] };
  }

  #toItem(lines: Uint8Array[]): { item: StreamItem; ends?: string } {
    const { clock } = this.#options;
    const item: StreamItem = { tweets: [], messages: [] };
    // They arrived together: a clock read for each of many would cost more than its line.
    const [heard, now] = [clock.monotonic(), clock.now()];
    const room = new Room(lines.reduce((sum, line) => sum + line.length + this.#longer, 0));
    for (const line of lines) {
      const read = this.#read(line, room);
      if (this.#damaged > MAX_DAMAGED) break;
      if (!("message" in read)) this.#broughtAt = heard;
      if ("skipped" in read) continue;
      if ("tweet" in read) {
        this.#gotTweet = true;
        this.#longer = Math.max(this.#longer, read.tweet.line.length - line.length);
        this.#delay.add(now - idTime(read.tweet.id));
        item.tweets.push(read.tweet);
        continue;
      }
      const { message } = read;
      item.messages.push({ ...message, kind: this.#kinds.nameFor(message.kind) });
      if (read.ends !== undefined) return { item, ends: read.ends };
    }
    return { item };
  }

  #read(line: Uint8Array, room: Room): StreamLine {
    try {
      const read = this.#options.read(line, room);
      this.#damaged = 0;
      return read;
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      this.#damaged++;
      log.warn("A line of the stream is damaged: {problem}", { problem: thrown.message });
      return { message: { kind: "damaged", line: damagedLine(line) } };
    }
  }
}

/** Frees the memory of lines that nothing in their item is a part of. */
function giveBackUnused(lines: Uint8Array[], { tweets, messages }: StreamItem): void {
  const used = new Set([...tweets, ...messages].map(({ line }) => line.buffer));
  giveBackAll(lines.filter(({ buffer }) => !used.has(buffer)));
}

/** Opens a connection; a stop ends only the opening, as the data of an open one is read first. */
async function openConnection(
  open: StreamOptions["open"],
  { signal, hangUp }: { signal: AbortSignal; hangUp: AbortController },
): Promise<Response> {
  signal.throwIfAborted();
  const stop = () => hangUp.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await open(hangUp.signal);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The delay of tweets: by no clock but against each other, as the clocks of two machines differ. */
class Delay {
  #least = Infinity;
  #last = 0;

  /** Records how many milliseconds after it was made a tweet arrived. */
  add(ms: number): void {
    this.#least = Math.min(this.#least, ms);
    this.#last = ms;
  }

  /** Milliseconds that the last one arrived later than the quickest. */
  get extra(): number {
    return this.#least === Infinity ? 0 : this.#last - this.#least;
  }
}

/** Kinds of messages that are counted separately. */
const MAX_KINDS = 50;

/** The names of messages: they come from outside, and each is counted under its own. */
class Kinds {
  readonly #known = new Set<string>();

  /** Returns the name of a kind, or `other`: for an invalid name, or one beyond the limit of kinds. */
  nameFor(kind: string): string {
    if (this.#known.has(kind)) return kind;
    const isName = /^\w[\w .-]{0,63}$/.test(kind) && !(kind in Object.prototype);
    if (!isName || this.#known.size === MAX_KINDS) return "other";
    this.#known.add(kind);
    return kind;
  }
}

/** Returns a damaged line as a JSON text that keeps every byte: messages.jsonl stays readable. */
function damagedLine(line: Uint8Array): Uint8Array {
  const base64 = line.subarray(0, 1 << 20).toBase64();
  return new TextEncoder().encode(JSON.stringify({ damaged: { bytes: line.length, base64 } }));
}
