import assert from "node:assert/strict";
import { z } from "zod";
import { configure, reset } from "@logtape/logtape";
import { Collections } from "../../lib/bucket/collections.ts";
import { ConflictError, InvalidConfigError, UserError } from "../../lib/base/errors.ts";
import { template } from "../../lib/collection/template.ts";
import { jsonObject } from "../../lib/base/json_object.ts";
import { changes, contentOf, KEYS, opened, TAG, TIMELINE } from "./opened_collections.ts";

Deno.test("a collection that is added is listed and loaded, once, with its changeset", async () => {
  const { collections, store, mine } = await opened();
  await collections.add({ ...TIMELINE, id: "b" });
  await store.put("collections/.hidden/collection.json", new TextEncoder().encode("{}"));
  assert.deepEqual(await Array.fromAsync(collections.list()), ["b", "c"]);
  assert.deepEqual(collections.folders.unnamed, [".hidden"]);
  assert.deepEqual((await collections.load("c")).config.keys, KEYS);
  await assert.rejects(collections.add(mine), /Collection c already exists in/);
  await assert.rejects(collections.add({ ...TIMELINE, keys: {} }), InvalidConfigError);
  await assert.rejects(collections.load("d"), /no collection d/);
  assert.equal((await collections.changesets("c")).length, 1);
  const changeset = await store.get("collections/c/changesets/change-20260102030405.json");
  assert.doesNotMatch(new TextDecoder().decode(changeset?.bytes), /"consumer_secret": "b"/);
});

Deno.test("the configuration of another collection is neither harvested nor changed under this id", async () => {
  const { collections, mine, store } = await opened();
  const found = await store.get("collections/c/collection.json");
  for (
    const [folder, hint] of [["C", /case-insensitive: type c\./], [
      "copied",
      /If it was copied/,
    ]] as const
  ) {
    await store.put(`collections/${folder}/collection.json`, found?.bytes ?? new Uint8Array());
    const isRefused = (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.message, `The folder of collection ${folder} has the configuration of c`);
      assert.match(error.hint ?? "", hint);
      return true;
    };
    const before = store.copy();
    await assert.rejects(collections.load(folder), isRefused);
    await assert.rejects(collections.loadJson(folder), isRefused);
    await assert.rejects(collections.lastHarvest(folder), isRefused);
    await assert.rejects(collections.changesets(folder), isRefused);
    for (const file of [{ ...mine, id: folder }, { ...TIMELINE, id: folder, users: { "7": {} } }]) {
      await assert.rejects(collections.plan(file), isRefused);
      await assert.rejects(collections.plan(file, { force: true }), isRefused);
      await assert.rejects(collections.add(file), isRefused);
    }
    assert.deepEqual(await contentOf(store), await contentOf(before));
  }
});

Deno.test("a folder in which there is nothing, and what strayed beside the collections, is no collection", async () => {
  const { collections, store } = await opened();
  for (const marker of ["", "ghost/", "ghost/harvests/", "c/", "c/harvests/"]) {
    await store.put(`collections/${marker}`, new Uint8Array());
  }
  for (const name of ["notes.txt", "a\\b/collection.json", "/x"]) {
    await store.put(`collections/${name}`, new Uint8Array(1));
  }
  for (let i = 10; i < 30; i++) await collections.add({ ...TIMELINE, id: `c${i}` });
  const ids = Array.from({ length: 20 }, (_, i) => `c${i + 10}`);
  assert.deepEqual(await Array.fromAsync(collections.list()), ["c", ...ids]);
});

Deno.test("a copy of another collection's file is added as new", async () => {
  const { collections, mine } = await opened();
  await collections.add({ ...mine, id: "d" });
  const [first] = await collections.changesets("d");
  assert.deepEqual(Object.keys(first?.update ?? {}), ["keys", "users"]);
});

Deno.test("what a harvest learned is merged onto the newest configuration, and a second time changes nothing", async () => {
  const { collections, clock, store } = await opened();
  const at = clock.now() + 60_000;
  const change = {
    update: { users: { "1": { since_id: "5" }, "9": { since_id: "6" } } },
    delete: [{ users: ["2"] }],
  };
  let conflicts = 1;
  store.before = ({ method, key }) => {
    if (method === "put" && key.endsWith("collection.json") && conflicts-- > 0) {
      throw new ConflictError(key);
    }
  };
  await collections.learn("c", change, { at, began: at - 5_000 });
  const keys = store.keys();
  await collections.learn("c", change, { at, began: at - 5_000 });
  assert.deepEqual(store.keys(), keys);
  const last = (await collections.changesets("c")).at(-1);
  assert.equal(last?.harvest_timestamp, new Date(at - 5_000).toISOString());
  assert.equal(last?.note, "Changes based on harvester.");
  const { json } = await collections.loadJson("c");
  assert.deepEqual(json.users, { "1": { since_id: "5" } });
  assert.equal((await changes(collections)).length, 2);
});

Deno.test("changesets of the same second do not overwrite each other", async () => {
  const { collections, mine } = await opened();
  for (const users of [{ "1": {} }, { "1": {}, "5": {} }, { "5": {} }]) {
    const { json } = await collections.loadJson("c");
    await (await collections.plan({ ...mine, timestamp: json.timestamp ?? null, users })).apply();
  }
  assert.equal((await collections.changesets("c")).length, 4);
});

