/** A stream of a tweet a minute into a bucket in memory, which fails when a test says so. */

import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { ManualClock } from "./manual_clock.ts";
import type { MemoryStore } from "./memory_store.ts";
import { unsyncedFiles } from "./unsynced_files.ts";
import { added, KEYS, run } from "./whole_harvest.ts";
import { WorldApi } from "./world_api.ts";

/** A collection with such a stream. */
export const FILTER = { id: "c", type: "filter", keys: KEYS, filter: { track: "x" } };

/** What a stream is, and stands, when a minute of it begins. */
export interface Minute {
  clock: ManualClock;
  api: WorldApi;
}

/** A stream of a tweet a minute; `minute` is called before each, and says what becomes of the store from then on. */
export async function streamed(
  minutes: number,
  minute: (i: number, store: MemoryStore, place: Minute) => void,
  { beside = () => ({}), start, config = FILTER, ...options }:
    & Partial<Parameters<typeof run>[2]>
    & {
      /** What comes with a tweet, by its number. */
      beside?: (i: number) => Partial<StreamItem>;
      /** When it begins, in milliseconds since 1970. */
      start?: number;
      config?: Parameters<typeof added>[0];
    } = {},
) {
  const clock = new ManualClock(start);
  // The first is made when the stream begins, and each comes when it is made.
  const end = { ...systemClock, now: () => clock.now() + minutes * 60_000 };
  const world = World.create({ clock: end, users: 1, tweetsPerUser: minutes });
  const statuses = world.search("sandbox", { count: minutes }).toReversed();
  const script = statuses.map((status, i): StreamItem => ({
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
    ...beside(i),
  }));
  const store = await added(config, clock);
  const api = new WorldApi(world, { script });
  const gates = script.map(() => Promise.withResolvers<void>());
  let asked = 0;
  api.before = () => gates[asked++]?.promise;
  let isOver = false;
  const harvested = run(store, api, {
    clock,
    files: unsyncedFiles,
    flushMs: 15_000,
    tweetsPerFile: 4,
    patienceMs: 3_600_000,
    ...options,
  }).finally(() => isOver = true);
  harvested.catch(() => {});
  while (asked === 0 && !isOver) await new Promise((resolve) => setTimeout(resolve));
  const read: number[] = [];
  for (const [i, gate] of gates.entries()) {
    minute(i, store, { clock, api });
    gate.resolve();
    for (let s = 0; s < 60 && !isOver; s += 10) await clock.advance(10_000);
    read.push(api.sent.length);
  }
  store.before = () => {};
  while (!isOver) await clock.advance(5_000);
  return { store, harvested, ids: statuses.map((status) => `${status.id}`), read };
}

/** The store fails with an error from one minute on, until another. */
export function failing(error: Error, from: number, to = Infinity) {
  return (i: number, store: MemoryStore) => {
    if (i === from) {
      store.before = () => {
        throw error;
      };
    }
    if (i === to) store.before = () => {};
  };
}
