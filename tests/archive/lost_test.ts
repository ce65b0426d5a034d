import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { gapsIn } from "../../lib/bucket/gaps.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, json, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { ROOT } from "../bucket/verified_bucket.ts";

const CHECKPOINT = `${ROOT}checkpoint.json`;

function collection(store: MemoryStore) {
  const { signal } = new AbortController();
  const [isGone, onFile] = [() => true, () => {}];
  return { store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
}

/** What a repair does, and what is wrong then. */
async function repaired(store: MemoryStore): Promise<{ mended: string[]; faults: string[] }> {
  const mended: string[] = [];
  const options = collection(store);
  const holder = { id: "mender", host: "here", pid: 1 };
  const lease = await acquireLease({ ...options, holder });
  const onMended = (what: string) => void mended.push(what);
  try {
    await repair({ ...options, lease, holder: holder.id, onMended });
  } finally {
    await lease.release();
  }
  return { mended, faults: await faults(store) };
}

/** What is wrong besides the files that are damaged. */
async function faults(store: MemoryStore): Promise<string[]> {
  const found = await verify(collection(store));
  return found.faults.filter(({ says }) =>
    !/not one whole|as the inventory|manifest lists it|line|it says 180 tweets/.test(says)
  )
    .map(({ key, says }) => `${key}: ${says}`);
}

/** Every id of which a reader gets the tweet, damaged files as far as they can be read. */
async function ids(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  for (const key of store.keys().filter((key) => key.includes("/tweets-"))) {
    const bytes = (await store.get(key))?.bytes ?? assert.fail();
    const lines = gunzipSync(bytes, { finishFlush: 2 }).toString().split("\n");
    for (const line of lines) {
      try {
        const status = JSON.parse(line);
        found.push(
          ...(status.data ?? [status]).map((one: { id_str?: string; id: string }) =>
            one.id_str ?? one.id
          ),
        );
      } catch {
        // Cut off.
      }
    }
  }
  return found;
}

async function cut(store: MemoryStore, key: string, share = 0.5): Promise<void> {
  const { bytes } = await store.get(key) ?? assert.fail();
  await store.put(key, bytes.slice(0, Math.floor(bytes.length * share)));
}

const filesOf = (store: MemoryStore) => store.keys().filter((key) => key.includes("/tweets-"));

const CONFIGS = {
  timelines: (world: World) => ({
    id: "c",
    type: "user_timeline",
    keys: KEYS,
    users: Object.fromEntries([...world.users.keys()].map((id) => [id, {}])),
  }),
  "a search": () => ({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } }),
};

for (const [type, configOf] of Object.entries(CONFIGS)) {
  for (const isLost of [false, true]) {
    const without = isLost ? ", and its checkpoint" : "";
    Deno.test(`${type} of which any file is damaged${without} gets back what that took, and nothing twice`, async () => {
      const world = World.made({ clock: systemClock, users: 4, tweetsPerUser: 45 });
      for (const nth of [0, 2, 5]) {
        const store = await added(configOf(world));
        await run(store, new WorldApi(world));
        assert.equal((await ids(store)).length, 180);
        const key = filesOf(store)[nth] ?? assert.fail();
        await cut(store, key, nth === 2 ? 0 : 0.5);
        if (isLost) await store.delete(CHECKPOINT);
        const left = await ids(store);
        assert.ok(left.length < 180);
        const { mended, faults: wrong } = await repaired(store);
        assert.deepEqual(wrong, []);
        assert.match(
          mended.join("\n"),
          /gaps\.jsonl has what damaged files lost: the next harvest/,
        );
        assert.deepEqual((await repaired(store)).mended, [], "once");
        await run(store, new WorldApi(world));
        const all = await ids(store);
        assert.deepEqual([all.length, new Set(all).size], [180, 180], `${nth}`);
        assert.deepEqual(await repaired(store), { mended: [], faults: [] });
        await run(store, new WorldApi(world));
        assert.equal((await ids(store)).length, 180, "not asked for again");
      }
    });
  }
}
