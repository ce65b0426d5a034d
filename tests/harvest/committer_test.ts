import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { ConflictError, LockedError, OutsideError } from "../../lib/base/errors.ts";
import { Committer, type CommitterOptions } from "../../lib/harvest/committer.ts";
import type { Cut } from "../../lib/harvest/cut.ts";
import { JsonList } from "../../lib/harvest/json_list.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { Waits } from "../../lib/base/waits.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { placeIn } from "../fakes/spool_places.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { json } from "../fakes/whole_harvest.ts";

const DAY = 86_400_000;
const never = new AbortController().signal;

/** A committer of a harvest that has begun, on a store in memory. */
async function opened(
  use: (place: { committer: Committer; store: MemoryStore; spool: Spool }) => Promise<void>,
  {
    guard = () => {},
    project = () => Promise.resolve(),
    patienceMs = 0,
    clock = systemClock,
    ...next
  }: Partial<Pick<CommitterOptions, "guard" | "project" | "patienceMs" | "clock" | "next">> = {},
): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const spool = await Spool.open(await placeIn(parent));
  const store = new MemoryStore();
  const options = { collectionId: "c", type: "filter", holder: "here", clock: systemClock };
  const checkpoint = await Checkpoint.open(store, options);
  await checkpoint.begin(0, { walks: 1, type: "filter" });
  const folder = "collections/c/harvests/1970/01/01/00/00/00/";
  const waits = new Waits();
  const own = { store, checkpoint, folder, spool, clock, patienceMs, lost: never, waits };
  try {
    await use({ committer: new Committer({ ...own, ...next, guard, project }), store, spool });
  } finally {
    await spool.leave();
    await Deno.remove(parent, { recursive: true });
  }
}

/** What a walk's position is committed with. */
function cutAt(spool: Spool, position: string, more: Partial<Cut> = {}): Cut {
  return {
    began: 0,
    spool,
    number: 1,
    at: 0,
    sides: [],
    documents: [],
    commit: { positions: { stream: position } },
    ...more,
  };
}

async function position(store: MemoryStore): Promise<unknown> {
  return (await json(store, "collections/c/checkpoint.json")).positions.stream;
}

Deno.test("what is added in whatever moment, also in that in which it comes to rest, is committed", async () => {
  for (let steps = 0; steps < 40; steps++) {
    let projected = 0;
    let added: Promise<void> = Promise.resolve();
    let late: () => Promise<void> = () => Promise.resolve();
    const project = () => {
      if (++projected === 1) added = late();
      return Promise.resolve();
    };
    await opened(async ({ committer, store, spool }) => {
      late = async () => {
        for (let step = 0; step < steps; step++) await Promise.resolve();
        committer.add(cutAt(spool, "second"));
      };
      committer.add(cutAt(spool, "first"));
      while (projected === 0) await new Promise((resolve) => setTimeout(resolve));
      await added;
      await committer.done();
      assert.equal(await position(store), "second", `added ${steps} steps after the commit`);
    }, { project });
  }
});

Deno.test("a lease that is lost between two writes of a commit lets none of those that follow be made", async () => {
  const names = ["users.jsonl", "user_changes.json", "checkpoint.json"];
  for (const [allowed, name] of names.entries()) {
    let asked = 0;
    const guard = () => {
      if (asked++ > allowed) throw new LockedError("The lock of this collection was lost");
    };
    await opened(async ({ committer, store, spool }) => {
      await spool.append("users.jsonl", [new TextEncoder().encode("{}")]);
      const documents = [{ name: "user_changes.json", ...new JsonList().soFar() }];
      const before = new Set(store.keys());
      committer.add(cutAt(spool, "first", { sides: spool.sides(), documents }));
      await assert.rejects(committer.done(), LockedError);
      const written = store.keys().filter((key) => !before.has(key)).map((key) =>
        key.split("/").at(-1) ?? ""
      );
      assert.deepEqual(written, names.slice(0, allowed).toSorted(), `lost before ${name}`);
      assert.equal(await position(store), undefined);
    }, { guard });
  }
});

Deno.test("what a commit names whose answer is lost is not taken back when the lease is lost after it", async () => {
  const held = { isLost: false };
  const guard = () => {
    if (held.isLost) throw new LockedError("The lock of this collection was lost");
  };
  await opened(async ({ committer, store, spool }) => {
    store.after = ({ key }) => {
      if (!key.endsWith("/checkpoint.json")) return;
      held.isLost = true;
      throw new OutsideError("The connection was reset");
    };
    const segment = await spool.segment();
    await segment.append([new TextEncoder().encode("{}")], 1);
    const tweets = { segment: 1, isWhole: true, file: await segment.close() };
    committer.add(cutAt(spool, "first", { tweets }));
    await assert.rejects(committer.done(), LockedError);
    const { files: [file] } = await json(store, "collections/c/checkpoint.json");
    assert.ok(store.keys().some((key) => key.endsWith(file.name)), `${file.name} is not there`);
  }, { guard, patienceMs: 60_000, clock: new QuickClock() });
});

