import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { Checkpoint } from "../../../lib/bucket/checkpoint.ts";
import { Collections } from "../../../lib/bucket/collections.ts";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { settle } from "../../../lib/bucket/projection.ts";
import { removeTweets } from "../../../lib/archive/removal.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import type { Gap } from "../../../lib/twitter/api.ts";
import { namesIn, withFolder } from "../../fakes/folder.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import type { MemoryStore } from "../../fakes/memory_store.ts";
import { failing, FILTER, streamed } from "../../fakes/slow_stream.ts";
import { renoted } from "../../fakes/spool_places.ts";
import { added, json, run, text, told, tweets } from "../../fakes/whole_harvest.ts";
import { WorldApi } from "../../fakes/world_api.ts";
import { inTurns } from "../../fakes/turns.ts";

const AWAY = new OutsideError("The store is away");
/** Nothing comes any more. */
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

Deno.test("a store that is gone for longer than is allowed ends the harvest, which says why; the next one brings what it had", () =>
  withFolder(async (parent) => {
    const own = { parent, patienceMs: 120_000 };
    const { store, harvested, ids, read } = await streamed(8, failing(AWAY, 2), own);
    await assert.rejects(harvested, /The store is away/);
    assert.deepEqual(await tweets(store), ids.slice(0, 2));
    await run(store, silent(), { parent, clock: new ManualClock() });
    const all = await tweets(store);
    assert.deepEqual(all, ids.slice(0, all.length));
    // The last one came when the harvest had given up.
    assert.equal(all.length, Number(read.at(-1)) - 1);
    assert.ok(all.length > 3);
    const [first] = await told(store);
    assert.deepEqual([first?.outcome, first?.tweets], ["failed", all.length]);
    assert.deepEqual(await namesIn(join(parent, "c")), []);
  }));

/** The bucket and the temporary files as they were at one moment. */
interface Moment {
  what: string;
  store: MemoryStore;
  folder: string;
  /** Tweets that were read before the last flush. */
  flushed: number;
}

/** What becomes of the bucket from the third minute to the eighth. */
const TROUBLES = {
  "is there": () => {},
  "is gone for five minutes": () => {
    throw AWAY;
  },
  "does not answer for five minutes": (back: Promise<void>) => back,
};
for (const [turn, [name, trouble]] of Object.entries(TROUBLES).entries()) {
  Deno.test(`a stream's harvester that dies at whatever moment, while the bucket ${name}, costs at most what came since the last flush, and nothing comes twice`, () =>
    withFolder(async (parent) => {
      const moments: Moment[] = [];
      const seize = (what: string, store: MemoryStore, flushed: number) => {
        const folder = join(parent, `${moments.length}`);
        cpSync(join(parent, "c"), join(folder, "c"), { recursive: true });
        moments.push({ what, store: store.copy(), folder, flushed });
      };
      const back = Promise.withResolvers<void>();
      const { ids, harvested } = await streamed(11, (i, store) => {
        if (i > 0) seize(`before minute ${i}`, store, i);
        if (i === 8) back.resolve();
        store.before = ({ method, key }) => {
          if (/tweets-|checkpoint|manifest|lock/.test(key) && store.keys().length > 4) {
            seize(`${method} ${key} in minute ${i}`, store, i);
          }
          if (i >= 3 && i < 8) return trouble(back.promise);
        };
      }, { parent });
      await harvested;
      assert.ok(moments.length > 30, `${moments.length}`);
      for (const { what, store, folder, flushed } of inTurns(moments, turn, 3)) {
        const clock = new ManualClock();
        await clock.advance(3_600_000);
        await run(store, silent(), { parent: folder, clock });
        const all = await tweets(store);
        assert.deepEqual(all, ids.slice(0, all.length), what);
        assert.ok(all.length >= flushed, `${all.length}: ${what}`);
        assert.deepEqual(await namesIn(join(folder, "c")), []);
        const ended = `${(await told(store))[0]?.harvest_end_timestamp}`;
        assert.ok(ended < "2026-01-02T03:20", `It was cut in its twelve minutes: ${ended}`);
      }
    }));
}

/** The bucket as it is when its harvester is killed after some minutes, in all but two of which it was away. */
async function cutOff(parent: string, minutes: number): Promise<MemoryStore> {
  let cut: MemoryStore | undefined;
  await withFolder(async (first) => {
    const { harvested } = await streamed(minutes, (i, store) => {
      failing(AWAY, 2)(i, store);
      if (i !== minutes - 1) return;
      cut = store.copy();
      cpSync(join(first, "c"), join(parent, "c"), { recursive: true });
    }, { parent: first, tweetsPerFile: 99 });
    await harvested;
  });
  assert.ok(cut);
  return cut;
}

