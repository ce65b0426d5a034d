import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore, Operation } from "../fakes/memory_store.ts";
import { AFTER, AWAY, BEFORE, DAY, foldersOf, idsIn, infoOf, START } from "../fakes/seam.ts";
import { streamed } from "../fakes/slow_stream.ts";
import { run, text, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

/** Every write is played with TWARC_CLOUD_ALL=1, one of so many without, others each time. */
const ONE_OF = Deno.env.get("TWARC_CLOUD_ALL") === "1" ? 1 : 8;
const FIRST = Math.floor(Math.random() * ONE_OF);
const MINUTE = 60_000;
const MIDNIGHT = Date.UTC(2026, 0, 3);
/** Milliseconds in which what came is noted on this machine. */
const FLUSH = 15_000;
/** Minutes that are streamed. */
const MINUTES = 7;

/** What a harvester had done when it was killed. */
interface Killed {
  /** Before which operation. */
  operation: string;
  at: number;
  store: MemoryStore;
  /** Where its temporary files are. */
  parent: string;
  /** How many tweets had come, and been kept for so long that they have to be there. */
  come: number;
  kept: number;
}

/** A silent stream. */
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));
const isWrite = ({ method }: Operation) => ["put", "upload", "delete"].includes(method);

/** How the bucket fares around midnight. */
const BUCKETS = {
  "a bucket that answers": [],
  "a bucket that is away from before midnight until after it": [1, 5],
} as const;

for (const [bucket, [from = Infinity, to = Infinity]] of Object.entries(BUCKETS)) {
  Deno.test(`a harvester is killed before any write around midnight, with ${bucket}: the next ends the harvest, and goes on with the new one`, async () => {
    const place = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
    try {
      const parent = join(place, "own");
      const killed: Killed[] = [];
      const own = { start: START, msPerHarvest: DAY, parent };
      const { harvested, ids } = await streamed(MINUTES, (i, store, { clock, api }) => {
        store.before = (operation) => {
          if (i >= from && i < to) throw AWAY;
          const at = clock.now();
          if (!isWrite(operation) || at < MIDNIGHT - 2 * MINUTE || killed.length > 200) return;
          if (/lock\.json$/.test(operation.key)) return;
          const again = join(place, `${killed.length}`);
          cpSync(parent, again, { recursive: true });
          killed.push({
            operation: `${operation.method} ${operation.key}`,
            at,
            store: store.copy(),
            parent: again,
            come: api.sent.length,
            kept: Math.floor((at - FLUSH - START) / MINUTE) + 1,
          });
        };
      }, own);
      await harvested;
      const seam = killed.findIndex(({ operation }) => operation.includes("last_harvest.json"));
      assert.ok(seam > 0 && killed.length > seam + 3, `${killed.length} writes, ${seam}`);
      for (const [i, one] of killed.entries()) {
        if (i % ONE_OF !== FIRST && Math.abs(i - seam) > 1) continue;
        await verified(one);
        await takenUpElsewhere(one, ids);
        await takenUp(one, ids);
      }
    } finally {
      await Deno.remove(place, { recursive: true });
    }
  });
}

/** Who verifies just then, while the harvester is at work, finds nothing wrong. */
async function verified({ operation, at, store, come }: Killed) {
  const { signal } = new AbortController();
  const clock = new ManualClock(at);
  const [isGone, onFile] = [() => false, () => {}];
  const found = await verify({ store, clock, collectionId: "c", isGone, onFile, signal });
  assert.deepEqual(found.faults, [], operation);
  assert.ok(found.tweets <= come && found.read.harvests <= 2, operation);
}

