import assert from "node:assert/strict";
import fc from "fast-check";
import { IdWriter } from "../../lib/export/text_writers.ts";
import { Lowest } from "../../lib/export/sample.ts";
import { chance } from "../../lib/export/selection.ts";
import { exported, madeStatuses } from "./exported.ts";

Deno.test("the limit has so many numbers below it", () => {
  const number = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(fc.property(fc.uniqueArray(number), fc.integer({ min: 1, max: 9 }), (numbers, n) => {
    const lowest = new Lowest(n);
    for (const one of numbers) lowest.add(one);
    const limit = lowest.limit();
    assert.equal(numbers.filter((one) => one < limit).length, Math.min(n, numbers.length));
  }));
});

Deno.test("of many numbers as well", () => {
  const lowest = new Lowest(1_000);
  for (let i = 0; i < 100_000; i++) lowest.add((i * 7_919 % 100_000) / 100_000);
  assert.equal(lowest.limit(), 0.01);
});

Deno.test("a tweet's number is the beginning of a SHA-256, on any machine", () => {
  // printf 1:20 | sha256sum
  assert.equal(chance("20", "1"), 0x6f9f79f8f6cb / 2 ** 48);
});

Deno.test("a sample is the same again, another one with another seed, and about as large as asked for", async () => {
  const [first = ""] = madeStatuses();
  const lines = Array.from(
    { length: 1_000 },
    (_, i) =>
      first.replaceAll(
        "100000000000000000",
        `${2_000_000_000_000_000_000n + BigInt(i) * 4_194_304n}`,
      ),
  );
  const sampleOf = async (seed: string) => {
    const selection = { retweets: true, sample: { seed, limit: 0.2 } };
    const ids = await exported(lines, (sink) => new IdWriter(sink), { selection });
    return new TextDecoder().decode(ids).trimEnd().split("\n");
  };
  const ids = await sampleOf("1");
  assert.deepEqual(await sampleOf("1"), ids);
  assert.ok(ids.length > 150 && ids.length < 250, `${ids.length}`);
  const others = await sampleOf("2");
  assert.ok(ids.filter((id) => others.includes(id)).length < 80);
});
