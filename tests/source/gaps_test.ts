import assert from "node:assert/strict";
import fc from "fast-check";
import { walksOfGap } from "../../lib/bucket/gaps.ts";
import { spanOfGap, unfinishedGaps } from "../../lib/source/gaps.ts";
import { KnownIds } from "../../lib/source/known_ids.ts";
import { isOlder, timeId } from "../../lib/twitter/bytes/ids.ts";
import { readable } from "../fakes/damaged_collection.ts";
import { LiveStream } from "../fakes/live_stream.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

Deno.test("a gap ends when the stream was open again, unless the clock is behind what the stream had brought", () => {
  const newest = timeId(NOW);
  const gap = { from: NOW, to: NOW + 60_000, why: "x" };
  assert.deepEqual(spanOfGap(gap, newest), { sinceId: newest, untilId: timeId(NOW + 60_000) });
  const behind = { from: NOW - 3_600_000, to: NOW - 3_540_000, why: "x" };
  assert.deepEqual(spanOfGap(behind, newest), { sinceId: newest });
  const walks = walksOfGap(spanOfGap(behind, newest), ["a:b"]);
  assert.deepEqual(walks.map(({ position }) => position), [{ since: newest }]);
  const positions = Object.fromEntries(walks.map(({ name, position }) => [name, position]));
  assert.deepEqual(unfinishedGaps(positions), walks);
});

Deno.test("a walk knows what it recorded, exactly as long as it remembers it, and below that by the lowest it forgot", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 500 })), (ids) => {
    const known = new KnownIds({});
    known.add(ids.map(String), "500");
    for (let id = 1; id <= 500; id++) assert.equal(known.isWanted(`${id}`), !ids.includes(id));
    assert.equal(known.isWanted("501"), false);
  }));
  const many = new KnownIds({});
  const all = Array.from({ length: 6_000 }, (_, i) => 20_000 - 2 * i);
  many.add(all.map(String), "20000");
  assert.equal(
    many.isWanted(`${all[0]}`),
    false,
    "forgotten, and above the lowest that was forgotten",
  );
  assert.equal(many.isWanted(`${all[5_999]}`), false, "remembered");
  assert.equal(
    many.isWanted(`${(all[5_999] ?? 0) + 1}`),
    true,
    "between those that are remembered",
  );
  const resumed = new KnownIds({ newest: "90", oldest: "40" });
  assert.deepEqual(["91", "60", "40", "39"].map(resumed.isWanted), [false, false, false, true]);
  assert.ok(isOlder("39", "40"));
});

/** A stream that was away for 20 s, and has a tweet of that time come late after it. */
async function comingLate({ isKilled = false, rules = ["x"] } = {}) {
  const live = await LiveStream.open({ rules });
  // Made at 24 s.
  const lateMs = (nth: number) => nth === 12 ? 20_000 : 0;
  await live.listen({ ms: 60_000, lateMs, outages: [{ from: 20_000, to: 40_000 }], isKilled });
  if (isKilled) await live.fill();
  return { posted: live.posted, collected: await readable(live.store) };
}

for (const rules of [["x"], ["one", "two"]]) {
  for (const isKilled of [false, true]) {
    const by = isKilled ? "the next harvest, after a kill," : "its harvest";
    Deno.test(`a tweet that comes late hides nothing of what a stream of ${rules.length} rules missed, and ${by} has it once`, async () => {
      const { posted, collected } = await comingLate({ isKilled, rules });
      // Whatever a killed one had not committed is in the gap of the next.
      assert.deepEqual(posted.filter((id) => !collected.includes(id)), []);
      assert.deepEqual(collected.filter((id, n) => collected.indexOf(id) !== n), []);
    });
  }
}
