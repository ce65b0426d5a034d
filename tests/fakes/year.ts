/**
 * A year of one stream, played by a clock that stands still until all is committed: the real source, recorder and
 * committer, with a few tweets a day, and a gap each day that is searched for. A process of its own, with --expose-gc;
 * it prints what memory and the checkpoint took on some days. Its arguments are the days of a harvest, 0 for one only, and
 * the bytes that leak with each day.
 */

import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { beginNext } from "../../lib/bucket/next_harvest.ts";
import { projectManifest, settle } from "../../lib/bucket/projection.ts";
import type { Clock } from "../../lib/base/clock.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { FilterSource } from "../../lib/source/filter.ts";
import { Recorder } from "../../lib/harvest/recorder.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { placeBeside } from "../../lib/harvest/recovery/spool_place.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";
import { World } from "../../lib/sandbox/world.ts";
import { Waits } from "../../lib/base/waits.ts";
import { DAY } from "./seam.ts";
import type { MemoryStore } from "./memory_store.ts";
import { placeIn } from "./spool_places.ts";
import { unsyncedFiles } from "./unsynced_files.ts";
import { added, KEYS, tweets } from "./whole_harvest.ts";
import { WorldApi } from "./world_api.ts";

/** What the year was like. */
export interface Year {
  harvests: number;
  tweets: number;
  /** What it took after a collection on the days that are compared. */
  looks: Look[];
}

/** Bytes on a day. */
export interface Look {
  day: number;
  /** Of objects. */
  heap: number;
  /** Of buffers, without what the store has, which is in memory here. */
  buffers: number;
  checkpoint: number;
}

const START = Date.UTC(2026, 0, 1);
const DAYS = 365;
/** The days on which memory is looked at: some early ones, and the last ones. */
const LOOKED_AT = [48, 51, 54, 57, 60, 353, 356, 359, 362, 365];
/** Tweets come at these hours. */
const HOURS = [8, 16];

/** A clock that passes as the stream says. */
class StreamClock implements Clock {
  #now = START;
  readonly #sleepers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - START;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.set(wake, this.monotonic() + ms);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Moves on, and wakes all who slept until then. */
  goTo(time: number): void {
    this.#now = time;
    for (const [wake, at] of [...this.#sleepers]) if (at <= this.monotonic()) wake();
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

async function play(parent: string, days: number, leak: number): Promise<Year> {
  const clock = new StreamClock();
  const config = { id: "c", type: "filter", api: "2", keys: KEYS, filter: { track: "x" } };
  const store = await added(config, clock);
  const place = { ...await placeIn(parent), files: unsyncedFiles };
  const options = { collectionId: "c", type: "filter", holder: "here", clock };
  const checkpoint = await Checkpoint.open(store, options);
  const keys = collectionKeys("c");
  const versions = new Map();
  const collections = new Collections(store, clock);
  const target = { store, collections, collectionId: "c", versions };
  await checkpoint.begin(START, { walks: 1, type: "filter" });
  const year: Year = { harvests: 0, tweets: 0, looks: [] };
  const leaked: string[] = [];
  /** Takes what is over out of the store, which is in memory. */
  const count = async (began: number) => {
    year.harvests++;
    year.tweets += (await tweets(store)).length;
    const folder = keys.harvest(began);
    for (const key of store.keys()) if (key.startsWith(folder)) await store.delete(key);
  };
  const recorder: Recorder = new Recorder({
    store,
    checkpoint,
    folder: keys.harvest(START),
    clock,
    patienceMs: 0,
    lost: new AbortController().signal,
    waits: new Waits(),
    guard: () => {},
    project: () => projectManifest(target, checkpoint.state),
    spool: await Spool.open(place),
    nextSpool: () => Spool.open(placeBeside(place, { host: "here", pid: 1 })),
    next: async (began) => {
      const { began: before } = checkpoint.state;
      const folder = await beginNext(target, checkpoint, began);
      await count(before);
      return folder;
    },
    limits: {
      tweetsPerFile: 1_000,
      msPerFile: 1_800_000,
      flushMs: 0,
      msPerHarvest: days * DAY,
      patienceMs: 0,
      bufferBytes: 2 ** 30,
    },
  });
  const committed = async () => {
    do await turn(); while (recorder.hasUnstored);
  };
  async function* stream(): AsyncGenerator<StreamItem> {
    for (let day = 1; day <= DAYS; day++) {
      const began = START + (day - 1) * DAY;
      for (const hour of HOURS) {
        clock.goTo(began + hour * 3_600_000);
        yield itemAt(clock.now(), hour === 16);
        await committed();
      }
      if (LOOKED_AT.includes(day)) {
        for (let i = 0; i < 5; i++) {
          gc();
          await turn();
        }
        const { heapUsed: heap, external } = Deno.memoryUsage();
        const checkpoint = (await store.get(keys.checkpoint))?.bytes.length ?? 0;
        year.looks.push({ day, heap, buffers: external - await bytesIn(store), checkpoint });
      }
      if (leak > 0) leaked.push(JSON.stringify({ day, text: "x".repeat(leak) }));
      clock.goTo(began + DAY);
      await committed();
      await committed();
    }
  }
  const api = new WorldApi(World.create({ clock, users: 1, tweetsPerUser: 0 }));
  api.stream = stream;
  // What is remembered is full from the beginning.
  const ids = Array.from(
    { length: 20_000 },
    (_, i) => `${BigInt(timeId(START)) - 20_000n + BigInt(i)}`,
  );
  const from = { stream: { at: START, ids, isStopped: true as const } };
  const wanted = { filter: { track: "x" }, owner: "c", patienceMs: 0 };
  const source = new FilterSource(api, { wanted, queries: ["x"] }, clock);
  await recorder.record(source, from, new AbortController().signal);
  await recorder.finish({ outcome: "complete" });
  await settle(target, checkpoint);
  await count(checkpoint.state.began);
  await recorder.close({ isLeft: false });
  return year;
}

async function bytesIn(store: MemoryStore): Promise<number> {
  let bytes = 0;
  for await (const { size = 0 } of store.list("")) bytes += size;
  return bytes;
}

function itemAt(now: number, hasGap: boolean): StreamItem {
  const id = timeId(now);
  const line = new TextEncoder().encode(JSON.stringify({ id_str: id, text: "x" }));
  const gap = { from: now - 60_000, to: now, why: "The connection was lost" };
  return { tweets: [{ id, line }], messages: [], ...(hasGap ? { gap } : {}) };
}

declare const gc: () => void;

if (import.meta.main) {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-year-" });
  try {
    const [days, leak] = Deno.args.map(Number);
    const year = await play(parent, days ?? 0, leak ?? 0);
    // deno-lint-ignore no-console
    console.log(JSON.stringify(year));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}
