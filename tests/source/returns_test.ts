import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { userChangesSchema } from "../../lib/bucket/last_harvest.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { verify } from "../../lib/archive/verify.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, json, KEYS, run, told, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const DAY = 86_400_000;

/** A collection of three timelines whose harvests are days apart. */
class Days {
  readonly world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 5 });
  readonly ids = [...this.world.users.keys()];
  #day = 0;

  private constructor(readonly store: MemoryStore) {}

  static async begin(more: JsonObject = {}): Promise<Days> {
    const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 5 });
    const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
    const config = { id: "c", type: "user_timeline", keys: KEYS, users, ...more };
    return new Days(await added(config, { ...systemClock, now: () => Date.now() - DAY }));
  }

  get clock() {
    return { ...systemClock, now: () => Date.now() + this.#day * DAY };
  }

  /** Harvests some days later; what it says of users. */
  async harvest(days = 1): Promise<string[]> {
    this.#day += days;
    await run(this.store, new WorldApi(this.world), { clock: this.clock, tweetsPerFile: 1_000 });
    const began = (await told(this.store)).at(-1)?.harvest_timestamp;
    const folder = collectionKeys("c").harvest(Date.parse(`${began}`));
    const found = await this.store.get(`${folder}user_changes.json`);
    if (!found) return [];
    const changes = userChangesSchema.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
    for (const { at } of changes) assert.ok(!Number.isNaN(Date.parse(at ?? "")));
    return changes.map(({ user_id, change, was, old_screen_name }) =>
      [this.ids.indexOf(user_id), change, was, old_screen_name].filter((one) => one !== undefined)
        .join(" ")
    );
  }

  user(i: number) {
    return this.world.users.get(this.ids[i] ?? "") ?? assert.fail();
  }

  async config(): Promise<JsonObject & { users: Record<string, JsonObject> }> {
    return await json(this.store, "collections/c/collection.json");
  }

  /** Adds a user, as `update` does with a file that was fetched just now. */
  async add(i: number, change: (config: JsonObject) => JsonObject = (config) => config) {
    const config = await this.config();
    const next = change({ ...config, users: { ...config.users, [this.ids[i] ?? ""]: {} } });
    this.#day++;
    await (await new Collections(this.store, this.clock).plan(next)).apply();
  }

  async faults(): Promise<string[]> {
    const { store, clock } = this;
    const look = { isGone: () => true, onFile: () => {}, signal: new AbortController().signal };
    const { faults } = await verify({ store, clock, collectionId: "c", ...look });
    return faults.map(({ key, says }) => `${key}: ${says}`);
  }
}

Deno.test("a suspension is recorded once, and so is the return, each with its time", async () => {
  const days = await Days.begin();
  const names = ["0 screen name found", "1 screen name found", "2 screen name found"];
  assert.deepEqual((await days.harvest()).toSorted(), names);
  days.user(1).state = "suspended";
  assert.deepEqual(await days.harvest(), ["1 suspended"]);
  assert.deepEqual(await days.harvest(), []);
  days.user(1).state = "protected";
  assert.deepEqual(await days.harvest(), ["1 protected"]);
  days.user(1).state = "open";
  assert.deepEqual(await days.harvest(), ["1 returned protected"]);
  assert.deepEqual(await days.harvest(), []);
});

Deno.test("a new name comes with the old one, which the configuration keeps with its date", async () => {
  const days = await Days.begin();
  await days.harvest();
  const [id = "", old] = [days.ids[2], days.user(2).screenName];
  days.user(2).screenName = "another";
  assert.deepEqual(await days.harvest(), [`2 screen name changed ${old}`]);
  days.user(2).screenName = "third";
  await days.harvest();
  const { former_names, screen_name } = (await days.config()).users[id] ?? {};
  assert.equal(screen_name, "third");
  assert.ok(Array.isArray(former_names));
  const former = former_names.map((one) => (one as JsonObject).screen_name);
  assert.deepEqual(former, [old, "another"]);
});

Deno.test("who was taken out, and is added again, goes on from the newest tweet that was collected", async () => {
  const days = await Days.begin({ delete_users_for: ["suspended"] });
  await days.harvest();
  const before = await tweets(days.store);
  const [id = ""] = days.ids;
  const { since_id } = (await days.config()).users[id] ?? {};
  days.user(0).state = "suspended";
  await days.harvest();
  const config = await days.config();
  assert.ok(!(id in config.users));
  const { why, since_id: kept } = (config.removed_users as Record<string, JsonObject>)[id] ?? {};
  assert.deepEqual([why, kept], ["suspended", since_id]);
  assert.deepEqual(await days.harvest(), [], "still suspended");
  days.user(0).state = "open";
  assert.deepEqual(await days.harvest(), ["0 returned suspended"]);
  assert.deepEqual(await days.harvest(), [], "recorded once");
  assert.ok(!(id in (await days.config()).users), "until a person adds the user");
  await days.add(0);
  const again = await days.config();
  assert.deepEqual([again.users[id]?.since_id, again.removed_users], [since_id, undefined]);
  await days.harvest();
  assert.deepEqual(await tweets(days.store), before, "nothing is collected twice");
  assert.deepEqual(await days.faults(), []);
});

Deno.test("after 60 days, or as many as are configured, nobody looks for who was taken out", async () => {
  for (const [more, last] of [[{}, 60], [{ look_up_removed_for: 7 }, 7]] as const) {
    const days = await Days.begin({ delete_users_for: ["suspended"], ...more });
    days.user(0).state = "suspended";
    await days.harvest();
    await days.harvest(last + 1);
    days.user(0).state = "open";
    assert.deepEqual(await days.harvest(), []);
  }
});

Deno.test("what was collected again since a change explains it is no fault, and without one it is", async () => {
  const days = await Days.begin({ delete_users_for: ["suspended"] });
  await days.harvest();
  days.user(0).state = "suspended";
  await days.harvest();
  days.user(0).state = "open";
  // From the beginning, as before positions were kept.
  await days.add(0, ({ removed_users: _, ...config }) => config);
  const before = (await tweets(days.store)).length;
  await days.harvest();
  assert.equal((await tweets(days.store)).length, before + 5);
  assert.deepEqual(await days.faults(), []);
  const changesets = days.store.keys().filter((key) => key.includes("/changesets/"));
  for (const key of changesets) {
    const { delete: deleted, ...rest } = await json(days.store, key);
    const bytes = new TextEncoder().encode(JSON.stringify({ ...rest, update: {}, delete: [] }));
    if (deleted.length > 0 || rest.update.users) await days.store.put(key, bytes);
  }
  const repeats = (await days.faults()).filter((says) => says.includes("are duplicates"));
  assert.equal(repeats.length, 2, "a file in each of two harvests");
});
