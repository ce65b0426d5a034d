/**
 * Harvests of each type, with real sockets, sources, recorder and committer: what is in memory, after a collection, when
 * some batches have come and when ten times as many have. A process of its own, with --expose-gc; it prints what was seen.
 */

import { systemClock } from "../../lib/base/clock.ts";
import type { CollectionConfig } from "../../lib/collection/types/registry.ts";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { OpenHarvest } from "../../lib/harvest/open_harvest.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { Tally } from "../../lib/harvest/tally.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import { Packed } from "../../lib/base/packed.ts";
import type { UploadOptions, Version } from "../../lib/store/store.ts";
import { Recent } from "../../lib/source/recent.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";
import { Waits } from "../../lib/base/waits.ts";
import { EndlessApi } from "./endless_api.ts";
import { MemoryStore } from "./memory_store.ts";
import { placeIn } from "./spool_places.ts";
import { inTurns } from "./turns.ts";
import { KEYS, run } from "./whole_harvest.ts";

/** What one kind of harvest took. */
export interface Grown {
  type: CollectionConfig["type"];
  api: "1.1" | "2";
  /** Bytes of heap and of what lies outside of it: the most after some batches, the least after ten times as many. */
  memory: number[];
}

declare const gc: () => void;

/** Tweets of a batch, and bytes of a tweet: a few batches that stay are more than all else that may grow. */
const [BATCH, BYTES] = [100, 400];
/** Batches after which memory is looked at first: those of a search are more than the 5,000 ids that it remembers. */
const FIRST: Record<Grown["type"], number> = {
  filter: 20,
  search: 55,
  user_timeline: 20,
  hydrate: 20,
};
/** Users of a harvest that only learns of them. */
const USERS = 3_000;
/** Ids that a stream remembers. */
const REMEMBERED = 20_000;
const TIMES = 10;

/** A store that has no use for what is uploaded. */
class ForgetfulStore extends MemoryStore {
  override async upload(key: string, path: string, options: UploadOptions = {}): Promise<Version> {
    await super.upload(key, path, options);
    return await this.put(key, new Uint8Array());
  }
}

async function grown(type: Grown["type"], api: Grown["api"]): Promise<Grown> {
  const memory: number[] = [];
  const first = FIRST[type] * BATCH;
  const looks = [first, first * TIMES].flatMap((at) => [0, 2, 4].map((more) => at + more * BATCH));
  const before = async (sent: number) => {
    if (sent < (looks[0] ?? Infinity)) return;
    looks.shift();
    memory.push(await settledMemory());
  };
  const tweets = first * TIMES + 6 * BATCH;
  await using server = new EndlessApi({ tweets, bytes: BYTES, page: BATCH, before });
  const store = new ForgetfulStore();
  const config = { id: "c", type, api, keys: KEYS, ...partOf(type, api, tweets) };
  await new Collections(store, systemClock).add(config);
  if (type === "hydrate") await store.put(collectionKeys("c").ids, idText(tweets));
  if (type === "filter") await seed(store);
  const opened = await openApi({
    version: api,
    keys: { ...KEYS, bearer_token: "b" },
    clock: systemClock,
    base: server.url,
    waits: new Waits(),
  });
  await run(store, opened, { flushMs: 100, tweetsPerFile: 5_000 });
  return { type, api, memory: [Math.max(...memory.slice(0, 3)), Math.min(...memory.slice(3))] };
}

/** Ends a harvest that brought as many tweets as are remembered. */
async function seed(store: MemoryStore): Promise<void> {
  const began = Date.now() - 3_600_000;
  const from = BigInt(timeId(began));
  const ids = Array.from({ length: REMEMBERED }, (_, i) => `${from + BigInt(i)}`);
  const options = { collectionId: "c", type: "filter", holder: "before", clock: systemClock };
  const checkpoint = await Checkpoint.open(store, options);
  await checkpoint.begin(began, { walks: 1, type: "filter" });
  const stream = { at: Date.now(), ids, isStopped: true };
  await checkpoint.commit({ state: "settled", positions: { stream } });
}

