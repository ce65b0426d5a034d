import assert from "node:assert/strict";
import { walk, type WalkOptions } from "../../lib/source/walk.ts";
import type { PlacedBatch } from "../../lib/source/source.ts";
import type { Gap, Page } from "../../lib/twitter/api.ts";
import { idTime, timeId } from "../../lib/twitter/bytes/ids.ts";

const NOW = Date.UTC(2026, 5, 15);
const MINUTE = 60_000;
const REACH = { tweets: 3_200, why: "A timeline goes back 3200 posts only" };
const encoder = new TextEncoder();

/** The id of the nth tweet, one a minute, newest first. */
function idOf(n: number): string {
  return timeId(NOW - n * MINUTE);
}

/** A walk through pages of so many tweets each. */
async function walked(
  counts: number[],
  { asked = 100, gap, ...options }: Partial<WalkOptions> & { asked?: number; gap?: Gap } = {},
): Promise<PlacedBatch[]> {
  let [page, at] = [0, 0];
  const ask = (): Promise<Page> => {
    const count = counts[page++] ?? 0;
    const ids = Array.from({ length: count }, () => idOf(at++));
    const [newestId] = ids;
    const oldestId = ids.at(-1);
    return Promise.resolve({
      lines: ids.map((id) => encoder.encode(`{"id_str":"${id}"}`)),
      count,
      asked,
      ...(newestId && oldestId ? { newestId, oldestId } : {}),
      ...(page < counts.length ? { next: `${page}` } : {}),
      ...(gap ? { gap } : {}),
    });
  };
  const learn = () => ({ update: {}, delete: [] });
  return await Array.fromAsync(walk({ name: "user:1", ask, from: undefined, learn, ...options }));
}

function gapsOf(batches: PlacedBatch[]): Gap[] {
  return batches.flatMap(({ gap }) => gap ?? []);
}

Deno.test("a timeline that ends at the API's reach has a gap down to the since_id, and moves it", async () => {
  const sinceId = idOf(5_000);
  const batches = await walked(Array(32).fill(100), { sinceId, reach: REACH });
  assert.deepEqual(gapsOf(batches), [
    { from: idTime(sinceId), to: idTime(idOf(3_199)), why: REACH.why },
  ]);
  assert.ok(batches.at(-1)?.update);
});

Deno.test("so has one that was never harvested, down to the first tweet that there was", async () => {
  const [gap] = gapsOf(await walked(Array(32).fill(100), { reach: REACH }));
  assert.equal(gap?.from, Date.UTC(2006, 2, 21));
});

Deno.test("what is left out of a timeline counts for the API's reach", async () => {
  assert.equal(gapsOf(await walked(Array(32).fill(40), { reach: REACH })).length, 1);
});

Deno.test("a timeline that comes down to its end has no gap", async () => {
  for (const counts of [[], [100, 3], Array(30).fill(100), [...Array(15).fill(200), 50, 0]]) {
    const asked = counts.includes(200) ? 200 : 100;
    assert.deepEqual(gapsOf(await walked(counts, { reach: REACH, asked })), [], `${counts}`);
  }
});

Deno.test("how far a walk has come counts over harvests", async () => {
  const first = await walked(Array(20).fill(100), { reach: REACH, most: 1_600 });
  const position = first.at(-1)?.position;
  const second = await walked(Array(16).fill(100), { reach: REACH, from: position });
  // The same ids come again, which the walk does not see here: what counts is how many were asked for.
  assert.equal(gapsOf(second).length, 1);
});

/** A walk that ends at `most` tweets with a gap below. */
const CUT = {
  most: 30,
  cut: (oldest: string, since = "0") => ({ from: 0, to: 1, why: `${oldest} ${since}` }),
};

Deno.test("a walk that is cut at its most is whole, with a gap below, and moves since_id", async () => {
  const sinceId = idOf(100);
  const batches = await walked([20, 10, 20], { ...CUT, sinceId });
  const last = batches.at(-1);
  assert.deepEqual(batches.map(({ count }) => count), [20, 10, 0]);
  assert.deepEqual([last?.position, last?.gap?.why], ["whole", `${idOf(29)} ${sinceId}`]);
  assert.ok(last?.update);
  assert.ok(!batches.slice(0, -1).some(({ gap, update }) => gap || update), "Once, at its end");
});

Deno.test("one that was killed is cut where it would have been", async () => {
  const batches = await walked([20, 10, 20], CUT);
  const [first, second] = batches.map(({ position }) => position);
  const after = await walked([10, 20], { ...CUT, from: first });
  assert.deepEqual(after.map(({ count }) => count), [10, 0]);
  const asked = await walked([20], { ...CUT, from: second });
  assert.deepEqual(asked.map(({ count, gap }) => [count, gap?.why]), [[0, `${idOf(29)} 0`]]);
});

Deno.test("one that has no more than its most has no gap", async () => {
  assert.deepEqual(gapsOf(await walked([20, 10], CUT)), []);
});

Deno.test("what a search cannot reach is recorded once, when its walk is whole", async () => {
  const gap = { from: NOW - 10_000 * MINUTE, to: NOW - 9_000 * MINUTE, why: "x" };
  const batches = await walked([10, 10, 10], { gap });
  assert.deepEqual(batches.map((batch) => batch.gap), [undefined, undefined, gap]);
});

Deno.test("a walk goes through more pages of recorded tweets than those that it would take for endless, and no more than there are", async () => {
  const known = Array.from({ length: 150 }, (_, n) => idOf(n));
  const from = { oldest: idOf(-1), known };
  // A page of recorded tweets is one without any.
  const batches = await walked([...Array(150).fill(0), 5], { from });
  assert.equal(batches.at(-1)?.count, 5);
  await assert.rejects(walked([...Array(300).fill(0), 5], { from }), /250 pages in a row/);
});
