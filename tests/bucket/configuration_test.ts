import assert from "node:assert/strict";
import { Collections } from "../../lib/bucket/collections.ts";
import { type ConfigUpdate, merge, redact } from "../../lib/collection/changeset.ts";
import { isObject, type Json, type JsonObject } from "../../lib/base/json.ts";
import { Packed, type PackedCut } from "../../lib/base/packed.ts";
import { ConflictError, OutsideError } from "../../lib/base/errors.ts";
import type { Store } from "../../lib/store/store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { FaultyStore, ProcessDied, STORE_FAULTS, type StoreFault } from "../faults/faulty_store.ts";

const KEYS = { consumer_key: "a", consumer_secret: "b", bearer_token: "t" };
const ADDED = { id: "c", type: "user_timeline", api: "2", keys: KEYS, users: { "1": {}, "2": {} } };
const FAULTS = STORE_FAULTS.filter((kind) => kind !== "paused");
/** The write of a command that has the change in the inventory, after it is recorded and in force. */
const INVENTORY = 3;
/** Whether a command fails by what happens at a write: a change stands where the inventory cannot be written. */
const fails = (kind: StoreFault, at: number) =>
  !isDone(kind) && (at < INVENTORY || kind.startsWith("killed"));
/** The write is done, and what became of it can be found out. */
const isDone = (kind: StoreFault) => kind === "answer lost" || kind === "tried again";
const CHANGES: [string, JsonObject][] = [
  ["of users", { users: { "2": {}, "3": {} } }],
  ["of keys", { keys: { ...KEYS, bearer_token: "another" } }],
];
const LEARNED: ConfigUpdate = { update: { users: { "1": { since_id: "5" } } }, delete: [] };

/** A bucket, a clock, and commands on them that each are a process of their own. */
class Stage {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();

  collections(store: Store = this.store): Collections {
    return new Collections(store, this.clock);
  }

  async config(): Promise<JsonObject> {
    return (await this.collections().loadJson("c")).json;
  }

  /** Adds the collection; the file that the person has then. */
  async added(): Promise<JsonObject> {
    const mine = await this.collections().add(ADDED);
    await this.clock.advance(5_000);
    return mine;
  }

  /** That the history says how the configuration came to be what it is, each change once. */
  async checkHistory(changes: number): Promise<void> {
    const changesets = await this.collections().changesets("c");
    assert.equal(changesets.length, changes, JSON.stringify(changesets, null, 1));
    const start: JsonObject = { id: "c", type: "user_timeline" };
    const told = changesets.reduce((config, change) => merge(config, change), start);
    const { timestamp: _, ...config } = await this.config();
    assert.deepEqual(told, redact({ update: config, delete: [] }).update);
  }
}

/** Runs a command on a bucket whose write number `at` goes wrong; whether the command failed, or was killed. */
async function failing(
  stage: Stage,
  { at, kind }: { at: number; kind: StoreFault },
  command: (collections: Collections) => Promise<unknown>,
): Promise<{ hasFailed: boolean; writes: number }> {
  const store = new FaultyStore(stage.store, { at, kind, meanwhile: () => Promise.resolve() });
  const hasFailed = await command(stage.collections(store)).then(() => false, (error) => {
    assert.ok(error instanceof ProcessDied || error instanceof OutsideError, `${error}`);
    return true;
  });
  return { hasFailed, writes: store.writes };
}

const update = (mine: JsonObject) => async (collections: Collections) =>
  await (await collections.plan(mine)).apply();

const usersIn = (users: Json | undefined) => isObject(users) ? users : assert.fail();

