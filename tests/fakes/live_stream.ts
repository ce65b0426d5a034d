/**
 * A stream over hours that a test's clock passes: harvests that end at fixed times, tweets that come late, connections
 * that break, and the search that finds all of it again.
 */

import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { Page, PageAt, StreamItem } from "../../lib/twitter/api.ts";
import { idTime, isOlder, timeId } from "../../lib/twitter/bytes/ids.ts";
import { toPage } from "../../lib/twitter/v2/page.ts";
import { ManualClock } from "./manual_clock.ts";
import type { MemoryStore } from "./memory_store.ts";
import { unsyncedFiles } from "./unsynced_files.ts";
import { added, KEYS, run } from "./whole_harvest.ts";
import { WorldApi } from "./world_api.ts";

/** Tweets of a page of search. */
const PAGE = 20;
/** Milliseconds of a step of the clock: all that came in it arrives at its end. */
const STEP_MS = 5_000;

/** What a harvester is to see. */
export interface Listening {
  /** How long it listens, in milliseconds. */
  ms: number;
  /** A harvest ends at each multiple of this; 0 for never. */
  msPerHarvest?: number;
  /** Tweets of a file. */
  tweetsPerFile?: number;
  /** Milliseconds between two tweets. */
  everyMs?: number;
  /** Returns by how many milliseconds a tweet is late. @param nth Its number, from 0. */
  lateMs?: (nth: number) => number;
  /** When nothing is posted: milliseconds since the harvester began. */
  quiet?: { from: number; to: number }[];
  /** When the connection is lost, and when there is another one: milliseconds since the harvester began. */
  outages?: { from: number; to: number }[];
  /** Whether it is stopped before it could request what is missing. */
  isHasty?: boolean;
  /** Whether it is killed then, and another machine goes on. */
  isKilled?: boolean;
}

/** A collection of a stream, and all that was posted. */
export class LiveStream {
  readonly clock: ManualClock;
  /** The ids of all tweets, oldest first. */
  readonly posted: string[] = [];
  store: MemoryStore;
  /** How many pages search returns before it takes for ever. */
  pages = Infinity;
  readonly #queries: string[];
  readonly #isPaged: boolean;

  private constructor(clock: ManualClock, store: MemoryStore, { queries = ["x"], isPaged }: {
    queries?: string[];
    isPaged: boolean;
  }) {
    this.clock = clock;
    this.store = store;
    this.#queries = queries;
    this.#isPaged = isPaged;
  }

  /** @param queries Rules of version 2: of two, each third tweet matches one, the other, or both. */
  static async open(
    { api = "2", start, rules = ["x"] }: { api?: "1.1" | "2"; start?: number; rules?: string[] } =
      {},
  ): Promise<LiveStream> {
    const clock = new ManualClock(start);
    const filter = api === "2"
      ? { rules: rules.map((value) => ({ value })) }
      : { track: rules.join() };
    const store = await added({ id: "c", type: "filter", api, keys: KEYS, filter }, clock);
    return new LiveStream(clock, store, { queries: rules, isPaged: api === "2" });
  }

