import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { DamagedError, OutsideError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore, Operation } from "../fakes/memory_store.ts";
import { streamed } from "../fakes/slow_stream.ts";
import { added, json, KEYS, run, text, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const encoder = new TextEncoder();

/** What may have become of a file. */
const DAMAGES: Record<string, (path: string) => Promise<void>> = {
  "cut to ten bytes": (path) => Deno.truncate(path, 10),
  "altered": async (path) => {
    const bytes = await Deno.readFile(path);
    const at = bytes.length >> 1;
    await Deno.writeFile(path, bytes.with(at, 255 - (bytes[at] ?? 0)));
  },
  "grown": (path) => Deno.writeFile(path, encoder.encode("x"), { append: true }),
  "removed": (path) => Deno.remove(path),
};

/** Damages what is uploaded to certain keys, each file once. */
function damaging(
  pattern: RegExp,
  damage: (path: string) => Promise<void>,
  isMeant: (path: string) => boolean = () => true,
) {
  const done = new Set<string>();
  return async ({ method, key, path = "" }: Operation) => {
    if (method !== "upload" || !pattern.test(key) || done.has(path) || !isMeant(path)) return;
    done.add(path);
    await damage(path);
  };
}

/** Whether a file is of the segment that is uploaded as the nth: whole, or a piece of it from then on. */
function ofSegment(nth: number) {
  let n = 0;
  let meant = "";
  return (path: string): boolean => {
    const segment = path.replace(/\.piece-\d+$/, "");
    if (++n === nth) meant = segment;
    return segment === meant;
  };
}

/** The harvest.json of the newest harvest. */
async function newest(store: MemoryStore) {
  return await json(store, store.keys().findLast((key) => key.endsWith("/harvest.json")) ?? "");
}

const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };

for (const type of ["search", "user_timeline", "hydrate"] as const) {
  for (const [how, damage] of Object.entries(DAMAGES)) {
    Deno.test(`${type}: a file of tweets that is ${how} on this machine's disk is never committed, and the next harvest asks for it again`, async () => {
      const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 30 });
      const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
      const ids = world.search("sandbox", { count: 200 }).map(({ id }) => `${id}`);
      const own = {
        search: { search: { query: "sandbox" } },
        user_timeline: { users },
        hydrate: { api: "2", hydrate: { ids: ids.length } },
      };
      for (const nth of [1, 2]) {
        const store = await added({ id: "c", type, keys: KEYS, ...own[type] });
        await store.put("collections/c/ids.txt", encoder.encode(ids.join("\n")));
        store.before = damaging(/\/tweets-/, damage, ofSegment(nth));
        await assert.rejects(run(store, new WorldApi(world)), (error: Error) => {
          assert.ok(error instanceof DamagedError, `${error.stack}`);
          assert.equal(error.exitCode, 3);
          assert.match(error.message, /^A temporary file is damaged \(segment-/);
          return true;
        });
        const committed = await tweets(store);
        assert.ok(committed.length < 120);
        const { outcome, reason, tweets: counted } = await newest(store);
        assert.equal(outcome, "failed");
        assert.match(reason, /A temporary file is damaged/);
        assert.equal(counted, committed.length);
        store.before = () => {};
        await new Promise((resolve) => setTimeout(resolve, 5));
        await run(store, new WorldApi(world));
        const all = await tweets(store);
        assert.equal(new Set(all).size, 120, "none is lost");
        assert.equal(all.length, 120, "none is there twice");
        assert.equal((await newest(store)).outcome, "complete");
      }
    });
  }
}

Deno.test("what is damaged beside the tweets of a walk is not committed either", async () => {
  const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 30 });
  const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
  const store = await added({ id: "c", type: "user_timeline", keys: KEYS, users });
  const damage = (path: string) => Deno.truncate(path, 10);
  store.before = damaging(/\/users\.jsonl$/, damage);
  await assert.rejects(run(store, new WorldApi(world)), DamagedError);
  assert.equal((await newest(store)).outcome, "failed");
  store.before = () => {};
  await run(store, new WorldApi(world));
  assert.equal(new Set(await tweets(store)).size, 120);
  const lines = await Promise.all(
    store.keys().filter((key) => key.endsWith("/users.jsonl")).map((key) => text(store, key)),
  );
  assert.ok(lines.every((file) => file.endsWith("}\n")));
});

