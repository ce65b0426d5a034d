import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { AccessError, LockedError, OutsideError, UserError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { logged } from "../fakes/logged.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore, Operation } from "../fakes/memory_store.ts";
import { failing, FILTER, streamed } from "../fakes/slow_stream.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const AWAY = new OutsideError("The store is away");
const HOUR = 3_600_000;

async function ending(store: MemoryStore): Promise<Record<string, unknown>> {
  return await json(store, store.keys().find((key) => key.endsWith("/harvest.json")) ?? "");
}

Deno.test("a store that is gone for ten minutes in the middle of a stream costs no tweet", async () => {
  const said = await logged(async () => {
    const { store, harvested, ids } = await streamed(16, failing(AWAY, 3, 13));
    await harvested;
    assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
    assert.equal((await ending(store)).outcome, "complete");
  });
  assert.match(said, /kept on this machine's disk, for 60 minutes at most\. The store is away/);
  assert.match(said, /The bucket is available again/);
});

Deno.test("a store that is gone when the stream ends gets everything once it is back", async () => {
  const { store, harvested, ids } = await streamed(7, failing(AWAY, 3));
  await harvested;
  assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
});

Deno.test("credentials that end in the middle of a stream cost no tweet, once somebody signs in again", async () => {
  const { store, harvested, ids } = await streamed(9, failing(new AccessError("Expired"), 3, 7));
  await harvested;
  assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
});

Deno.test("a store that does not answer for minutes keeps nobody from reading the stream, and is told of", async () => {
  const answered = Promise.withResolvers<void>();
  let hung = 0;
  const said = await logged(async () => {
    const { store, harvested, ids, read } = await streamed(9, (i, store) => {
      const hang = async ({ method }: Operation) => {
        if (method !== "upload" || hung++ > 0) return;
        await answered.promise;
      };
      if (i === 2) store.before = hang;
      if (i === 8) answered.resolve();
    });
    await harvested;
    assert.deepEqual(read, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
  });
  assert.ok(hung > 1);
  assert.match(said, /bucket is slow to respond/);
});

Deno.test("no more is kept on this machine's disk than may be: nothing is read until the store takes some", async () => {
  const { store, harvested, ids, read } = await streamed(10, failing(AWAY, 1, 7), {
    bufferBytes: 500,
  });
  await harvested;
  assert.ok((read[6] ?? 0) < 5, `${read}`);
  assert.equal(read.at(-1), 10, "what waited is read once the store is back");
  assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
});

Deno.test("what only the person can change ends the harvest at once, although its stream is silent", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 1 });
  const [status] = world.search("sandbox", { count: 1 });
  assert.ok(status);
  const store = await added(FILTER);
  const item: StreamItem = {
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
  };
  const api = new WorldApi(world, { script: [item, item] });
  let asked = 0;
  api.before = async (_call, signal) => {
    if (asked++ === 0) return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  store.before = ({ method }) => {
    if (method === "upload") throw new UserError("The disk of bucket memory is full");
  };
  await assert.rejects(run(store, api, { patienceMs: HOUR }), /disk of bucket memory is full/);
});

Deno.test("a walk whose store fails for a moment fetches nothing twice", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 100 });
  const store = await added({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } });
  let uploads = 0;
  store.before = ({ method }) => {
    if (method === "upload" && ++uploads === 2) throw AWAY;
  };
  const api = new WorldApi(world);
  const clock = new ManualClock();
  let isOver = false;
  const harvested = run(store, api, { clock, patienceMs: HOUR }).finally(() => isOver = true);
  while (!isOver) await clock.advance(1_000);
  await harvested;
  const ids = await tweets(store);
  assert.deepEqual([ids.length, new Set(ids).size], [100, 100]);
});

Deno.test("a source ends for the reason for which nothing more may be recorded: what it leaves behind may be another's", async () => {
  const store = await added(FILTER);
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 1 });
  const [status] = world.search("sandbox", { count: 1 });
  assert.ok(status);
  const item: StreamItem = { tweets: [{ id: `${status.id}`, line: status.bytes() }], messages: [] };
  const api = new WorldApi(world, { script: [item, item] });
  let reason: unknown;
  let asked = 0;
  api.before = async (_call, signal) => {
    if (asked++ === 0) {
      const key = "collections/c/checkpoint.json";
      const other = { ...await json(store, key), holder: "other", commits: 99 };
      return void await store.put(key, new TextEncoder().encode(JSON.stringify(other)));
    }
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
  };
  await assert.rejects(run(store, api), LockedError);
  assert.ok(reason instanceof LockedError);
});

Deno.test("a bucket that is away only when the harvest is told of costs neither its telling nor its exit code", async () => {
  const clock = new ManualClock();
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 20 });
  const store = await added({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } });
  let tries = 0;
  store.before = ({ method, key }) => {
    if (method === "put" && key.endsWith("/harvest.json") && ++tries < 3) throw AWAY;
  };
  let isOver = false;
  const harvested = run(store, new WorldApi(world), { clock, patienceMs: HOUR })
    .finally(() => isOver = true);
  while (!isOver) await clock.advance(1_000);
  await harvested;
  assert.equal(tries, 3);
  assert.equal((await ending(store)).outcome, "complete");
});