Deno.test("a harvest that was told as cut meanwhile, as verify --repair does, gets what its harvester had", () =>
  withFolder(async (parent) => {
    const store = await cutOff(parent, 6);
    const clock = new ManualClock();
    const opened = { collectionId: "c", type: "filter", holder: "person", clock };
    const target = { store, collections: new Collections(store, clock), collectionId: "c" };
    await settle(target, await Checkpoint.open(store, opened));
    const before = await tweets(store);
    await run(store, silent(), { parent, clock });
    assert.deepEqual([before.length, (await tweets(store)).length], [2, 5]);
    assert.equal((await told(store))[0]?.tweets, 5);
  }));

Deno.test("who is told to stop does not wait for a bucket that is away, and the cuts stay for the next", () =>
  withFolder(async (parent) => {
    const store = await cutOff(parent, 6);
    const stop = new AbortController();
    store.before = ({ method }) => {
      if (method !== "upload") return;
      setTimeout(() => stop.abort());
      throw AWAY;
    };
    const own = { parent, clock: new ManualClock(), patienceMs: 3_600_000 };
    await assert.rejects(run(store, silent(), { ...own, signal: stop.signal }), /store is away/);
    store.before = () => {};
    await run(store, silent(), own);
    assert.equal((await tweets(store)).length, 5);
  }));

Deno.test("what a disk damaged of it keeps no harvest from beginning, and the rest comes", () =>
  withFolder(async (parent) => {
    const own = { parent, patienceMs: 120_000, tweetsPerFile: 1 };
    const { store, harvested, ids, read } = await streamed(8, failing(AWAY, 2), own);
    await assert.rejects(harvested, /The store is away/);
    const [left = ""] = await namesIn(join(parent, "c"));
    const files = (await namesIn(join(parent, "c", left))).filter((name) => name.endsWith(".gz"));
    await Deno.truncate(join(parent, "c", left, files[0] ?? ""));
    await Deno.writeTextFile(join(parent, "c", left, "cut-999.json"), "{");
    await run(store, silent(), { parent, clock: new ManualClock() });
    const all = await tweets(store);
    // One was in the damaged file, and one came when the harvest had given up.
    assert.equal(all.length, Number(read.at(-1)) - 2);
    assert.deepEqual(all.filter((id) => !ids.includes(id)), []);
    assert.deepEqual(await namesIn(join(parent, "c")), [`${left}-damaged`], "for a person");
  }));

/** The gaps that the first harvest tells. */
async function gapsOf(store: MemoryStore): Promise<Gap[]> {
  const key = store.keys().find((key) => key.endsWith("/gaps.jsonl"));
  const lines = key ? (await text(store, key)).trimEnd().split("\n") : [];
  return lines.map((line) => JSON.parse(line));
}

for (const what of ["tweets", "note"] as const) {
  Deno.test(`a piece whose ${what} a disk damaged is a gap, from the cut before it to the one after it`, () =>
    withFolder(async (parent) => {
      const store = await cutOff(parent, 8);
      const [name = ""] = await namesIn(join(parent, "c"));
      const [before, damaged, after] = await cutsIn(join(parent, "c", name));
      assert.ok(before && damaged && after && !damaged.isWhole);
      const timeOf = async (note: string) => JSON.parse(await Deno.readTextFile(note)).at;
      const span = [await timeOf(before.note), await timeOf(after.note)];
      await Deno.truncate(what === "tweets" ? damaged.file : damaged.note);
      await run(store, silent(), { parent, clock: new ManualClock() });
      assert.equal((await tweets(store)).length, 6);
      assert.deepEqual((await gapsOf(store)).map(({ from, to }) => [from, to]), [span]);
      assert.equal((await told(store))[0]?.gaps, 1);
      assert.deepEqual(await namesIn(join(parent, "c")), [`${name}-damaged`]);
    }));
}

/** The folder that a harvester left whose bucket went away after some minutes, two where nothing is said. */
async function leftBehind(
  parent: string,
  minutes: number,
  { goneFrom = 2, ...more }: { goneFrom?: number; flushMs?: number; tweetsPerFile?: number } = {},
) {
  const own = { parent, patienceMs: (minutes - 6) * 60_000, ...more };
  const streaming = await streamed(minutes, failing(AWAY, goneFrom), own);
  await assert.rejects(streaming.harvested, /The store is away/);
  const [name = ""] = await namesIn(join(parent, "c"));
  return { ...streaming, folder: join(parent, "c", name) };
}

/** The tweets files in a folder by the numbers of the cuts that they are of. */
async function cutsIn(folder: string): Promise<{ note: string; isWhole: boolean; file: string }[]> {
  const notes = (await namesIn(folder)).filter((name) => name.endsWith(".json"));
  const read = notes.map(async (name) => JSON.parse(await Deno.readTextFile(join(folder, name))));
  return (await Promise.all(read)).toSorted((a, b) => a.number - b.number).flatMap((note) =>
    note.tweets
      ? [{
        note: join(folder, `cut-${note.number}.json`),
        isWhole: note.tweets.isWhole,
        file: join(folder, note.tweets.file.path),
      }]
      : []
  );
}

