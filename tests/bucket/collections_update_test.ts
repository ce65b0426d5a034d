/** How a person's file changes a configuration that harvests change too. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ConflictError } from "../../lib/base/errors.ts";
import { template } from "../../lib/collection/template.ts";
import { changes, KEYS, opened } from "./opened_collections.ts";

/** A collection of three users, of whom a harvest has taken out one and read another, and a person's file of before. */
async function harvested() {
  const made = await opened();
  const { collections, clock } = made;
  await clock.advance(5_000);
  const change = { update: { users: { "1": { since_id: "99" } } }, delete: [{ users: ["2"] }] };
  await collections.learn("c", change, { at: clock.now(), began: clock.now() });
  await clock.advance(5_000);
  return made;
}

Deno.test("an update is shown before it is made, and then recorded", async () => {
  const { collections, mine, clock } = await opened();
  await clock.advance(1_000);
  const plan = await collections.plan({ ...mine, users: { "1": {}, "3": { screen_name: "x" } } });
  assert.deepEqual(plan.change, {
    update: { users: { "3": { screen_name: "x" } } },
    delete: [{ users: ["2"] }],
  });
  assert.equal(plan.isOutdated, false);
  await plan.apply();
  assert.deepEqual(Object.keys((await collections.loadJson("c")).json.users as object), ["1", "3"]);
  assert.equal((await changes(collections)).length, 2);
});

Deno.test("a person's change says nothing of a harvest", async () => {
  const { collections, mine } = await opened();
  await (await collections.plan({ ...mine, delete_users_for: ["suspended"] })).apply();
  for (const changeset of await collections.changesets("c")) {
    assert.deepEqual([changeset.harvest_timestamp, changeset.note], [undefined, undefined]);
  }
});

Deno.test("an older file is brought onto the newest across a profile that a former version recorded by its fingerprint", async () => {
  const { collections, mine, store } = await opened();
  const keys = { profile: "main" };
  await (await collections.plan({ ...mine, keys })).apply();
  const second = (await collections.loadJson("c")).json;
  const key = store.keys().filter((one) => one.includes("/changesets/")).at(-1) ?? "";
  const { bytes } = await store.get(key) ?? assert.fail();
  const text = new TextDecoder().decode(bytes);
  assert.match(text, /"profile": "main"/);
  const former = text.replace('"main"', '"sha256:a1b2c3d4"').replace(
    "a1b2c3d4",
    createHash("sha256").update("main").digest("hex").slice(0, 8),
  );
  await store.put(key, new TextEncoder().encode(former));
  await (await collections.plan({ ...second, delete_users_for: ["suspended"] })).apply();
  const third = await collections.plan({ ...second, users: { "1": {}, "2": {}, "7": {} } });
  assert.equal(third.isBaseKnown, true);
});

Deno.test("an older file does not undo what harvests learned", async () => {
  const { collections, mine, clock } = await opened();
  await collections.learn(
    "c",
    { update: { users: { "1": { since_id: "99" } } }, delete: [] },
    { at: clock.now(), began: clock.now() },
  );
  const plan = await collections.plan({ ...mine, delete_users_for: ["suspended"] });
  assert.equal(plan.isOutdated, false, "same second, same timestamp");
  await clock.advance(5_000);
  await collections.learn(
    "c",
    { update: { users: { "1": { since_id: "100" } } }, delete: [] },
    { at: clock.now(), began: clock.now() },
  );
  const outdated = await collections.plan({ ...mine, delete_users_for: ["suspended"] });
  assert.equal(outdated.isOutdated, true);
  assert.deepEqual(outdated.change, { update: { delete_users_for: ["suspended"] }, delete: [] });
});

Deno.test("a screen name that a harvest learned outlives an older file", async () => {
  const { collections, mine, clock } = await opened();
  await clock.advance(5_000);
  const change = {
    update: { users: { "1": { screen_name: "new" } } },
    delete: [{ users: ["2"] }],
  };
  await collections.learn("c", change, { at: clock.now(), began: clock.now() });
  const users = { "1": { screen_name: "old" }, "5": { screen_name: "x" } };
  assert.deepEqual((await collections.plan({ ...mine, users })).change, {
    update: { users: { "5": { screen_name: "x" } } },
    delete: [],
  });
});

Deno.test("a type may not change, and no change is no update", async () => {
  const { collections, mine, store } = await opened();
  const before = store.keys();
  const none = await collections.plan(mine);
  assert.equal(none.isInForce, true);
  assert.deepEqual(await none.apply(), mine);
  const search = { ...mine, type: "search", search: { query: "q" } };
  await assert.rejects(collections.plan(search), /Collection type may not change/);
  assert.deepEqual(store.keys(), before);
});

Deno.test("of two who update at the same time the second is told", async () => {
  const { collections, mine } = await opened();
  const first = await collections.plan({ ...mine, users: { "1": {} } });
  const second = await collections.plan({ ...mine, users: { "2": {} } });
  await first.apply();
  await assert.rejects(second.apply(), ConflictError);
});

Deno.test("an outdated file puts nobody back, takes no since_id away, and what the person changed is applied", async () => {
  const { collections, mine } = await harvested();
  const users = { "1": {}, "2": {}, "3": {} };
  const keys = { ...KEYS, consumer_key: "another" };
  const plan = await collections.plan({ ...mine, users, keys });
  assert.deepEqual([plan.isOutdated, plan.isBaseKnown], [true, true]);
  const next = await plan.apply();
  assert.deepEqual(next.users, { "1": { since_id: "99" }, "3": {} });
  assert.deepEqual(next.keys, keys);
});

Deno.test("a user whom a person takes out goes, though a harvest has read them meanwhile", async () => {
  const { collections, mine } = await harvested();
  const plan = await collections.plan({ ...mine, users: { "2": {} } });
  assert.deepEqual(plan.change, { update: {}, delete: [{ users: ["1"] }] });
});

Deno.test("where a file and the bucket changed the same, it says what and stops, unless it is forced", async () => {
  const { collections, mine } = await harvested();
  const file = { ...mine, users: { "1": { since_id: "5" }, "2": { _note: "mine" } } };
  await assert.rejects(
    collections.plan(file),
    /configuration has changed in the same place: users\.1\.since_id, users\.2$/,
  );
  const forced = await collections.plan(file, { force: true });
  assert.deepEqual((await forced.apply()).users, file.users);
});

Deno.test("a history that does not lead to what is in force is no base: the person is asked", async () => {
  const { collections, mine, store } = await harvested();
  const key = "collections/c/collection.json";
  const { json } = await collections.loadJson("c");
  const odd = { ...json, delete_users_for: ["protected"] };
  await store.put(key, new TextEncoder().encode(JSON.stringify(odd)));
  const plan = await collections.plan({ ...mine, users: { "1": {}, "7": {} } });
  assert.deepEqual([plan.isOutdated, plan.isBaseKnown], [true, false]);
});

Deno.test("what an older version put into the bucket of a template goes with the next update", async () => {
  const { store, collections, mine } = await opened();
  const { protected: text = "" } = template("user_timeline", { api: "1.1" });
  const older = JSON.stringify({ ...mine, protected: text });
  await store.put("collections/c/collection.json", new TextEncoder().encode(older));
  const { change, apply } = await collections.plan({ ...mine, protected: text });
  assert.deepEqual(change, { update: {}, delete: ["protected"] });
  assert.equal("protected" in await apply(), false);
});
