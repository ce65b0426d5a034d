/** Streams: tweets while they are published, messages between them, keep-alives; POST statuses/filter. */

import type { Clock } from "../../base/clock.ts";
import { joinJson } from "../answers.ts";
import type { Status } from "../corpus.ts";
import type { TroubleKind, Troubles } from "../trouble.ts";
import { EVERYTHING } from "../query.ts";
import type { World } from "../world.ts";

/** Options of streams. */
export interface StreamOptions {
  clock: Clock;
  keepAliveMs: number;
  /** Tweets before a lost connection that are repeated after it. */
  replay: number;
  /** Called with each tweet that is sent in full. */
  onSent?: ((status: Status) => void) | undefined;
}

const PATH = "/1.1/statuses/filter.json";
const encoder = new TextEncoder();

/** Returns whether a tweet matches: any of the phrases of `track` (all of its words), or any author of `follow`. */
export function streamMatcher(parameters: Map<string, string>): (status: Status) => boolean {
  const parts = (name: string) =>
    (parameters.get(name) ?? "").toLowerCase().split(",").map((part) => part.trim()).filter(
      Boolean,
    );
  const phrases = parts("track").map((phrase) => phrase.split(/\s+/));
  const authors = new Set(parts("follow"));
  return (status) =>
    authors.has(status.userId) ||
    phrases.some((words) =>
      words.every((word) => word === EVERYTHING || status.words().includes(word))
    );
}

/** The format of a version of the API on its streams. */
export interface Wire {
  /** A tweet as a line, without its end. */
  line: (status: Status) => Uint8Array;
  /** The message that ends a stream. */
  farewell: (code: number, reason: string) => unknown;
}

const V1_WIRE: Wire = {
  line: (status) => status.bytes(),
  farewell: (code, reason) => ({ disconnect: { code, stream_name: "sandbox-statuses", reason } }),
};

/** The state of a client's streams. */
export interface Listener {
  /** Sent last, oldest first. */
  recent: Status[];
  /** The tweet that was being sent when the connection was lost. */
  unsent: Status | null;
  connection: Connection | null;
}

/** Tweets that can be repeated. */
const REMEMBERED = 1_000;

/** Returns the state of a new client. */
export function newListener(): Listener {
  return { recent: [], unsent: null, connection: null };
}

/** Returns the tweets to repeat on a new connection: some of those sent, and the one that was cut. */
export function takeAgain(listener: Listener, replay: number): Status[] {
  const again = replay > 0 ? listener.recent.splice(-replay) : [];
  if (listener.unsent) again.push(listener.unsent);
  listener.unsent = null;
  return again;
}

/** The streams that are open; a token has one at a time. */
export class Streams {
  readonly #world: World;
  readonly #troubles: Troubles;
  readonly #options: StreamOptions;
  readonly #listeners = new Map<string, Listener>();

  constructor(world: World, troubles: Troubles, options: StreamOptions) {
    this.#world = world;
    this.#troubles = troubles;
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#connections().length;
  }

  /** Whether all of their output has been sent to the network. */
  get areSent(): boolean {
    return this.#connections().every(({ isSent }) => isSent);
  }

  /** Opens a stream; an open one of the same token is disconnected. */
  open(token: string, parameters: Map<string, string>): Response {
    const listener = this.#listeners.get(token) ?? newListener();
    this.#listeners.set(token, listener);
    listener.connection?.disconnect(2, "duplicate stream");
    const trouble = () => this.#troubles.next(PATH);
    const connection = new Connection(listener, V1_WIRE, { ...this.#options, trouble });
    listener.connection = connection;
    const again = takeAgain(listener, this.#options.replay);
    const matches = streamMatcher(parameters);
    const stopListening = this.#world.listen((status) => {
      if (matches(status)) connection.send(status);
    });
    const response = connection.open(() => {
      stopListening();
      if (listener.connection === connection) listener.connection = null;
    });
    for (const status of again) connection.send(status);
    return response;
  }

  /** Sends a message on every open stream. */
  say(message: unknown): void {
    for (const connection of this.#connections()) connection.say(message);
  }

  /** Ends every stream. */
  close(): void {
    for (const connection of this.#connections()) connection.end();
  }

  #connections(): Connection[] {
    return [...this.#listeners.values()].flatMap(({ connection }) =>
      connection ? [connection] : []
    );
  }
}

/** One open stream. */
export class Connection {
  readonly #listener: Listener;
  readonly #wire: Wire;
  readonly #options: Pick<StreamOptions, "clock" | "keepAliveMs" | "onSent">;
  readonly #trouble: () => TroubleKind | null;
  readonly #ended = new AbortController();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isSilent = false;

  /** @param options.trouble The trouble of the next tweet. */
  constructor(
    listener: Listener,
    wire: Wire,
    options: Pick<StreamOptions, "clock" | "keepAliveMs" | "onSent"> & {
      trouble: () => TroubleKind | null;
    },
  ) {
    this.#listener = listener;
    this.#wire = wire;
    this.#options = options;
    this.#trouble = options.trouble;
  }

  /** @param onEnd Called once, when it has ended, from either side. */
  open(onEnd: () => void): Response {
    this.#ended.signal.addEventListener("abort", onEnd, { once: true });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#ended.abort(),
    });
    void this.#keepAlive();
    return new Response(body, { headers: { "content-type": "application/json" } });
  }

  /** Whether all of its output has been sent to the network. */
  get isSent(): boolean {
    return this.#ended.signal.aborted || (this.#controller?.desiredSize ?? 1) > 0;
  }

  /** Sends a tweet, or applies a trouble to it. */
  send(status: Status): void {
    if (this.#ended.signal.aborted) return;
    const trouble = this.#isSilent ? "stall" : this.#trouble();
    if (trouble === null) {
      this.#write(joinJson([this.#wire.line(status), "\r\n"]));
      this.#listener.recent = [...this.#listener.recent, status].slice(-REMEMBERED);
      this.#options.onSent?.(status);
      return;
    }
    this.#listener.unsent ??= status;
    const line = this.#wire.line(status);
    const half = line.subarray(0, Math.floor(line.length / 2));
    if (trouble === "stall") {
      this.#isSilent = true;
    } else if (trouble === "disconnect") {
      this.disconnect(12, "shed load");
    } else {
      this.#write(half);
      if (trouble === "cut") void this.#breakOff();
      else this.end();
    }
  }

  /** Sends a message, or a line as it is. */
  say(message: unknown): void {
    const line = message instanceof Uint8Array ? message : JSON.stringify(message);
    this.#write(joinJson([line, "\r\n"]));
  }

  /** Announces the end, and ends. */
  disconnect(code: number, reason: string): void {
    this.say(this.#wire.farewell(code, reason));
    this.end();
  }

  /** Ends cleanly. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#controller?.close();
  }

  async #breakOff(): Promise<void> {
    this.#ended.abort();
    // Earlier output has to be on its way, or it would be discarded with the connection.
    await this.#options.clock.sleep(20);
    this.#controller?.error(new Error("cut"));
  }

  #write(bytes: Uint8Array): void {
    if (!this.#ended.signal.aborted) this.#controller?.enqueue(bytes);
  }

  async #keepAlive(): Promise<void> {
    const { clock, keepAliveMs } = this.#options;
    while (!this.#ended.signal.aborted) {
      await clock.sleep(keepAliveMs, this.#ended.signal);
      try {
        if (!this.#isSilent) this.#write(encoder.encode("\r\n"));
      } catch {
        // The connection broke without an announcement.
        this.#ended.abort();
      }
    }
  }
}
