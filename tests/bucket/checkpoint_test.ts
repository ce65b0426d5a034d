import assert from "node:assert/strict";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { OutsideError, UserError } from "../../lib/errors.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { json } from "../fakes/whole_harvest.ts";

Deno.test("a checkpoint that is damaged is an error that says what to do, and is left as it is", async () => {
  const [store, clock, key] = [
    new MemoryStore(),
    new ManualClock(),
    "collections/c/checkpoint.json",
  ];
  for (const damaged of ["", '{"format":1,"hol', "{}"]) {
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
      assert.match(error.hint ?? "", /Bring back an older version.* remove it: the next harvest/);
      return true;
    });
    assert.equal((await store.get(key))?.version, version);
  }
});

Deno.test("a commit whose answer is lost, and that is tried again with more, commits what there is more", async () => {
  const store = new MemoryStore();
  const opened = { collectionId: "c", type: "filter", holder: "h", clock: new ManualClock() };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.begin(0, 1, "filter");
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
