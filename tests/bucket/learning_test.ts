import assert from "node:assert/strict";
import { Collections } from "../../lib/bucket/collections.ts";
import { type ConfigUpdate, merge } from "../../lib/collection/changeset.ts";
import { ConflictError } from "../../lib/base/errors.ts";
import { isObject, type Json, type JsonObject } from "../../lib/base/json.ts";
import { namesOf } from "../../lib/base/names_of.ts";
import { Packed, type PackedCut } from "../../lib/base/packed.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const KEYS = { consumer_key: "a", consumer_secret: "b", bearer_token: "t" };
const USERS = { "30": { _note: "third" }, "4": {}, "5": { since_id: "9" }, "6": {} };
const ADDED = { id: "c", type: "user_timeline", api: "2", keys: KEYS, users: USERS };
const TOLD = { "5": { since_id: "8" }, "4": { since_id: "7" }, "6": { since_id: "1" }, "99": {} };
/** One user is removed, and kept as removed. */
const CHANGE: ConfigUpdate = {
  update: { removed_users: { "6": { why: "suspended" } } },
  delete: [{ users: ["6"] }],
};

/** Learns of users at once or as of many, from a configuration as a text. */
async function learned(config: string, isOfMany: boolean) {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const collections = new Collections(store, clock);
  await collections.add(ADDED);
  await store.put(collectionKeys("c").config, new TextEncoder().encode(config));
  await clock.advance(5_000);
  await learn(collections, clock, isOfMany);
  const { json } = await collections.loadJson("c");
  return { json, changesets: await collections.changesets("c") };
}

async function learn(collections: Collections, clock: ManualClock, isOfMany: boolean) {
  const time = clock.now();
  const { update, delete: deleted } = CHANGE;
  const change = isOfMany ? CHANGE : { update: { ...update, users: TOLD }, delete: deleted };
  await collections.learn("c", change, {
    at: time,
    began: time,
    users: isOfMany ? packed(TOLD) : undefined,
  });
}

function packed(users: Record<string, JsonObject>): PackedCut<JsonObject> {
  const packed = new Packed<JsonObject>();
  for (const [id, user] of Object.entries(users)) packed.set(id, user);
  return packed.cut();
}

function orderOf(users: Json | undefined): string[] {
  return isObject(users) ? namesOf(users) : [];
}

for (
  const [what, text] of [
    ["as they were written", (json: string) => json],
    ["with a byte order mark", (json: string) => `\ufeff${json}`],
    ["of which one is no object", (json: string) => json.replace('"4":{}', '"4":null')],
    ["of which one is there twice", (json: string) => json.replace('"4":{}', '"4":{},"4":{}')],
    ["that are no object", (json: string) => json.replace(/"users":.*?\}\}/, '"users":[1]')],
  ] as const
) {
  Deno.test(`of many users ${what} a harvest leaves what it leaves of a few`, async () => {
    const timestamp = "1970-01-01T00:00:00.000Z";
    const config = text(JSON.stringify({ ...ADDED, note: 'é"}', timestamp }));
    const [few, many] = [await learned(config, false), await learned(config, true)];
    assert.deepEqual(many, few);
    assert.deepEqual(orderOf(many.json.users), orderOf(few.json.users));
  });
}

Deno.test("what was learned of many users, and that somebody has gone on from, is in force once", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const collections = new Collections(store, clock);
  await collections.add(ADDED);
  await clock.advance(5_000);
  store.after = async ({ method, key }) => {
    if (method !== "put" || key !== collectionKeys("c").config) return;
    store.after = () => {};
    const { json } = await collections.loadJson("c");
    await (await collections.plan({ ...json, delete_users_for: ["protected"] })).apply();
    throw new ConflictError(key);
  };
  await learn(collections, clock, true);
  await learn(collections, clock, true);
  const { json } = await collections.loadJson("c");
  const { "30": third, "5": fifth } = USERS;
  assert.deepEqual(json.users, { "30": third, "4": { since_id: "7" }, "5": fifth });
  assert.deepEqual(json.delete_users_for, ["protected"]);
  const all = await collections.changesets("c");
  const start: JsonObject = { id: "c", type: "user_timeline" };
  assert.deepEqual(
    all.reduce<JsonObject>((config, one) => merge(config, one), start).users,
    json.users,
  );
});
