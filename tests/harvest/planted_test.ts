import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { seal } from "../../lib/harvest/recovery/seal.ts";
import { World } from "../../lib/sandbox/world.ts";
import { namesIn } from "../fakes/folder.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { NOTE_KEY } from "../fakes/spool_places.ts";
import { json, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const AWAY = new OutsideError("The store is away");
const FORGED = "1234567890123456789";
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

/** What a harvester left whose bucket went away after two of its tweets. */
interface Left {
  parent: string;
  /** Of the harvester, in `c` of the parent. */
  folder: string;
  store: MemoryStore;
  ids: string[];
}

async function withLeft(act: (left: Left) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const own = { parent, patienceMs: 120_000 };
    const { store, harvested, ids } = await streamed(8, failing(AWAY, 2), own);
    await assert.rejects(harvested, /The store is away/);
    const [name = ""] = await namesIn(join(parent, "c"));
    await act({ parent, folder: join(parent, "c", name), store, ids });
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

async function notesIn(folder: string): Promise<string[]> {
  const names = (await namesIn(folder)).filter((name) => /^cut-\d+\.json$/.test(name));
  const numbers = names.map((name) => Number(name.slice(4, -5))).toSorted((a, b) => a - b);
  return numbers.map((number) => join(folder, `cut-${number}.json`));
}

/** A note as it is without its seal. */
async function noteIn(path: string): Promise<Record<string, unknown>> {
  const { seal: _, ...note } = JSON.parse(await Deno.readTextFile(path));
  return note;
}

/** Puts a tweet of somebody's own into what is left, and the note that belongs to it. */
async function forge(folder: string, textOf: (json: string) => string): Promise<void> {
  const [path = ""] = await notesIn(folder);
  const note = await noteIn(path);
  const bytes = gzipSync(`{"id_str":"${FORGED}"}\n`);
  await Deno.writeFile(join(folder, "forged.gz"), bytes);
  const sha1 = createHash("sha1").update(bytes).digest("hex");
  const file = { path: "forged.gz", sha1, bytes: bytes.length, tweets: 1 };
  const tweets = { segment: 1, isWhole: false, file };
  await Deno.writeTextFile(path, textOf(JSON.stringify({ ...note, tweets })));
}

const next = { clock: new ManualClock() };

for (
  const [what, textOf] of Object.entries({
    "without a seal": (json: string) => json,
    "with another's seal": (json: string) => seal(json, "another's key"),
    "with a seal of another note": (json: string) =>
      `${json.slice(0, -1)},"seal":"${"0".repeat(64)}"}`,
  })
) {
  Deno.test(`a note that somebody planted ${what} is never committed: it is left, and what it stood in the place of is a gap`, () =>
    withLeft(async ({ parent, folder, store }) => {
      await forge(folder, textOf);
      await run(store, silent(), { ...next, parent });
      assert.ok(!(await tweets(store)).includes(FORGED));
      assert.deepEqual(await namesIn(join(parent, "c")), [`${basename(folder)}-damaged`]);
      const key = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
      assert.equal((await json(store, key)).gaps, 1);
    }));
}

Deno.test("a note of another collection's is never committed, although it is this person's", () =>
  withLeft(async ({ parent, folder, store, ids }) => {
    for (const path of await notesIn(folder)) {
      const note = { ...await noteIn(path), of: "another" };
      await Deno.writeTextFile(path, seal(JSON.stringify(note), NOTE_KEY));
    }
    await run(store, silent(), { ...next, parent });
    assert.deepEqual(await tweets(store), ids.slice(0, 2));
    assert.deepEqual(await namesIn(join(parent, "c")), [`${basename(folder)}-damaged`]);
  }));

Deno.test("what follows commits that the bucket does not have, as an older copy of it, is no part of that harvest: its tweets come with the next", () =>
  withLeft(async ({ parent, folder, store, ids }) => {
    for (const path of await notesIn(folder)) {
      const note = { ...await noteIn(path), commits: 1_000 };
      await Deno.writeTextFile(path, seal(JSON.stringify(note), NOTE_KEY));
    }
    await run(store, silent(), { ...next, parent });
    const there = await tweets(store);
    assert.ok(there.length > 4, `${there.length}`);
    assert.deepEqual(there, ids.slice(0, there.length));
    const told = store.keys().filter((key) => key.endsWith("/harvest.json"));
    const [first, second] = await Promise.all(told.map((key) => json(store, key)));
    assert.deepEqual([first.tweets, second.late?.length], [2, 1]);
  }));

for (const kind of ["a link", "a file with another name as well", "a file that others may write"]) {
  Deno.test(`${kind} is not taken for what a harvester left`, () =>
    withLeft(async ({ parent, folder, store, ids }) => {
      const [path = ""] = await notesIn(folder);
      const elsewhere = join(parent, "note.json");
      if (kind === "a link") {
        await Deno.rename(path, elsewhere);
        await Deno.symlink(elsewhere, path);
      } else if (kind === "a file that others may write") {
        await Deno.chmod(path, 0o666);
      } else {
        await Deno.link(path, elsewhere);
      }
      await run(store, silent(), { ...next, parent });
      const there = await tweets(store);
      assert.ok(!there.includes(ids[2] ?? ""));
      assert.ok(there.includes(ids[4] ?? ""), "What comes after it is there");
    }));
}

/** Puts what is left where a version before had it, as that one wrote it. */
async function asBefore({ parent, folder }: Left): Promise<string> {
  for (const path of await notesIn(folder)) {
    const { of: _of, commits: _commits, covers: _covers, ...note } = await noteIn(path);
    await Deno.writeTextFile(path, JSON.stringify(note));
  }
  const former = join(parent, "former");
  await Deno.mkdir(former, { mode: 0o700 });
  await Deno.rename(join(parent, "c"), join(former, "c"));
  return join(former, "c");
}

Deno.test("what a version before left in its place is brought in", () =>
  withLeft(async (left) => {
    const { parent, store, ids } = left;
    const former = await asBefore(left);
    await run(store, silent(), { ...next, parent, former });
    const there = await tweets(store);
    assert.ok(there.length > 4, `${there.length}`);
    assert.deepEqual(there, ids.slice(0, there.length));
    assert.deepEqual(await namesIn(former), []);
  }));

for (const above of ["", "/.."]) {
  Deno.test(`it is left there where others may write in ${above ? "the folder above it" : "it"}`, () =>
    withLeft(async (left) => {
      const { parent, store, ids } = left;
      const former = await asBefore(left);
      await Deno.chmod(former + above, 0o777);
      const there = await namesIn(former);
      await run(store, silent(), { ...next, parent, former });
      assert.deepEqual(await tweets(store), ids.slice(0, 2));
      assert.deepEqual(await namesIn(former), there);
    }));
}
