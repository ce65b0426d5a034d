import assert from "node:assert/strict";
import { z } from "zod";
import { verify } from "../../lib/archive/verify.ts";
import { readBefore, recordFixity } from "../../lib/bucket/fixity.ts";
import { counted, tallied } from "../fakes/counting_store.ts";
import { withFolder } from "../fakes/folder.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { loaded, manyHarvests } from "../fakes/many_harvests.ts";
import { measured } from "../fakes/measured.ts";

const clock = new ManualClock(Date.UTC(2026, 0, 1));
const signal = new AbortController().signal;
const look = { clock, collectionId: "c", isGone: () => true, onFile: () => {}, signal };

/** What two verifications of so many harvests ask for: one of all, and after two more harvests one of what is new. */
async function asked(harvests: number) {
  return await withFolder(async (bucket) => {
    await manyHarvests(bucket, { harvests });
    const all = await loaded(bucket);
    const [first, began] = [counted(all), clock.now()];
    const found = await verify({ ...look, store: all });
    assert.deepEqual([found.faults, found.read.harvests], [[], harvests]);
    await manyHarvests(bucket, { harvests: harvests + 2 });
    const more = await loaded(bucket);
    await recordFixity({ store: more, clock, collectionId: "c" }, {
      began,
      what: "verify",
      scope: "all",
      read: found.read,
      found: [],
      did: [],
      inventory: found.inventory?.head ?? null,
    });
    const before = await readBefore(more, "c", clock.now()) ?? assert.fail();
    const again = counted(more);
    const { faults, readBefore: known } = await verify({ ...look, store: more, before });
    assert.deepEqual([faults, known], [[], harvests]);
    return { first, again };
  });
}

Deno.test("verify reads each object once, and of what was read before nothing", async () => {
  const [few, many] = [await asked(10), await asked(40)];
  const more = tallied(many.first.gets);
  for (const [name, times] of Object.entries(tallied(few.first.gets))) {
    more[name] = (more[name] ?? 0) - times;
  }
  const grown = Object.entries(more).filter(([, times]) => times > 0);
  const changes = grown.filter(([name]) => name.startsWith("change-"));
  assert.deepEqual([changes.length, new Set(changes.map(([, times]) => times))], [
    30,
    new Set([1]),
  ]);
  assert.deepEqual(Object.fromEntries(grown.filter(([name]) => !name.startsWith("change-"))), {
    "collection.json": 30,
    "gaps.jsonl": 3,
    "harvest.json": 30,
    "manifest-sha1.txt": 30,
    tweets: 30,
    "users.jsonl": 30,
  });
  assert.equal(many.first.lists, few.first.lists);
  assert.deepEqual(
    [many.again.gets.length, many.again.lists],
    [few.again.gets.length, few.again.lists],
  );
});

Deno.test("what verify keeps of a harvest in memory is little more than its line in the inventory", async () => {
  const schema = z.object({ harvests: z.number(), bytes: z.number() });
  const { harvests, bytes } = schema.parse(await measured("verified.ts"));
  const each = Math.round(bytes / harvests);
  assert.ok(each < 2_000, `${each} bytes of memory a harvest`);
});
