import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import {
  checkpointSum,
  parseCheckpoint,
  readCheckpoint,
} from "../../lib/bucket/checkpoint_state.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { readInventory } from "../../lib/bucket/inventory_index.ts";
import { toDocument } from "../../lib/bucket/many.ts";
import { settle } from "../../lib/bucket/projection.ts";
import { jsonLineBytes } from "../../lib/base/json_bytes.ts";
import { dieAt } from "../fakes/dying_store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { inTurns } from "../fakes/turns.ts";
import { added, KEYS } from "../fakes/whole_harvest.ts";

/** So many that their checkpoint is a megabyte. */
const IDS = Array.from({ length: 12_000 }, (_, i) => `${1_000_000 + i}`);
const CHECKPOINT = "collections/c/checkpoint.json";
const FACTS = { screen_name: "a name of somebody", looked_up: "2026-01-02T03:04:05.000Z" };
const NEWS = Object.fromEntries(IDS.slice(100).map((id) => [id, { since_id: `9${id}`, ...FACTS }]));
/** Most of them are whole, as a harvest leaves them that is killed near its end. */
const POSITIONS = Object.fromEntries(
  IDS.map((id, i) => [`user:${id}`, i % 9 === 0 ? { newest: "7", oldest: "5" } : "whole"]),
);

/** A harvest of many users that was killed. */
async function killed(): Promise<MemoryStore> {
  const clock = new ManualClock();
  const users = Object.fromEntries(IDS.map((id) => [id, {}]));
  const store = await added({ id: "c", type: "user_timeline", api: "2", keys: KEYS, users }, clock);
  const opened = { collectionId: "c", type: "user_timeline", holder: "killed", clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.begin(clock.now(), { walks: IDS.length, type: "user_timeline" });
  const update = { update: { users: NEWS, note: "other" }, delete: [{ users: ["1000001"] }] };
  await checkpoint.commit({ positions: POSITIONS, update });
  return store;
}

/** Ends it, as the next harvest does before it begins. */
async function ended(store: MemoryStore): Promise<void> {
  const clock = new ManualClock();
  await clock.advance(60_000);
  const opened = { collectionId: "c", type: "user_timeline", holder: "next", clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.fence(() => Promise.resolve());
  await settle(
    { store, collections: new Collections(store, clock), collectionId: "c" },
    checkpoint,
  );
}

Deno.test("a checkpoint with news of many users is written as it was read, and they are packed", async () => {
  const store = await killed();
  const { bytes } = await store.get(CHECKPOINT) ?? assert.fail();
  const state = parseCheckpoint(bytes, "c");
  assert.equal(state.update.update.users, undefined);
  const again = JSON.parse(new TextDecoder().decode(jsonLineBytes(toDocument(state))));
  assert.ok(isDeepStrictEqual(again, JSON.parse(new TextDecoder().decode(bytes))));
});

const MOMENTS = [...Array.from({ length: 9 }, (_, i) => i + 1), Infinity];
for (const nth of inTurns(MOMENTS, 0, 3)) {
  Deno.test(`what a killed harvest of many users had learned is in force, and its positions are kept, where the next one dies at write ${nth}`, async () => {
    const store = await killed();
    const dying = dieAt(store, nth);
    await ended(store).catch(() => {});
    store.before = () => {};
    await ended(store);
    assert.equal(dying.died, nth !== Infinity);
    const { json } = await new Collections(store, new ManualClock()).loadJson("c");
    const users = Object.fromEntries(
      IDS.filter((id) => id !== "1000001").map((id) => [id, NEWS[id] ?? {}]),
    );
    assert.equal(json.note, "other");
    // Its differences would take minutes to be shown.
    assert.ok(isDeepStrictEqual(json.users, users), "what it learned");
    const state = await readCheckpoint(store, "c") ?? assert.fail();
    assert.equal(state.state, "settled");
    assert.ok(isDeepStrictEqual(state.positions, POSITIONS), "its positions");
    const changes = store.keys().filter((key) => key.includes("/changesets/"));
    assert.equal(changes.length, 2);
    const { harvests } = await readInventory(store, "c");
    const [folder = ""] = harvests.names();
    assert.equal(harvests.get(folder)?.checkpoint, checkpointSum(state));
  });
}
