import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { DamagedError, DiskError, OutsideError, UserError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { namesIn, withFolder } from "../fakes/folder.ts";
import { diskFault, FaultyFiles } from "../fakes/faulty_files.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { json, run, text, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const AWAY = new OutsideError("The store is away");
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

/** What comes with each tweet. */
function beside(i: number): Partial<StreamItem> {
  return { messages: [{ kind: "delete", line: new TextEncoder().encode(`{"delete":${i}}`) }] };
}

/** What the first harvest says of itself. */
async function told(store: MemoryStore) {
  return await json(store, store.keys().find((key) => key.endsWith("/harvest.json")) ?? "");
}

async function linesOf(store: MemoryStore, name: string): Promise<string[]> {
  const key = store.keys().find((key) => key.endsWith(`/${name}`));
  return key ? (await text(store, key)).trimEnd().split("\n") : [];
}

for (
  const [code, Kind, says] of [
    ["ENOSPC", UserError, /^The disk for temporary files is full/],
    ["EDQUOT", UserError, /^The disk for temporary files is full/],
    ["EIO", DiskError, /^The disk for temporary files failed/],
    ["EROFS", UserError, /^The disk for temporary files cannot be written/],
  ] as const
) {
  for (const where of ["create .*segment-[^/]*gz$", "write .*segment-", "write .*messages"]) {
    Deno.test(`${code} (${where}) ends a harvest at once, as the fault of the disk for temporary files, and what was committed stays`, () =>
      withFolder(async (parent) => {
        const files = new FaultyFiles();
        const { store, harvested, ids, read } = await streamed(6, (i) => {
          const isMeant = (what: string) => new RegExp(where).test(what);
          if (i === 3) files.fault = (what) => isMeant(what) ? diskFault(code) : null;
        }, { parent, files, beside, tweetsPerFile: 1 });
        await assert.rejects(harvested, (error) => {
          assert.ok(error instanceof Kind, `${error}`);
          assert.match(error.message, says);
          assert.ok(error.message.includes(join(parent, "c")), "It says where");
          assert.match(error.hint ?? "", /--spool/);
          return true;
        });
        assert.deepEqual(await tweets(store), ids.slice(0, 3));
        assert.ok(Number(read.at(-1)) <= 4, "Nothing was read after it");
        assert.deepEqual([(await told(store)).outcome, (await told(store)).tweets], ["failed", 3]);
      }));
  }
}

for (const what of ["remove .*", "removeFolder"]) {
  Deno.test(`what cannot be cleared away (${what}) ends no harvest`, () =>
    withFolder(async (parent) => {
      const files = new FaultyFiles();
      files.fault = (done) => new RegExp(`^${what}`).test(done) ? diskFault("EIO") : null;
      const { store, harvested, ids } = await streamed(6, failing(AWAY, 2, 4), { parent, files });
      await harvested;
      assert.deepEqual(await tweets(store), ids);
      assert.equal((await told(store)).outcome, "complete");
      await run(store, silent(), { parent, clock: new ManualClock() });
      assert.deepEqual(await tweets(store), ids);
    }));
}

Deno.test("a folder for temporary files that somebody removes in the middle of a harvest is made again, and nothing is lost", () =>
  withFolder(async (parent) => {
    const { store, harvested, ids } = await streamed(9, (i) => {
      if (i === 3) Deno.removeSync(join(parent, "c"), { recursive: true });
      if (i === 6) Deno.removeSync(parent, { recursive: true });
    }, { parent, beside });
    await harvested;
    assert.deepEqual(await tweets(store), ids);
    assert.equal((await linesOf(store, "messages.jsonl")).length, ids.length);
    assert.equal((await told(store)).outcome, "complete");
  }));

Deno.test("where it is removed while the bucket is away, what waited there is a gap, and the harvest goes on", () =>
  withFolder(async (parent) => {
    const { store, harvested, ids } = await streamed(11, (i, store) => {
      failing(AWAY, 3, 7)(i, store);
      if (i === 5) Deno.removeSync(join(parent, "c"), { recursive: true });
    }, { parent, beside, tweetsPerFile: 2 });
    await harvested;
    const there = await tweets(store);
    assert.deepEqual(there.slice(0, 3), ids.slice(0, 3));
    assert.deepEqual(there.slice(-4), ids.slice(-4));
    assert.ok(there.length < ids.length, "Something was lost");
    assert.equal((await linesOf(store, "messages.jsonl")).length, ids.length);
    const gaps = (await linesOf(store, "gaps.jsonl")).map((line) => JSON.parse(line));
    assert.ok(gaps.length > 0 && gaps.every(({ from, to }) => from < to), "What is lost is a gap");
    assert.equal((await told(store)).gaps, gaps.length);
  }));

Deno.test("a file beside the tweets that is damaged ends the harvest at once, and the next one makes the best of it", () =>
  withFolder(async (parent) => {
    const { store, harvested, ids, read } = await streamed(9, async (i) => {
      if (i !== 4) return;
      const [name = ""] = await namesIn(join(parent, "c"));
      await Deno.truncate(join(parent, "c", name, "messages.jsonl"), 20);
    }, { parent, beside });
    await assert.rejects(harvested, (error) => {
      assert.ok(error instanceof DamagedError, `${error}`);
      assert.match(error.message, /^A temporary file is damaged: .*messages.jsonl$/);
      return true;
    });
    assert.ok(Number(read.at(-1)) < 7, "It went on");
    await run(store, silent(), { parent, clock: new ManualClock() });
    const there = await tweets(store);
    assert.deepEqual(there, ids.slice(0, there.length));
    assert.ok(there.length >= 5, `${there.length}`);
    const messages = await linesOf(store, "messages.jsonl");
    const { messages: counted, gaps } = await told(store);
    assert.deepEqual([messages.length, gaps], [counted.delete, 1]);
    assert.ok(messages.length >= 4, `${messages.length}`);
  }));
