import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { OpenHarvest } from "../../lib/harvest/open_harvest.ts";
import type { Batch } from "../../lib/source/source.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { Tally } from "../../lib/harvest/tally.ts";
import { placeIn } from "../fakes/spool_places.ts";

/** Calls with a harvest of two users that has just begun. */
async function opened(act: (open: OpenHarvest) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const spool = await Spool.open(await placeIn(folder));
    const type = "user_timeline";
    const positions = { "user:1": { next: "a" }, "user:2": "whole" };
    const tally = new Tally(2, {});
    await act(new OpenHarvest({ began: 0, positions, type, spool, clock: systemClock, tally }));
    await spool.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function page(walk: string, position: Batch["position"], line = new Uint8Array()): Batch {
  return { walk, position, tweets: line.length > 0 ? [line] : [], count: line.length > 0 ? 1 : 0 };
}

Deno.test("where walks stand at a cut stays as it was, however they move then", () =>
  opened(async (open) => {
    await open.take(page("user:3", { next: "b" }));
    const { commit: first } = await open.cut(false);
    const begun = { "user:1": { next: "a" }, "user:3": { next: "b" } };
    assert.deepEqual(first.many?.positions.toJSON(), begun);
    await open.take(page("user:1", "whole"));
    assert.ok(!open.isWhole);
    await open.take(page("user:3", "whole"));
    assert.ok(open.isWhole);
    assert.deepEqual(open.counts.walks_done, 2);
    await open.take(page("user:3", "whole"));
    assert.deepEqual(open.counts.walks_done, 2);
    const { commit: last } = await open.cut(true);
    assert.deepEqual(last.many?.positions.toJSON(), { "user:1": "whole", "user:3": "whole" });
    assert.deepEqual(first.many?.positions.toJSON(), begun);
    // What the cuts have lies outside of the positions of other walks.
    assert.deepEqual([first.positions, last.positions], [{}, {}]);
  }));

Deno.test("the memory of a page is given back once it is in the segment", () =>
  opened(async (open) => {
    const [large, small] = [new Uint8Array(600_000), new Uint8Array(6_000)];
    for (const line of [large, small]) await open.take(page("user:1", "whole", line.fill(0x20)));
    assert.deepEqual([large.length, small.length], [0, 6_000]);
    assert.equal(open.tweets, 2);
    assert.equal((await open.cut(true)).tweets?.file.tweets, 2);
  }));
