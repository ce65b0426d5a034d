import assert from "node:assert/strict";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { ConflictError, LockedError, OutsideError, UserError } from "../../lib/base/errors.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { json } from "../fakes/whole_harvest.ts";

Deno.test("a checkpoint that is damaged is an error that says what to do, and is left as it is", async () => {
  const [store, clock, key] = [
    new MemoryStore(),
    new ManualClock(),
    "collections/c/checkpoint.json",
  ];
  for (
    const [damaged, hint] of [
      ["", /Rebuild it .* collection verify --repair c`\.$/],
      ['{"format":1,"hol', /collection verify --repair c`\.$/],
      ["{}", /collection verify --repair c`\.$/],
      ['{"format":2,"x":1}', /written by another version of twarc-cloud/],
    ] as const
  ) {
    const version = await store.put(key, new TextEncoder().encode(damaged));
    const opening = Checkpoint.open(store, {
      collectionId: "c",
      type: "search",
      holder: "h",
      clock,
    });
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^collections\/c\/checkpoint\.json is not /);
      assert.match(error.hint ?? "", hint);
      return true;
    });
    assert.equal((await store.get(key))?.version, version);
  }
});

Deno.test("a commit whose answer is lost, and that is tried again with more, commits what there is more", async () => {
  const store = new MemoryStore();
  const opened = { collectionId: "c", type: "filter", holder: "h", clock: new ManualClock() };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.begin(0, { walks: 1, type: "filter" });
  store.after = () => {
    store.after = () => {};
    throw new OutsideError("The connection was reset");
  };
  await assert.rejects(checkpoint.commit({ cuts: 1 }), OutsideError);
  await checkpoint.commit({ cuts: 2 });
  assert.equal((await json(store, "collections/c/checkpoint.json")).cuts, 2);
  await checkpoint.commit({ cuts: 3 });
  assert.equal((await json(store, "collections/c/checkpoint.json")).cuts, 3);
});

/** A checkpoint of a harvest that another holder has begun, with its store. */
async function begun() {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const opened = (holder: string) =>
    Checkpoint.open(store, { collectionId: "c", type: "filter", holder, clock });
  const former = await opened("former");
  await former.begin(0, { walks: 1, type: "filter" });
  return { store, opened, former };
}
const held = () => Promise.resolve();

Deno.test("what a former holder has on its way when its checkpoint is fenced counts where it comes first, and not after", async () => {
  const { store, opened, former } = await begun();
  const own = await opened("own");
  await former.commit({ cuts: 1 });
  await own.fence(held);
  assert.equal(own.state.cuts, 1);
  await assert.rejects(former.commit({ cuts: 2 }), LockedError);
  await own.commit({ cuts: 3 });
  assert.equal((await json(store, "collections/c/checkpoint.json")).cuts, 3);
});

Deno.test("who was paused while another went on takes the checkpoint from nobody", async () => {
  const { opened } = await begun();
  const paused = await opened("paused");
  const other = await opened("other");
  await other.fence(held);
  const lost = () => Promise.reject(new LockedError("The lock was lost"));
  await assert.rejects(paused.fence(lost), LockedError);
  await other.commit({ cuts: 1 });
});

Deno.test("one's own commit under another version, as where a store was made to encrypt anew, is nobody else's", async () => {
  const [store, clock, key] = [
    new MemoryStore(),
    new ManualClock(),
    "collections/c/checkpoint.json",
  ];
  const options = { collectionId: "c", type: "search", clock };
  const checkpoint = await Checkpoint.open(store, { ...options, holder: "h" });
  await checkpoint.begin(0, { walks: 1, type: "search" });
  await store.put(key, (await store.get(key))?.bytes ?? assert.fail());
  await checkpoint.commit({ cuts: 1 });
  assert.equal((await json(store, key)).cuts, 1);
  let puts = 0;
  store.before = ({ method }) => {
    if (method === "put" && puts++ < 9) throw new ConflictError(key);
  };
  await assert.rejects(checkpoint.commit({ cuts: 2 }), ConflictError);
  assert.equal(puts, 5, "a version that never fits is not tried for ever");
  store.before = () => {};
  const another = await Checkpoint.open(store, { ...options, holder: "another" });
  await another.commit({ cuts: 3 });
  await assert.rejects(checkpoint.commit({ cuts: 2 }), LockedError);
});
