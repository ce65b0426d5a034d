import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { unlock } from "../../lib/bucket/lock.ts";
import { listedFiles } from "../../lib/bucket/listing.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { UndeletableError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, json, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

/** The ids of the tweets in all files that manifests list. */
async function listed(store: MemoryStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key } of listedFiles(store, "c")) {
    const bytes = (await store.get(key))?.bytes ?? assert.fail(key);
    const lines = gunzipSync(bytes).toString().trimEnd().split("\n");
    for (const line of lines) ids.push(JSON.parse(line).id_str);
  }
  return ids;
}

Deno.test("a bucket that allows no deletion takes whole harvests, one after the other, and a lock that is given back", async () => {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 25 });
  const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
  const store = await added({ id: "c", type: "user_timeline", keys: KEYS, users });
  let refused = 0;
  store.delete = () => {
    refused++;
    return Promise.reject(new UndeletableError("AWS does not allow it"));
  };
  for (const _ of [1, 2]) {
    await run(store, new WorldApi(world));
    assert.equal(await json(store, "collections/c/lock.json"), null);
  }
  const ids = await listed(store);
  assert.ok(refused > 2, "nothing was to be deleted");
  assert.ok(ids.length > 0);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(await unlock(store, "c"), undefined);
  const { faults } = await verify({
    store,
    clock: systemClock,
    collectionId: "c",
    isGone: () => null,
    onFile: () => {},
    signal: new AbortController().signal,
  });
  for (const { says } of faults) assert.equal(says, "the manifest does not list it");
});

Deno.test("a lock is removed by hand where nothing can be deleted", async () => {
  const store = await added({ id: "c", type: "search", keys: KEYS, search: { query: "a" } });
  store.delete = () => Promise.reject(new UndeletableError("AWS does not allow it"));
  const [time, key] = ["2026-01-02T03:04:05.000Z", "collections/c/lock.json"];
  const times = { acquired: time, renewed: time, expires: time };
  const lock = JSON.stringify({ holder: "h", host: "there", pid: 1, ...times });
  await store.put(key, new TextEncoder().encode(lock));
  assert.equal((await unlock(store, "c"))?.holder, "h");
  assert.equal(await json(store, key), null);
  assert.equal(await unlock(store, "c"), undefined);
});