Deno.test("who is taken over takes back what the other's checkpoint and the manifest do not name, and nothing else", async () => {
  await opened(async ({ committer, store, spool }) => {
    const segment = await spool.segment();
    await segment.append([new TextEncoder().encode("{}")], 1);
    const tweets = { segment: 1, isWhole: true, file: await segment.close() };
    const key = "collections/c/checkpoint.json";
    const names: string[] = [];
    store.after = async (operation) => {
      if (operation.method === "upload") names.push(operation.key);
      if (operation.key !== key) return;
      store.after = () => {};
      // It is done, its answer is lost, and another goes on from it before it is tried again.
      const checkpoint = await json(store, key);
      const others = JSON.stringify({ ...checkpoint, holder: "other" });
      await store.put(key, new TextEncoder().encode(others));
      throw new ConflictError(key);
    };
    committer.add(cutAt(spool, "first", { tweets }));
    await assert.rejects(committer.done(), LockedError);
    const [named = ""] = names;
    assert.ok(store.keys().includes(named), "what the checkpoint names was deleted");
    const other = await spool.segment();
    await other.append([new TextEncoder().encode("{}")], 1);
    committer.add(
      cutAt(spool, "second", { tweets: { segment: 2, isWhole: true, file: await other.close() } }),
    );
    await assert.rejects(committer.done(), LockedError);
    assert.deepEqual(store.keys().filter((one) => one.includes("/tweets-")), [named]);
  });
});

Deno.test("a harvest is committed to its end before the next begins, also where that one's segment is whole meanwhile", async () => {
  const begun: [number, string][] = [];
  let place: MemoryStore | undefined;
  const next = async (began: number) => {
    const { state } = await json(place ?? assert.fail(), "collections/c/checkpoint.json");
    begun.push([began, state]);
    if (begun.length === 1) throw new OutsideError("The bucket is away");
    return "collections/c/harvests/1970/01/02/00/00/00/";
  };
  await opened(async ({ committer, store, spool }) => {
    place = store;
    const isOn = Promise.withResolvers<void>();
    store.before = () => isOn.promise;
    const piece = async (name: string) => {
      const segment = await spool.segment();
      await segment.append([new TextEncoder().encode(name)], 1);
      return await segment.close();
    };
    const of = (began: number, number: number) => ({ began, number });
    const tweets = async (name: string, isWhole: boolean) => ({
      tweets: { segment: 1, isWhole, file: await piece(name) },
    });
    committer.add(cutAt(spool, "first", of(0, 1)));
    // Its segment was closed before, so that its end brings no tweets.
    committer.add(cutAt(spool, "end", { ...of(0, 2), commit: { state: "finished" } }));
    committer.add(cutAt(spool, "begin", of(DAY, 1)));
    const dropped = committer.add(
      cutAt(spool, "piece", { ...of(DAY, 2), ...await tweets("a", false) }),
    );
    const others = committer.add(
      cutAt(spool, "whole", { ...of(DAY, 3), ...await tweets("b", true) }),
    );
    assert.deepEqual([...dropped, ...others].map(({ began }) => began), [DAY, DAY]);
    assert.deepEqual([committer.isAt(DAY), committer.listFiles(DAY)], [false, []]);
    isOn.resolve();
    await committer.done();
    assert.deepEqual(begun, [[DAY, "finished"], [DAY, "finished"]]);
    assert.ok(committer.isAt(DAY));
    assert.equal(committer.listFiles(DAY).length, 1);
    const [name = ""] = store.keys().filter((key) => key.includes("/tweets-"));
    assert.match(name, /1970\/01\/02/);
    assert.equal(await position(store), "whole");
  }, { next, patienceMs: 60_000, clock: new QuickClock() });
});

Deno.test("a file that is sent again keeps its name: of one whose answer was lost there is no second", () =>
  opened(async ({ committer, store, spool }) => {
    const path = spool.pathFor("piece");
    await Deno.writeTextFile(path, "tweets");
    const sha1 = createHash("sha1").update("tweets").digest("hex");
    const file = { path, sha1, bytes: 6, tweets: 1 };
    let sent = 0;
    store.after = ({ method }) => {
      if (method === "upload" && ++sent < 3) throw new OutsideError("The connection was reset");
    };
    committer.add(cutAt(spool, "first", { tweets: { segment: 1, isWhole: false, file } }));
    await committer.done();
    const stored = store.keys().filter((key) => key.includes("/tweets-"));
    assert.deepEqual([sent, stored.length], [3, 1], stored.join());
    assert.equal(stored[0]?.split("/").at(-1), committer.listFiles(0)[0]?.name);
  }, { patienceMs: 600_000, clock: new QuickClock() }));