for (const kind of FAULTS) {
  Deno.test(`add, ${kind} at any of its writes, is ended by adding once more`, async () => {
    for (let at = 1;; at++) {
      const stage = new Stage();
      const { hasFailed, writes } = await failing(stage, { at, kind }, (c) => c.add(ADDED));
      if (writes < at) return assert.equal(writes, INVENTORY);
      assert.equal(hasFailed, fails(kind, at));
      await stage.clock.advance(60_000);
      const file = await stage.collections().add(ADDED);
      assert.deepEqual(file, await stage.config(), "the file gets what the bucket has");
      await stage.checkHistory(1);
      await assert.rejects(stage.collections().add(file), {
        hint: /^It is the same as this file: nothing is left to do/,
      });
    }
  });

  for (const [what, change] of CHANGES) {
    Deno.test(`an update ${what}, ${kind} at any of its writes, is ended by updating once more`, async () => {
      for (let at = 1;; at++) {
        const stage = new Stage();
        const mine: JsonObject = { ...await stage.added(), ...change };
        const { hasFailed, writes } = await failing(stage, { at, kind }, update(mine));
        if (writes < at) return assert.equal(writes, INVENTORY);
        assert.equal(hasFailed, fails(kind, at));
        await stage.clock.advance(60_000);
        const file = await update(mine)(stage.collections());
        assert.deepEqual(file, await stage.config(), "the file gets what the bucket has");
        assert.deepEqual({ users: file.users, keys: file.keys }, {
          users: mine.users,
          keys: mine.keys,
        });
        await stage.checkHistory(2);
      }
    });

    Deno.test(`after an update ${what}, ${kind} at any of its writes, a harvest's own change leaves no false history`, async () => {
      for (let at = 1;; at++) {
        const stage = new Stage();
        const mine: JsonObject = { ...await stage.added(), ...change };
        const { writes } = await failing(stage, { at, kind }, update(mine));
        if (writes < at) return;
        const isInForce = isDone(kind) || (kind === "killed after" && at === 2) || at === INVENTORY;
        const isRecorded = isInForce || at === 2 || kind === "killed after";
        const learned = {
          update: { users: { "2": { since_id: "5" } } },
          delete: [],
        };
        await stage.clock.advance(60_000);
        await stage.collections().learn("c", learned, { at: stage.clock.now(), began: 0 });
        const { users, keys } = await stage.config();
        assert.deepEqual(usersIn(users)["2"], { since_id: "5" });
        // A record has no keys: what needs them is not ended by somebody else, and its record is taken back.
        const isEnded = what === "of users" ? isRecorded : isInForce;
        const wanted = isEnded ? { ...ADDED, ...change } : ADDED;
        assert.deepEqual(Object.keys(usersIn(users)), Object.keys(usersIn(wanted.users)));
        assert.deepEqual(keys, wanted.keys);
        const { length } = await stage.collections().changesets("c");
        await stage.checkHistory(length);
      }
    });
  }

  for (
    const { ofUsers, change, users } of [
      { ofUsers: "", change: LEARNED },
      { ofUsers: " of many users", change: { update: {}, delete: [] }, users: manyUsers() },
    ]
  ) {
    Deno.test(`what a harvest learned${ofUsers}, ${kind} at any write, is recorded once when it is learned once more`, async () => {
      for (let at = 1;; at++) {
        const stage = new Stage();
        await stage.added();
        const time = stage.clock.now();
        const learn = (collections: Collections) =>
          collections.learn("c", change, { at: time, began: time, users });
        const { writes } = await failing(stage, { at, kind }, learn);
        if (writes < at) {
          assert.equal(writes, 2);
          break;
        }
        await stage.clock.advance(60_000);
        await learn(stage.collections());
        assert.deepEqual((await stage.config()).users, { "1": { since_id: "5" }, "2": {} });
        await stage.checkHistory(2);
      }
    });
  }
}

/** The same as LEARNED, as a harvest of many users has it. */
function manyUsers(): PackedCut<JsonObject> {
  const users = new Packed<JsonObject>();
  users.set("1", { since_id: "5" });
  return users.cut();
}

Deno.test("an update that was cut does not come into force behind the back of who puts it back", async () => {
  const stage = new Stage();
  const before = await stage.added();
  const cut = { ...before, users: { "1": {} } };
  await failing(stage, { at: 2, kind: "killed before" }, update(cut));
  await update(before)(stage.collections());
  await stage.collections().learn("c", LEARNED, { at: stage.clock.now(), began: 0 });
  assert.deepEqual((await stage.config()).users, { "1": { since_id: "5" }, "2": {} });
  await stage.checkHistory(4);
});

Deno.test("of two who update at the same time the second is told, and leaves no record of what never was", async () => {
  const stage = new Stage();
  const mine = await stage.added();
  const first = await stage.collections().plan({ ...mine, users: { "1": {} } });
  const second = await stage.collections().plan({ ...mine, users: { "2": {} } });
  await first.apply();
  await assert.rejects(second.apply(), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.hint ?? "", /^Run it again/);
    return true;
  });
  await stage.checkHistory(2);
});

Deno.test("an update whose answer was lost, and that somebody went on from, is done", async () => {
  const stage = new Stage();
  const mine = { ...await stage.added(), users: { "1": {}, "2": {}, "3": {} } };
  const isConfig = (key: string) => key.endsWith("c/collection.json");
  stage.store.after = async ({ method, key }) => {
    if (method !== "put" || !isConfig(key)) return;
    stage.store.after = () => {};
    await stage.collections().learn("c", LEARNED, { at: stage.clock.now() + 9_000, began: 0 });
    throw new ConflictError(key);
  };
  const config = await update(mine)(stage.collections());
  assert.deepEqual(config.users, { "1": { since_id: "5" }, "2": {}, "3": {} });
  await stage.checkHistory(3);
});

Deno.test("a changeset that is damaged, and what strayed among them, hold up no change", async () => {
  const stage = new Stage();
  const mine = await stage.added();
  for (
    const name of ["", "change-99991231235959.json", "notes.txt", "a\\b.json", "x/change-1.json"]
  ) {
    await stage.store.put(`collections/c/changesets/${name}`, new Uint8Array([0x7b]));
  }
  await update({ ...mine, users: { "1": {} } })(stage.collections());
  await stage.store.delete("collections/c/changesets/change-99991231235959.json");
  await stage.checkHistory(2);
});
