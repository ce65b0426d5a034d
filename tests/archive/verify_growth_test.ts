import assert from "node:assert/strict";
import { z } from "zod";
import { OutsideError } from "../../lib/base/errors.ts";
import { verify } from "../../lib/archive/verify.ts";
import { readBefore, recordFixity } from "../../lib/bucket/fixity.ts";
import { append } from "../../lib/bucket/inventory.ts";
import { READS } from "../../lib/store/read_ahead.ts";
import { counted, tallied } from "../fakes/counting_store.ts";
import { withFolder } from "../fakes/folder.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { loaded, manyHarvests } from "../fakes/many_harvests.ts";
import { measured } from "../fakes/measured.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { isAtPath, temporaryFilesOf } from "../fakes/temporary_files.ts";

const clock = new ManualClock(Date.UTC(2026, 0, 1));
const signal = new AbortController().signal;
const LISTED = new TextEncoder().encode(`${"a".repeat(40)}  tweets-20200101000000.jsonl\n`);
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
  const { harvests, bytes } = schema.parse(
    await measured("verified.ts", { isPlain: true }),
  );
  const each = Math.round(bytes / harvests);
  assert.ok(each < 1_000, `${each} bytes of memory a harvest`);
});

/** A collection that has an inventory only, which takes more memory than is spent on one. */
async function inventoryOfYears(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const drafts = Array.from({ length: 900 }, (_, n) => ({
    what: "harvest",
    folder: `harvests/${`${n}`.padStart(1_000, "0")}`,
    files: {},
  }));
  await append({ store, clock, collectionId: "c" }, drafts);
  return store;
}

Deno.test("an inventory of years goes to a file, which is gone after a verification, also one that fails or is stopped", async () => {
  const store = await inventoryOfYears();
  const fail = () => {
    throw new OutsideError("It fails");
  };
  const ends = { whole: {}, stopped: { signal: AbortSignal.abort() }, failed: { onFile: fail } };
  const folder = "collections/c/harvests/2020/01/01/00/00/00/";
  await store.put(`${folder}manifest-sha1.txt`, LISTED);
  await store.put(`${folder}tweets-20200101000000.jsonl`, new Uint8Array());
  for (const [how, end] of Object.entries(ends)) {
    const [file, ...others] = await temporaryFilesOf(async () => {
      const verified = verify({ ...look, store, ...end });
      if (how === "whole") assert.equal((await verified).inventory?.entries, 900);
      else await assert.rejects(verified, /It fails|aborted/);
    });
    assert.ok(file !== undefined && others.length === 0, how);
    assert.match(file, /twarc-cloud-verify-/);
    assert.ok(!await isAtPath(file), how);
  }
});

/** Damages every fifth harvest's tweets, manifest, or users, and every seventh changeset. */
async function damage(store: MemoryStore): Promise<void> {
  const some = store.keys().filter((key) =>
    /\/(tweets-.*|manifest-sha1\.txt|users\.jsonl)$/.test(key)
  )
    .filter((_, i) => i % 5 === 0);
  const changes = store.keys().filter((key) => key.includes("/change-")).filter((_, i) =>
    i % 7 === 0
  );
  for (const key of [...some, ...changes]) {
    const { bytes } = await store.get(key) ?? assert.fail();
    await store.put(key, bytes.subarray(0, -3));
  }
}

Deno.test("verify of a slow store has several requests under way, and finds the same in the same order", () =>
  withFolder(async (bucket) => {
    await manyHarvests(bucket, { harvests: 30 });
    const store = await loaded(bucket);
    await damage(store);
    const plain = await verify({ ...look, store });
    let [most, underWay, turn] = [0, 0, 0];
    store.before = async ({ method }) => {
      if (method === "list") return;
      most = Math.max(most, ++underWay);
      // Each answer takes another time, some longer than those of the next ones.
      for (let turns = turn++ * 7 % 11; turns >= 0; turns--) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      underWay--;
    };
    const slow = await verify({ ...look, store });
    assert.ok(plain.faults.length > 30, `${plain.faults.length} faults`);
    assert.deepEqual(slow, plain);
    assert.ok(most >= READS && most <= READS + 1, `${most} requests at once`);
  }));