/** What is asked for: enough users or ids for all batches. */
function partOf(type: Grown["type"], api: Grown["api"], tweets: number): JsonObject {
  switch (type) {
    case "filter": {
      const wanted: JsonObject = api === "2" ? { rules: [{ value: "x" }] } : { track: "x" };
      return { filter: { ...wanted, max_records: tweets } };
    }
    case "search":
      return { search: { query: "x" } };
    case "user_timeline": {
      const ids = Array.from({ length: tweets / BATCH }, (_, i) => `${i + 1}`);
      return { users: Object.fromEntries(ids.map((id) => [id, {}])) };
    }
    case "hydrate":
      return { hydrate: { ids: tweets } };
  }
}

function idText(count: number): Uint8Array {
  const first = BigInt(timeId(Date.now() - 60_000));
  const ids = Array.from({ length: count }, (_, i) => `${first + BigInt(i)}\n`);
  return new TextEncoder().encode(ids.join(""));
}

/**
 * What a harvest of many users, each with a name and a tweet, takes by its last cut, and gives back once that is
 * committed: bytes of a user.
 */
async function ofUsers(count: number): Promise<{ taken: number; givenBack: number }> {
  const temporary = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const clock = systemClock;
    const spool = await Spool.open(await placeIn(temporary));
    const tally = new Tally(count, {});
    const open = new OpenHarvest({
      began: 0,
      positions: {},
      type: "user_timeline",
      spool,
      clock,
      tally,
    });
    const before = await settledMemory();
    for (let i = 0; i < count; i++) {
      const [id, name] = [`${2n ** 62n + BigInt(i)}`, `name${i}`];
      await open.take({
        walk: `user:${id}`,
        position: "whole",
        tweets: [],
        count: 0,
        userChanges: [{ user_id: id, change: "screen name found", screen_name: name }],
        update: { update: { users: { [id]: { since_id: id, screen_name: name } } }, delete: [] },
      });
      // What was cut before is not kept beside what is cut last.
      if (i % (count / 5) === 0) await open.cut(false);
    }
    await open.cut(true);
    const cut = await settledMemory();
    open.forget();
    const after = await settledMemory();
    await spool.close();
    return { taken: (cut - before) / count, givenBack: (cut - after) / count };
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** What is in memory when what a harvest learned of many users is written into their configuration: bytes of a user. */
async function ofLearned(count: number): Promise<number> {
  const store = new MemoryStore();
  const collections = new Collections(store, systemClock);
  const users = Array.from({ length: count }, (_, i) => `${2n ** 62n + BigInt(i)}`);
  const config = { id: "c", type: "user_timeline", api: "2", keys: KEYS };
  await collections.add({ ...config, users: Object.fromEntries(users.map((id) => [id, {}])) });
  const told = new Packed<JsonObject>();
  for (const id of users) told.set(id, { since_id: id, screen_name: `name${id}` });
  const before = await settledMemory();
  let taken = NaN;
  store.before = async ({ method, key }) => {
    if (method === "put" && key === collectionKeys("c").config) {
      taken = await settledMemory() - before;
    }
  };
  const news = { at: Date.now() + 1_000, began: Date.now(), users: told.cut() };
  await collections.learn("c", { update: {}, delete: [] }, news);
  return taken / count;
}

/** Bytes of each id that a stream remembers. */
async function ofRemembered(): Promise<number> {
  const before = await settledMemory();
  const recent = new Recent([]);
  for (let i = 0; i < REMEMBERED * 2; i++) recent.add(`${2n ** 60n + BigInt(i)}`);
  const after = await settledMemory();
  return recent.newest(1)().length * (after - before) / REMEMBERED;
}

/** Bytes in use once what is of no use was collected, and what is under way has come to rest. */
async function settledMemory(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Each type in one of the versions of the API: what differs between those keeps no batches. */
const KINDS = [
  ...inTurns([["filter", "1.1"], ["filter", "2"]] as const, 0),
  ...inTurns([["search", "1.1"], ["search", "2"]] as const, 1),
  ...inTurns([["user_timeline", "1.1"], ["user_timeline", "2"]] as const, 0),
  ["hydrate", "2"],
] as const;

if (import.meta.main) {
  const seen: Grown[] = [];
  for (const [type, api] of KINDS) seen.push(await grown(type, api));
  const users = [await ofUsers(USERS), await ofUsers(USERS * TIMES)];
  const learned = await ofLearned(USERS * TIMES);
  // deno-lint-ignore no-console
  console.log(JSON.stringify({ seen, users, learned, remembered: await ofRemembered() }));
}
