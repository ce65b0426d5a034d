/** A live stream that goes on: reads, notices silence, reconnects as the API asks, tells the gaps. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import { ApiError, messageOf } from "../errors.ts";
import type { Gap, StreamItem, StreamMessage, StreamTweet } from "./api.ts";
import { streamDelay, type Trouble } from "./backoff.ts";
import { linesOf } from "./lines.ts";
import { troubleOf } from "./transport.ts";

const log = getLogger(["twarc-cloud", "stream"]);

/** A connection that lasted this long, in milliseconds, was a good one even without a tweet. */
const GOOD_CONNECTION = 60_000;

/** What a line of a stream is. */
export type StreamLine =
  | { tweet: StreamTweet }
  /** Something that was not asked for. */
  | { skipped: true }
  | {
    message: StreamMessage; /** Set where the API says that it ends the stream. */
    ends?: string;
  };

/** What a live stream is made of. */
export interface StreamOptions {
  /** Opens a connection: one try, whose answer has status 200. */
  open: (signal: AbortSignal) => Promise<Response>;
  /** Tells what a line is; a SyntaxError says that it is damaged. */
  read: (line: Uint8Array) => StreamLine;
  clock: Clock;
  /** Milliseconds of silence after which the stream is opened again. */
  stallMs: number;
  /** Awaited before a stream that was lost is opened again; `signal` may be aborted by then. */
  beforeReopening?: (() => Promise<void>) | undefined;
  signal: AbortSignal;
}

/**
 * What arrives, for as long as `signal` is not aborted.
 * @throws ApiError that trying again does not change; UserError where the keys are at fault.
 */
export async function* liveStream(options: StreamOptions): AsyncGenerator<StreamItem> {
  const { clock, signal } = options;
  const failures: Record<Trouble, number> = { network: 0, server: 0, calm: 0 };
  let lost: { at: number; why: string } | undefined;
  while (!signal.aborted) {
    const connection = new Connection(options);
    let gap = lost && { from: lost.at, why: lost.why };
    try {
      for await (const item of connection.items()) {
        yield gap ? { ...item, gap: { ...gap, to: connection.openedAt } satisfies Gap } : item;
        gap = undefined;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      connection.fail(thrown);
    }
    if (signal.aborted) return;
    if (connection.wasGood) failures.network = failures.server = failures.calm = 0;
    if (!lost || !gap) lost = { at: connection.lastHeard, why: connection.why };
    failures[connection.trouble]++;
    const ms = streamDelay(connection.trouble, failures[connection.trouble]);
    log.warn("{why}. Reconnecting in {seconds} s", { why: connection.why, seconds: ms / 1_000 });
    await clock.sleep(ms, signal);
    await options.beforeReopening?.();
  }
}

/** One connection, from opening to whatever ends it. */
class Connection {
  /** When it was opened, in milliseconds since 1970. */
  openedAt = 0;
  /** When something was last heard, in milliseconds since 1970. */
  lastHeard: number;
  trouble: Trouble = "network";
  why = "The API closed the stream";
  readonly #options: StreamOptions;
  #gotTweet = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.lastHeard = options.clock.now();
  }

  /** Whether it worked: waits start over after such a one. */
  get wasGood(): boolean {
    return this.#gotTweet ||
      (this.openedAt > 0 && this.lastHeard - this.openedAt > GOOD_CONNECTION);
  }

  async *items(): AsyncGenerator<StreamItem> {
    const { open, clock, stallMs, signal } = this.#options;
    const hangUp = new AbortController();
    try {
      const response = await open(AbortSignal.any([signal, hangUp.signal]));
      this.openedAt = clock.now();
      log.info("The stream is open");
      if (!response.body) return;
      yield { tweets: [], messages: [] };
      for await (const lines of linesOf(response.body, { clock, stallMs, signal })) {
        this.lastHeard = clock.now();
        const { item, ends } = this.#itemOf(lines);
        if (item.tweets.length + item.messages.length > 0) yield item;
        if (ends !== undefined) {
          this.why = `The API ended the stream: ${ends}`;
          return;
        }
      }
    } finally {
      hangUp.abort();
    }
  }

  /** Takes in what ended it; throws it on where a new connection would not help. */
  fail(thrown: unknown): void {
    if (thrown instanceof ApiError) {
      const trouble = troubleOf(thrown);
      if (!trouble) throw thrown;
      this.trouble = trouble;
      this.why = thrown.message;
    } else if (thrown instanceof Error && "exitCode" in thrown) {
      throw thrown;
    } else {
      this.why = `The stream was lost: ${messageOf(thrown)}`;
    }
  }

  #itemOf(lines: Uint8Array[]): { item: StreamItem; ends?: string } {
    const item: StreamItem = { tweets: [], messages: [] };
    for (const line of lines) {
      const read = this.#read(line);
      if ("skipped" in read) continue;
      if ("tweet" in read) {
        this.#gotTweet = true;
        item.tweets.push(read.tweet);
        continue;
      }
      item.messages.push(read.message);
      if (read.ends !== undefined) return { item, ends: read.ends };
    }
    return { item };
  }

  #read(line: Uint8Array): StreamLine {
    try {
      return this.#options.read(line);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      log.warn("A line of the stream is damaged: {problem}", { problem: thrown.message });
      return { message: { kind: "damaged", line: damagedLine(line) } };
    }
  }
}

/** What arrived as a JSON text that keeps every byte: messages.jsonl stays readable. */
function damagedLine(line: Uint8Array): Uint8Array {
  const base64 = line.subarray(0, 1 << 20).toBase64();
  return new TextEncoder().encode(JSON.stringify({ damaged: { bytes: line.length, base64 } }));
}