Deno.test("the last harvest of a bucket that the Python original wrote is read", async () => {
  const { collections, store } = await opened();
  const put = (key: string, value: unknown) =>
    store.put(`collections/c/${key}`, new TextEncoder().encode(JSON.stringify(value)));
  assert.equal(await collections.lastHarvest("c"), null);
  await put("last_harvest.json", { harvest_id: "2019-03-09T15:35:07.464791" });
  const info = {
    collection_id: "c",
    harvest_timestamp: "2019-03-09T15:35:07.464791",
    tweets: 2140,
    files: 1,
    file_bytes: 875_520,
    harvest_end_timestamp: "2019-03-09T15:36:00.1",
  };
  await put("harvests/2019/03/09/15/35/07/harvester.json", info);
  await put("harvests/2019/03/09/15/35/07/user_changes.json", [{
    user_id: "12",
    change: "suspended",
  }]);
  const last = await collections.lastHarvest("c");
  assert.equal(last?.info.tweets, 2140);
  assert.deepEqual(last?.userChanges, [{ user_id: "12", change: "suspended" }]);
});

Deno.test("where a store keeps older versions, it is said that the configuration before has who was taken out", async () => {
  const logged: string[] = [];
  await configure({
    sinks: { kept: ({ message }) => void logged.push(message.join("")) },
    loggers: [
      { category: "twarc-cloud", sinks: ["kept"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    for (const keepsVersions of [false, true]) {
      const { store, collections, clock } = await opened();
      const purge = () => Promise.reject(new Error("It may be all that brings people back"));
      if (keepsVersions) Object.assign(store, { purge });
      await collections.learn(
        "c",
        { update: { users: { "1": { since_id: "5" } } }, delete: [] },
        { at: clock.now(), began: clock.now() },
      );
      assert.deepEqual(logged, []);
      await collections.learn("c", { update: {}, delete: [{ users: ["2"] }] }, {
        at: clock.now(),
        began: 0,
      });
      assert.equal(logged.length, keepsVersions ? 1 : 0);
    }
    assert.match(
      logged[0] ?? "",
      /older version of "?collections\/c\/collection\.json.* \(30 days/,
    );
  } finally {
    await reset();
  }
});

Deno.test("a member that nobody knows is refused where a person writes it, and not where the bucket has it", async () => {
  const { collections, mine, store } = await opened();
  const typo = { ...TIMELINE, id: "d", delete_user_for: ["suspended"] };
  await assert.rejects(collections.add(typo), InvalidConfigError);
  await assert.rejects(
    collections.plan({ ...mine, delete_user_for: ["suspended"] }),
    InvalidConfigError,
  );
  const old = new TextEncoder().encode(JSON.stringify({ ...mine, of_a_newer_version: 1 }));
  await store.put("collections/c/collection.json", old);
  assert.equal((await collections.load("c")).config.id, "c");
});

Deno.test("what a template leaves to fill in reaches no bucket: not by add, and not by update", async () => {
  const { store, clock } = await opened();
  const collections = new Collections(store, clock);
  for (const type of ["user_timeline", "search", "filter"] as const) {
    for (const api of ["1.1", "2"] as const) {
      const id = `${type}-${api}`;
      const part = {
        user_timeline: {},
        search: { search: { ...template("search", { api }).search as object, query: "q" } },
        filter: {
          filter: {
            ...template("filter", { api }).filter as object,
            ...api === "2" ? { rules: [{ value: "q", tag: TAG }] } : { track: "q" },
          },
        },
      }[type];
      const file = jsonObject.parse({ ...template(type, { id, api }), keys: KEYS, ...part });
      assert.match(JSON.stringify(file), /"</);
      const added = await collections.add(file);
      assert.doesNotMatch(JSON.stringify(added), /"</, "nor does it stay in the person's file");
      const { change } = await collections.plan({ ...file, timestamp: added.timestamp ?? "" });
      assert.deepEqual(
        change,
        { update: {}, delete: [] },
        "a file that still has it changes nothing",
      );
      assert.deepEqual(await collections.add(file), added, "it is known as the same");
    }
  }
  const all = await Promise.all(store.keys().map(async (key) => (await store.get(key))?.bytes));
  for (const bytes of all) assert.doesNotMatch(new TextDecoder().decode(bytes), /"</);
});

Deno.test("a rule of a template that is left as it is beside others is refused by its place", async () => {
  const { collections } = await opened();
  const { filter } = template("filter", { api: "2" });
  const [unfilled] = z.object({ rules: z.array(z.json()) }).parse(filter).rules;
  const rules = [{ value: "cats" }, unfilled ?? null];
  const file = jsonObject.parse({
    id: "f",
    type: "filter",
    api: "2",
    keys: KEYS,
    filter: { rules },
  });
  await assert.rejects(
    collections.add(file),
    /filter\.rules\.1\.value is still "<Rule: .*>"\. Put in what you want, or take it out$/,
  );
  await assert.rejects(
    collections.add({ ...file, filter: { rules: rules.slice(1) } }),
    /filter\.rules\.0\.value is still .*Must provide track, follow, locations, or rules/,
  );
});