/** Another harvester goes on from what one left that was killed, on a machine without its temporary files. */
async function takenUpElsewhere(
  { operation, at, store, parent, come, kept }: Killed,
  ids: string[],
) {
  const copy = store.copy();
  await run(copy, silent(), { clock: new ManualClock(at + 5 * MINUTE) });
  const found = await tweets(copy);
  assert.deepEqual(found, ids.slice(0, found.length), operation);
  assert.ok(found.length <= come, operation);
  // What the machine has still, where another went on, is added to the next harvest on it.
  const again = `${parent}-late`;
  cpSync(parent, again, { recursive: true });
  await run(copy, silent(), { clock: new ManualClock(at + 10 * MINUTE), parent: again });
  const all = await tweets(copy);
  assert.ok(all.length >= kept, operation);
  assert.deepEqual(all.toSorted(), ids.slice(0, all.length).toSorted(), operation);
}

/** Another harvester goes on from what one left that was killed, on the same machine. */
async function takenUp({ operation, at, store, parent, come, kept }: Killed, ids: string[]) {
  const clock = new ManualClock(at + 5 * MINUTE);
  await run(store, silent(), { clock, parent });
  const found = await tweets(store);
  const message = `killed before ${operation}`;
  assert.deepEqual(found, ids.slice(0, found.length), message);
  assert.ok(found.length >= kept && found.length <= come, `${found.length}, ${kept}: ${message}`);
  // Whatever came is in the harvest of its day, and each harvest says how it ended.
  const begun = foldersOf(store);
  const ended = begun.filter((folder) => store.keys().includes(`${folder}harvest.json`));
  assert.ok(begun.length - ended.length <= 1, "at most one that was claimed, and not begun");
  assert.deepEqual(await idsIn(store, BEFORE), found.slice(0, 3), message);
  const isOver = at > MIDNIGHT;
  if (found.length > 3) assert.deepEqual(await idsIn(store, AFTER), found.slice(3), message);
  const { outcome } = await infoOf(store, BEFORE);
  assert.ok(
    outcome === "complete" || !isOver && outcome === "interrupted",
    `${outcome}: ${message}`,
  );
}

/** A harvester whose bucket is away from before midnight, for longer than it waits: both harvests are on its disk only. */
async function leftOverMidnight(parent: string) {
  const own = { start: START, msPerHarvest: DAY, parent, patienceMs: 2 * MINUTE };
  const { store, harvested, ids } = await streamed(MINUTES, (i, store) => {
    if (i < 2) return;
    store.before = () => {
      throw AWAY;
    };
  }, own);
  await assert.rejects(harvested, /store is away/);
  return { store, ids };
}

/** The notes of a harvest's cuts that are on a machine. */
async function notesOf(parent: string, began: number): Promise<string[]> {
  const notes: string[] = [];
  for await (const { name: own } of Deno.readDir(join(parent, "c"))) {
    const folder = join(parent, "c", own);
    for await (const { name } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (!/^cut-\d+\.json$/.test(name)) continue;
      if (JSON.parse(await Deno.readTextFile(path)).began === began) notes.push(path);
    }
  }
  return notes;
}

