import assert from "node:assert/strict";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { beginNext, belongsTo } from "../../lib/bucket/next_harvest.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { FILTER } from "../fakes/slow_stream.ts";
import { AFTER, BEFORE, foldersOf, START } from "../fakes/seam.ts";
import { added, json } from "../fakes/whole_harvest.ts";

const MIDNIGHT = Date.UTC(2026, 0, 3);

/** A harvest that has ended, and is not settled. */
async function over() {
  const clock = new ManualClock(START);
  const store = await added(FILTER, clock);
  const collections = new Collections(store, clock);
  const checkpoint = await Checkpoint.open(store, {
    collectionId: "c",
    type: "filter",
    holder: "here",
    clock,
  });
  await checkpoint.begin(START, { walks: 1, type: "filter" });
  await store.put(`${BEFORE}collection.json`, jsonBytes({ id: "c", filter: { track: "then" } }));
  await checkpoint.commit({
    state: "finished",
    outcome: "complete",
    ended: MIDNIGHT,
    positions: { stream: { at: 1, ids: ["7"] } },
  });
  return { store, checkpoint, target: { store, collections, collectionId: "c" } };
}

Deno.test("the next harvest begins once the one before is settled, with its configuration and where it stands", async () => {
  const { store, checkpoint, target } = await over();
  assert.equal(await beginNext(target, checkpoint, MIDNIGHT), AFTER);
  assert.equal((await json(store, `${BEFORE}harvest.json`)).outcome, "complete");
  assert.deepEqual(await json(store, `${AFTER}collection.json`), {
    id: "c",
    filter: { track: "then" },
  });
  const { state, began, planned, positions } = checkpoint.state;
  assert.deepEqual([state, began, planned], ["harvesting", MIDNIGHT, undefined]);
  assert.deepEqual(positions, { stream: { at: 1, ids: ["7"] } });
  const { commits } = checkpoint.state;
  assert.equal(await beginNext(target, checkpoint, MIDNIGHT), AFTER);
  assert.equal(checkpoint.state.commits, commits, "done twice, the second changes nothing");
});

Deno.test("whichever write of it has no answer, it is tried again and done once", async () => {
  for (let nth = 1;; nth++) {
    const { store, checkpoint, target } = await over();
    let writes = 0;
    store.after = () => {
      if (++writes === nth) throw new OutsideError("The connection was reset");
    };
    // That of a claim is found out at once; any other is tried again.
    await beginNext(target, checkpoint, MIDNIGHT).catch(() => {});
    const isMet = writes >= nth;
    assert.equal(await beginNext(target, checkpoint, MIDNIGHT), AFTER, `write ${nth}`);
    assert.deepEqual(foldersOf(store), [BEFORE, AFTER], `write ${nth}`);
    if (isMet) continue;
    assert.ok(nth > 5, `only ${nth} writes`);
    return;
  }
});

Deno.test("where its folder is taken it begins a second later, and is known by when it was to begin", async () => {
  const { store, checkpoint, target } = await over();
  await store.put(`${AFTER}collection.json`, jsonBytes({}));
  await store.put(`${AFTER}harvest.json`, jsonBytes({}));
  assert.equal(
    await beginNext(target, checkpoint, MIDNIGHT),
    AFTER.replace("00/00/00/", "00/00/01/"),
  );
  assert.ok(belongsTo(checkpoint.state, MIDNIGHT) && belongsTo(checkpoint.state, MIDNIGHT + 1_000));
  assert.ok(!belongsTo(checkpoint.state, START));
});