for (const how of ["damaged", "gone", "not noted"]) {
  Deno.test(`a whole segment that is ${how} takes none of its pieces along that the bucket has`, () =>
    withFolder(async (parent) => {
      const { store, ids, folder, read } = await leftBehind(parent, 12);
      assert.deepEqual(await tweets(store), ids.slice(0, 2));
      const [first, second] = (await cutsIn(folder)).filter(({ isWhole }) => isWhole);
      assert.ok(first && second);
      if (how === "damaged") await Deno.truncate(first.file, 20);
      else await Deno.remove(how === "gone" ? first.file : first.note);
      await run(store, silent(), { parent, clock: new ManualClock() });
      // Two were in the damaged file only, and one came when the harvest had given up.
      const wanted = [...ids.slice(0, 2), ...ids.slice(4, Number(read.at(-1)) - 1)];
      assert.deepEqual(await tweets(store), wanted);
    }));
}

Deno.test("a file beside the tweets that a disk lost keeps no harvest from beginning", () =>
  withFolder(async (parent) => {
    const { store, ids, folder, read } = await leftBehind(parent, 8);
    for (const { note } of await cutsIn(folder)) {
      await renoted(note, (noted) => ({ ...noted, sides: [{ name: "messages.jsonl", bytes: 7 }] }));
    }
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual(await tweets(store), ids.slice(0, Number(read.at(-1)) - 1));
  }));

Deno.test("a piece that tweets were removed from is a piece still: what its harvester had does not come beside it", () =>
  withFolder(async (parent) => {
    const pairs = { goneFrom: 3, flushMs: 70_000, tweetsPerFile: 6 };
    const { store, ids, folder } = await leftBehind(parent, 12, pairs);
    assert.ok((await cutsIn(folder))[0]?.isWhole);
    const clock = new ManualClock();
    const holder = { id: "person", host: "h", pid: 2 };
    const lease = await acquireLease({
      store,
      collectionId: "c",
      holder,
      clock,
      isGone: () => true,
    });
    const gone = new Map([[ids[1] ?? "", "deleted"]]);
    const own = { store, clock, collectionId: "c", lease, holder: "person", gone, at: clock.now() };
    await removeTweets(own);
    await lease.release();
    await run(store, silent(), { parent, clock });
    const all = await tweets(store);
    assert.equal(new Set(all).size, all.length);
  }));

Deno.test("what came beside the tweets and the bucket did not take is there for the next harvest, too", () =>
  withFolder(async (parent) => {
    const store = await added(FILTER, new ManualClock());
    const message = { kind: "delete", line: new TextEncoder().encode('{"delete":{}}') };
    const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 });
    const api = new WorldApi(world, { script: [{ tweets: [], messages: [message] }] });
    api.before = () => {
      store.before = () => {
        throw AWAY;
      };
    };
    await assert.rejects(run(store, api, { parent }), /The store is away/);
    store.before = () => {};
    await run(store, silent(), { parent });
    const kept = store.keys().find((key) => key.endsWith("/messages.jsonl")) ?? "";
    assert.deepEqual(await json(store, kept), { delete: {} });
  }));

Deno.test("what another harvester went on from, and was nothing but a position, is cleared", () =>
  withFolder(async (parent) => {
    const store = await added(FILTER, new ManualClock());
    const item = { tweets: [], messages: [] };
    const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 });
    const api = new WorldApi(world, { script: [item] });
    api.before = () => failing(AWAY, 0)(0, store);
    await assert.rejects(run(store, api, { parent }), /The store is away/);
    store.before = () => {};
    assert.equal((await namesIn(join(parent, "c"))).length, 1);
    await run(store, silent(), { parent: join(parent, "elsewhere") });
    await run(store, silent(), { parent });
    assert.deepEqual(await namesIn(join(parent, "c")), []);
  }));

Deno.test("who was paused, and taken over, in the middle of it leaves the manifest to the one that goes on", () =>
  withFolder(async (parent) => {
    const { store } = await leftBehind(parent, 8);
    const clock = new ManualClock();
    const manifest = store.keys().find((key) => key.endsWith("manifest-sha1.txt")) ?? "";
    store.after = async ({ key }) => {
      if (!key.endsWith("checkpoint.json")) return;
      store.after = () => {};
      clock.pause(120_000);
      await store.put("collections/c/lock.json", new TextEncoder().encode("{}"));
      await store.put(manifest, new TextEncoder().encode("another's"));
    };
    await assert.rejects(run(store, silent(), { parent, clock }), /lock/);
    assert.equal(await text(store, manifest), "another's");
  }));

Deno.test("what a harvester had comes although another process has its number by now", () =>
  withFolder(async (parent) => {
    const { store, ids, folder, read } = await leftBehind(parent, 8);
    // Of another machine by its name, so that nobody can tell that it is gone.
    await Deno.rename(folder, folder.replace("here.1.", "here.2."));
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual(await tweets(store), ids.slice(0, Number(read.at(-1)) - 1));
  }));