/** The gaps that a bucket's only harvest has recorded. */
async function gapsOf(store: MemoryStore): Promise<{ from: number; to: number; why: string }[]> {
  const key = store.keys().find((key) => key.endsWith("/gaps.jsonl"));
  const lines = key ? (await text(store, key)).trimEnd().split("\n") : [];
  return lines.map((line) => JSON.parse(line));
}

/** A stream of seven minutes, four tweets a file; in some minutes what is uploaded is damaged. */
function damagedStream(minutes: number[], isMeant: (path: string) => boolean = () => true) {
  const damage = damaging(/\/tweets-/, (path) => Deno.truncate(path, 10));
  return streamed(7, (i, store) => {
    store.before = async (operation) => {
      const { path = "" } = operation;
      if (minutes.includes(i) && isMeant(path)) await damage(operation);
    };
  });
}

Deno.test("a stream's piece that is damaged is stored with its segment, which is intact, and nothing is lost", async () => {
  for (const minute of [0, 6]) {
    const { store, harvested, ids } = await damagedStream(
      [minute],
      (path) => path.includes(".piece-"),
    );
    await harvested;
    assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted(), `minute ${minute}`);
    assert.deepEqual(await gapsOf(store), []);
  }
});

Deno.test("what is damaged of a stream in each of its files is a gap that is recorded, and the stream goes on", async () => {
  // A whole segment, a piece and its segment in the middle and at the end, two whole segments one after the other.
  for (const minutes of [[3], [1, 6], [2, 3]]) {
    const { store, harvested, ids, read } = await damagedStream(minutes);
    await harvested;
    const what = `minutes ${minutes}`;
    assert.deepEqual(read, [1, 2, 3, 4, 5, 6, 7], "it is read on all the time");
    const left = ids.filter((_, i) => !minutes.includes(i));
    assert.deepEqual((await tweets(store)).toSorted(), left.toSorted(), what);
    const { outcome, gaps, tweets: counted } = await newest(store);
    assert.deepEqual([outcome, counted], ["complete", left.length], what);
    const recorded = await gapsOf(store);
    assert.deepEqual([recorded.length, gaps], [minutes.length, minutes.length], what);
    for (const { from, to, why } of recorded) {
      assert.ok(from < to && to - from <= 120_000, `${what}: ${to - from} ms`);
      assert.match(why, /disk damaged/);
    }
  }
});

Deno.test("a harvester that dies between what is damaged and its record leaves that to the next one", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    let cut: MemoryStore | undefined;
    const damage = damaging(/\/tweets-/, (path) => Deno.truncate(path, 10));
    const { ids, harvested } = await streamed(4, (i, store) => {
      store.before = async (operation) => {
        if (i < 3) return;
        await damage(operation);
        // The commit that is to say what is lost.
        if (cut || operation.method !== "upload" || !operation.key.endsWith("/gaps.jsonl")) return;
        cut = store.copy();
        cpSync(join(parent, "first"), join(parent, "second"), { recursive: true });
      };
    }, { parent: join(parent, "first") });
    await harvested;
    assert.ok(cut);
    const api = new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));
    await run(cut, api, { parent: join(parent, "second"), clock: new ManualClock() });
    assert.deepEqual(await tweets(cut), ids.slice(0, 3));
    const [gap, ...more] = await gapsOf(cut);
    assert.match(gap?.why ?? "", /disk damaged/);
    assert.deepEqual(more, []);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("what fails for another reason is waited for as ever", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 30 });
  const store = await added(SEARCH);
  store.before = ({ method }) => {
    if (method === "upload") throw new OutsideError("The store is away");
  };
  await assert.rejects(run(store, new WorldApi(world)), OutsideError);
});