  /** Has a harvester listen, and stops it. */
  async listen(
    {
      ms,
      msPerHarvest = 0,
      tweetsPerFile = 10,
      everyMs = 2_000,
      lateMs = () => 0,
      quiet = [],
      outages = [],
      isHasty,
      isKilled,
    }: Listening,
  ): Promise<void> {
    const feed = new Feed();
    const harvester = this.#harvester(feed, { msPerHarvest, tweetsPerFile });
    await this.#opened(feed);
    const start = this.clock.now();
    let coming: { id: string; at: number }[] = [];
    let next = 0;
    const isIn = (some: { from: number; to: number }[], at: number) =>
      some.some(({ from, to }) => at >= from && at < to);
    const isDown = (at: number) => isIn(outages, at);
    let lost: number | undefined;
    for (let at = 0; at < ms; at += STEP_MS) {
      if (isDown(at) && lost === undefined) {
        lost = this.clock.now();
        feed.give({ tweets: [], messages: [], lost });
      }
      if (!isDown(at) && lost !== undefined) {
        const gap = { from: lost, to: this.clock.now(), why: "The connection was lost" };
        feed.give({ tweets: [], messages: [], gap });
        lost = undefined;
      }
      await this.clock.advance(STEP_MS);
      for (; next < at + STEP_MS; next += everyMs) {
        if (isIn(quiet, next)) continue;
        const id = this.#post(start + next);
        coming.push({ id, at: idTime(id) + lateMs(this.posted.length - 1) });
      }
      const now = this.clock.now();
      const come = coming.filter((one) => one.at <= now).toSorted((a, b) => a.at - b.at);
      coming = coming.filter((one) => one.at > now);
      if (lost === undefined) { for (const { id } of come) feed.give(this.#item(id)); }
    }
    if (!isHasty && !isKilled) await this.#filled();
    // What it still does is for nobody.
    if (isKilled) this.store = this.store.copy();
    await harvester.stop();
  }

  /** Has a harvester request what is due, while nothing else comes. */
  async fill(): Promise<void> {
    const feed = new Feed();
    const harvester = this.#harvester(feed, {});
    await this.#opened(feed);
    await this.#filled();
    await harvester.stop();
  }

  /** Lets time pass in which nobody listens; one tweet is posted then. */
  async pause(ms: number): Promise<void> {
    await this.clock.advance(ms / 2);
    this.#post();
    await this.clock.advance(ms / 2);
  }

  #harvester(feed: Feed, limits: { msPerHarvest?: number; tweetsPerFile?: number }) {
    const stop = new AbortController();
    const api = new WorldApi(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }));
    api.stream = (_, signal) => feed.items(signal);
    api.search = async (query, at, signal) => {
      if (this.pages-- > 0) return this.#search(query, at);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    };
    let isOver = false;
    const { store, clock } = this;
    const ended = run(store, api, {
      ...limits,
      clock,
      files: unsyncedFiles,
      signal: stop.signal,
    }).finally(() => isOver = true);
    ended.catch(() => {});
    return {
      stop: async () => {
        stop.abort();
        while (!isOver) await clock.advance(STEP_MS);
        await ended;
      },
    };
  }

  async #opened(feed: Feed): Promise<void> {
    while (!feed.isOpen) await this.clock.advance(STEP_MS);
  }

  /** Waits until every walk that requests a gap is done. */
  async #filled(): Promise<void> {
    for (let s = 0; s < 600; s++) {
      const { positions = {} } = await readCheckpoint(this.store, "c") ?? {};
      const isDue = ([name, at]: [string, unknown]) => name.startsWith("gap:") && at !== "whole";
      // One that was just found may not be in a checkpoint.
      if (s > 2 && !Object.entries(positions).some(isDue)) return;
      await this.clock.advance(STEP_MS);
    }
    throw new Error(`Gaps of ${collectionKeys("c").checkpoint} stay due`);
  }

  #post(at = this.clock.now()): string {
    const made = timeId(at);
    const last = this.posted.at(-1) ?? "0";
    const id = isOlder(last, made) ? made : `${BigInt(last) + 1n}`;
    this.posted.push(id);
    return id;
  }

  #item(id: string): StreamItem {
    return {
      tweets: [{ id, line: this.#isPaged ? bytes({ data: tweet(id) }) : old(id) }],
      messages: [],
    };
  }

  #search(query: string, at: PageAt): Page {
    const which = this.#queries.indexOf(query);
    const others = this.#queries.length;
    const isOf = (n: number) => others === 1 || n % 3 === 2 || n % 3 === which;
    const end = at.next ?? at.untilId;
    const found = this.posted.filter((id, n) =>
      isOf(n) && (end === undefined || isOlder(id, end)) &&
      (at.sinceId === undefined || isOlder(at.sinceId, id)) && idTime(id) < this.clock.now()
    ).toReversed();
    const ids = found.slice(0, PAGE);
    const next = found.length > PAGE ? ids.at(-1) : undefined;
    const meta = { result_count: ids.length, ...(next === undefined ? {} : { next_token: next }) };
    const traits = {};
    const answer = {
      ids,
      next,
      traits,
      author: undefined,
      isPage: true,
      problems: [],
      isOneLine: true,
    };
    return toPage(answer, at, () => bytes({ data: ids.map(tweet), meta }));
  }
}

/** What a connection brings. */
class Feed {
  isOpen = false;
  #items: StreamItem[] = [];
  #wake = () => {};

  give(item: StreamItem): void {
    this.#items.push(item);
    this.#wake();
  }

  async *items(signal: AbortSignal): AsyncGenerator<StreamItem> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    this.isOpen = true;
    yield { tweets: [], messages: [] };
    for (;;) {
      const item = this.#items.shift();
      if (item) yield item;
      else if (signal.aborted) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

function tweet(id: string) {
  return { id, text: `x ${id}` };
}

function old(id: string): Uint8Array {
  return bytes({ id_str: id, text: "x" });
}

function bytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json));
}
