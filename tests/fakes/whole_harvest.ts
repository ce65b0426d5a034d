/** A whole harvest in this process, with a bucket in memory, and what is in that bucket afterwards. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { harvest } from "../../harvester.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Files } from "../../lib/harvest/files.ts";
import type { World } from "../../lib/sandbox/world.ts";
import { X } from "../../lib/source/x.ts";
import type { Network } from "../../lib/source/source.ts";
import type { TwitterApi } from "../../lib/twitter/api.ts";
import { manifestsOf } from "../listings.ts";
import { MemoryStore } from "./memory_store.ts";
import { placeIn } from "./spool_places.ts";

/** Keys that nobody looks at. */
export const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};

/** Collections that go down through tweets: the timelines of a world's users, and a search. */
export const CONFIGS = {
  timelines: (world: World) => ({
    id: "c",
    type: "user_timeline",
    keys: KEYS,
    users: Object.fromEntries([...world.users.keys()].map((id) => [id, {}])),
  }),
  "a search": () => ({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } }),
};

/** Harvests in this process, with everything around it in memory. */
export async function run(
  store: MemoryStore,
  api: TwitterApi | Network,
  {
    signal = new AbortController().signal,
    clock = systemClock,
    flushMs = 0,
    msPerHarvest = 0,
    tweetsPerFile = 35,
    patienceMs = 0,
    bufferBytes = 2 ** 30,
    parent = "",
    files = undefined as Files | undefined,
    former = undefined as string | undefined,
  } = {},
): Promise<void> {
  const temporary = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const process = { host: "here", pid: 1 };
  await harvest({
    collectionId: "c",
    store,
    clock,
    limits: { tweetsPerFile, msPerFile: 1_800_000, flushMs, msPerHarvest, patienceMs, bufferBytes },
    openNetwork: () => Promise.resolve("openSource" in api ? api : new X(api, clock)),
    control: { hostname: "127.0.0.1", port: 0, secret: () => Promise.resolve("secret") },
    process,
    isGone: () => true,
    spool: await placeIn(parent || temporary, {
      process,
      ...(files ? { files } : {}),
      ...(former === undefined ? {} : { former }),
    }),
    shutdown: true,
    monitor: false,
    signal,
  }).finally(() => Deno.remove(temporary, { recursive: true }));
}

/** A bucket with one collection. */
export async function added(
  config: Parameters<Collections["add"]>[0],
  clock = systemClock,
): Promise<MemoryStore> {
  const store = new MemoryStore();
  await new Collections(store, clock).add(config);
  return store;
}

/** Every tweet that the manifests list, and of a harvest that goes on its checkpoint, checked against them; nothing may be there that is not listed. */
export async function tweets(store: MemoryStore): Promise<string[]> {
  return (await lines(store)).map((line) => JSON.parse(line).id_str);
}

/** Every line of the files that the manifests list, as `tweets`. */
export async function lines(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  const listed = new Set<string>();
  for (const [folder, manifest] of await manifestsOf(store.keys(), (key) => text(store, key))) {
    for (const row of manifest.split("\n").filter(Boolean)) {
      const [sha1, name = ""] = row.split("  ");
      const bytes = (await store.get(`${folder}${name}`))?.bytes ??
        assert.fail(`${name} is listed and missing`);
      assert.equal(createHash("sha1").update(bytes).digest("hex"), sha1);
      listed.add(`${folder}${name}`);
      if (!name.startsWith("tweets-")) continue;
      for (const line of gunzipSync(bytes).toString().trimEnd().split("\n")) found.push(line);
    }
  }
  const unlisted = store.keys().filter((key) => key.includes("/tweets-") && !listed.has(key));
  assert.deepEqual(unlisted, []);
  return found;
}

/** An object as text. */
export async function text(store: MemoryStore, key: string): Promise<string> {
  return new TextDecoder().decode(
    (await store.get(key))?.bytes ?? assert.fail(`There is no ${key}`),
  );
}

/** An object as JSON. */
export async function json(store: MemoryStore, key: string) {
  return JSON.parse(await text(store, key));
}

/** What the harvests tell of themselves, oldest first. */
export async function told(store: MemoryStore): Promise<Record<string, unknown>[]> {
  const keys = store.keys().filter((key) => key.endsWith("/harvest.json"));
  return await Promise.all(keys.map((key) => json(store, key)));
}