Deno.test("where the end of a harvest is gone that was on this machine's disk only, the span up to the next is a gap", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const { store, ids } = await leftOverMidnight(parent);
    const notes = await notesOf(parent, START);
    assert.ok(notes.length > 0);
    for (const path of notes) await Deno.remove(path);
    await run(store, silent(), { clock: new ManualClock(MIDNIGHT + 60 * MINUTE), parent });
    assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 2));
    assert.equal((await infoOf(store, BEFORE)).outcome, "interrupted");
    const [third, ...others] = ids.slice(2);
    assert.deepEqual((await idsIn(store, AFTER)).slice(0, 2), others.slice(0, 2));
    assert.ok(!(await tweets(store)).includes(third ?? ""));
    const { gaps } = await infoOf(store, AFTER);
    const lines = (await text(store, `${AFTER}gaps.jsonl`)).trimEnd().split("\n");
    const [{ from, to }] = lines.map((line) => JSON.parse(line));
    assert.ok(
      from < MIDNIGHT - MINUTE && from > MIDNIGHT - 2 * MINUTE && to === MIDNIGHT,
      `${from}`,
    );
    assert.equal(gaps, lines.length);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("whoever ends a harvest and begins the next for one that was killed may be killed at any write as well", async () => {
  const place = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const parent = join(place, "own");
    const { store, ids } = await leftOverMidnight(parent);
    for (let nth = 1 + FIRST;; nth += ONE_OF) {
      const again = {
        at: MIDNIGHT + 60 * MINUTE,
        store: store.copy(),
        parent: join(place, `${nth}`),
      };
      cpSync(parent, again.parent, { recursive: true });
      let writes = 0;
      again.store.before = (operation) => {
        if (isWrite(operation)) writes++;
        if (writes >= nth) throw new Error("killed");
      };
      const clock = new ManualClock(again.at);
      await run(again.store, silent(), { clock, parent: again.parent }).catch(() => {});
      again.store.before = () => {};
      await takenUp({ ...again, operation: `write ${nth}`, come: ids.length, kept: 4 }, ids);
      if (writes >= nth) continue;
      assert.ok(nth > 20, `only ${nth} writes`);
      return;
    }
  } finally {
    await Deno.remove(place, { recursive: true });
  }
});

Deno.test("where the folder of midnight is taken, what was noted for it is known under the next second", async () => {
  const place = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const parent = join(place, "own");
    const killed: Omit<Killed, "come" | "kept" | "operation">[] = [];
    // A clock was ahead once.
    const taken = (store: MemoryStore) => {
      for (const name of ["collection.json", "harvest.json"]) {
        store.put(`${AFTER}${name}`, new TextEncoder().encode("{}"));
      }
    };
    const { harvested, ids } = await streamed(MINUTES, (i, store, { clock }) => {
      if (i === 0) taken(store);
      store.before = (operation) => {
        if (i >= 1 && i < 5) throw AWAY;
        const again = join(place, `${killed.length}`);
        if (i < 5 || !isWrite(operation) || killed.length === 12) return;
        cpSync(parent, again, { recursive: true });
        killed.push({ at: clock.now(), store: store.copy(), parent: again });
      };
    }, { start: START, msPerHarvest: DAY, parent });
    await harvested;
    const next = AFTER.replace("/00/00/00/", "/00/00/01/");
    for (const { at, store, parent } of killed) {
      await run(store, silent(), { clock: new ManualClock(at + 5 * MINUTE), parent });
      const found = await tweets(store);
      assert.ok(found.length >= 5, "those that came while the bucket was away");
      assert.deepEqual(found, ids.slice(0, found.length));
      assert.deepEqual(await idsIn(store, next), found.slice(3));
      assert.equal((await infoOf(store, next)).late, undefined);
    }
    assert.equal(killed.length, 12);
  } finally {
    await Deno.remove(place, { recursive: true });
  }
});

Deno.test("a write around midnight that is done, and whose answer is lost, costs and doubles nothing", async () => {
  let writes = 0;
  for (let lost = 1 + FIRST; lost === 1 + FIRST || lost <= writes; lost += ONE_OF) {
    writes = 0;
    const { store, harvested, ids } = await streamed(MINUTES, (_i, store, { clock }) => {
      const isIt = (operation: Operation) =>
        isWrite(operation) && clock.now() >= MIDNIGHT - MINUTE && clock.now() < MIDNIGHT + MINUTE &&
        !/lock\.json$/.test(operation.key);
      store.after = (operation) => {
        if (isIt(operation) && ++writes === lost) throw AWAY;
      };
    }, { start: START, msPerHarvest: DAY });
    await harvested;
    assert.deepEqual(await tweets(store), ids, `write ${lost}`);
    assert.deepEqual(foldersOf(store), [BEFORE, AFTER], `write ${lost}`);
    assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 3), `write ${lost}`);
    assert.deepEqual((await infoOf(store, BEFORE)).outcome, "complete", `write ${lost}`);
  }
  assert.ok(writes > 10, `only ${writes} writes`);
});
