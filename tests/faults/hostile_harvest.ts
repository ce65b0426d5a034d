/** The real harvest in front of a hostile API, and an independent look at what came of it. */

import { X } from "../../lib/source/x.ts";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { harvest } from "../../harvester.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { TwarcCloudError } from "../../lib/base/errors.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { IdleClock } from "../fakes/idle_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { placeIn } from "../fakes/spool_places.ts";
import { KEYS as USER_KEYS } from "../fakes/whole_harvest.ts";
import { type ApiVersion, HostileApi, type Twist } from "./hostile_api.ts";
import { readBucket } from "./reader.ts";

/** The types of collections that are harvested here. */
export type Type = "user_timeline" | "search" | "filter";

/** When it all happens, in milliseconds since 1970; ids tell their times. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Keys for everything. */
export const KEYS = { ...USER_KEYS, bearer_token: "e" };
const HOUR = 3_600_000;
/** Bytes of an answer that are read in a turn of the event loop, at least. */
const TURN = 10_000;
/** Turns that a stream's tweets may take to arrive. */
const PATIENCE = 2_000;

/** Ids of tweets, one a minute, newest first. @param ago Milliseconds since the newest. */
export function ids(count: number, ago = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const ms = BigInt(NOW - ago - (i + 1) * 60_000) - 1_288_834_974_657n;
    return `${(ms << 22n) + BigInt(i)}`;
  });
}

/** What came of harvests. */
export interface Result {
  /** Tweets that the API has and the bucket has not. */
  lost: string[];
  twice: string[];
  /** Tweets that are there and that the API does not have. */
  strays: string[];
  unreadable: string[];
  unlisted: string[];
  /** What the last harvest ended with; null where all was well. */
  error: string | null;
}

/** A result without fault. */
export const WHOLE: Result = {
  lost: [],
  twice: [],
  strays: [],
  unreadable: [],
  unlisted: [],
  error: null,
};

/** A collection of one user, one search or one stream, in memory. */
export class HostilePlace {
  readonly store = new MemoryStore();
  readonly api: HostileApi;
  readonly clock: IdleClock;
  /** Milliseconds that an answer may take: more than on the busiest machine, but where a test waits for the end. */
  answerTimeout = 60_000;
  /** Milliseconds that an API may be in trouble which has worked. */
  patienceMs = 0;
  /** For streams that have nothing more to send. */
  isQuiet = false;
  readonly #type: Type;

  constructor(version: ApiVersion, type: Type, { has = ids(50), twist = () => null }: {
    has?: string[];
    twist?: Twist;
  } = {}) {
    this.#type = type;
    this.api = new HostileApi(version, has, twist);
    // Hours pass here, of which much is sent again: it need not be as careful as it may.
    const rests = { afterTouch: 6, afterWaking: 1 };
    this.clock = new IdleClock({ isBusy: () => this.api.isBusy, start: NOW, rests });
    this.api.now = () => this.clock.now();
    this.api.onSent = (bytes) => {
      this.clock.release();
      this.clock.touch(Math.max(rests.afterTouch, bytes / TURN));
    };
  }

  /** Makes the collection. */
  async begin(): Promise<void> {
    const { version } = this.api;
    const common = { id: "c", api: version, keys: KEYS };
    const own = {
      user_timeline: { users: { "1": {} } },
      search: { search: { query: "x" } },
      filter: { filter: version === "2" ? { rules: [{ value: "x" }] } : { track: "x" } },
    }[this.#type];
    const config = { ...common, type: this.#type, ...own };
    await new Collections(this.store, this.clock).add(config);
  }

  /**
   * Harvests once; what it ends with, as a person reads it.
   * @param hours Of the clock, after which it is told to stop; a walk that needs more goes on for ever.
   */
  async harvest(hours = 48): Promise<string | null> {
    const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-hostile-" });
    const stop = new AbortController();
    const over = new AbortController();
    // Until it asks for the first time, which takes as long as it takes.
    this.clock.hold();
    void this.clock.sleep(hours * HOUR, over.signal).then(async () => {
      if (this.#type === "filter" && !over.signal.aborted) await this.#arrived(over.signal);
      stop.abort();
    });
    try {
      await harvest({
        collectionId: "c",
        store: this.store,
        clock: this.clock,
        limits: {
          tweetsPerFile: 1_000,
          msPerFile: HOUR,
          flushMs: 15_000,
          msPerHarvest: 86_400_000,
          patienceMs: this.patienceMs,
          bufferBytes: 2 ** 30,
        },
        openNetwork: async () => {
          const api = await openApi({
            version: this.api.version,
            keys: KEYS,
            clock: this.clock,
            base: this.api.url,
            answerTimeout: this.answerTimeout,
          });
          return new X(api, this.clock);
        },
        control: { hostname: "127.0.0.1", port: 0, secret: () => Promise.resolve("secret") },
        process: { host: "here", pid: 1 },
        isGone: () => true,
        spool: await placeIn(parent),
        shutdown: true,
        monitor: false,
        signal: stop.signal,
      });
      const { outcome } = JSON.parse(await this.text(/\/harvest\.json$/) ?? "{}");
      if (this.#type !== "filter") {
        assert.equal(outcome, "complete", "It would have gone on for ever");
      }
      return null;
    } catch (error) {
      if (error instanceof TwarcCloudError) return error.message;
      throw error;
    } finally {
      over.abort();
      await Deno.remove(parent, { recursive: true });
    }
  }

  /** What a stream sends takes time on a machine that is busy, however quickly the clock goes. */
  async #arrived(signal: AbortSignal): Promise<void> {
    for (let turns = 0; turns < PATIENCE && !signal.aborted; turns++) {
      const { tweets } = await readBucket(this.store);
      if (this.api.ids.every((id) => tweets.has(id))) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What is in the bucket, after a harvest that ended with `error`. */
  async look(error: string | null): Promise<Result> {
    assert.ok(!this.api.isEndless, "It asked for ever");
    const { tweets, unreadable, unlisted } = await readBucket(this.store);
    return {
      lost: this.api.ids.filter((id) => !tweets.has(id)),
      twice: [...tweets].filter(([, files]) => files.length > 1).map(([id]) => id),
      strays: [...tweets.keys()].filter((id) => !this.api.ids.includes(id)),
      unreadable,
      unlisted,
      error,
    };
  }

  /** The lines of every tweets file, as they are in the bucket. */
  async tweetsText(): Promise<Buffer> {
    const files = this.store.keys().filter((key) => key.includes("/tweets-"));
    const all = await Promise.all(files.map(async (key) => (await this.store.get(key))?.bytes));
    return Buffer.concat(all.map((bytes) => gunzipSync(bytes ?? new Uint8Array())));
  }

  /** An object of the bucket as text; null where it is not there. */
  async text(name: RegExp): Promise<string | null> {
    return (await this.texts(name)).at(-1) ?? null;
  }

  /** What is in all objects of a name, by their keys. */
  async texts(name: RegExp): Promise<string[]> {
    const keys = this.store.keys().filter((key) => name.test(key));
    const found = await Promise.all(keys.map((key) => this.store.get(key)));
    return found.flatMap((one) => one ? [new TextDecoder().decode(one.bytes)] : []);
  }

  async close(): Promise<void> {
    this.clock.close();
    await this.api.close();
  }
}

/** Uses a place, and ends it. */
export async function inHostilePlace(
  place: HostilePlace,
  use: (place: HostilePlace) => Promise<void>,
): Promise<void> {
  try {
    await place.begin();
    await use(place);
  } finally {
    await place.close();
  }
}
