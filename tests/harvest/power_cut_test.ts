import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { withFolder } from "../fakes/folder.ts";
import { looking } from "../fakes/looking.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { type AfterCut, KEPT, PoweredFiles } from "../fakes/powered_files.ts";
import { AFTER, BEFORE, DAY, idsIn, START } from "../fakes/seam.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { run, text, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { inTurns } from "../fakes/turns.ts";

/** Every moment around midnight is played with TWARC_CLOUD_ALL=1, one of so many without, others each time. */
const ONE_OF = Deno.env.get("TWARC_CLOUD_ALL") === "1" ? 1 : 6;
const FIRST = Math.floor(Math.random() * ONE_OF);

const AWAY = new OutsideError("The store is away");
const MINUTE = 60_000;
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

/** What comes with each tweet: a message, and with every other a gap. */
function beside(i: number): Partial<StreamItem> {
  const line = new TextEncoder().encode(`{"delete":${i}}`);
  const gap = { from: i, to: i + 1, why: "It was cut" };
  return { messages: [{ kind: "delete", line }], ...(i % 2 === 1 ? { gap } : {}) };
}

/** What is left when the power is cut. */
interface Moment {
  what: string;
  store: MemoryStore;
  files: AfterCut;
  /** Tweets, with what came beside them, that came before the last flush. */
  flushed: number;
}

/** Every moment of a stream's harvest before something changes on its disk that leaves something else than another. */
async function moments(
  parent: string,
  { minutes, away, ...over }: {
    minutes: number;
    away: number;
    start?: number;
    msPerHarvest?: number;
  },
) {
  const files = new PoweredFiles();
  const found = new Map<string, Moment>();
  let minute = 0;
  let bucket: MemoryStore | undefined;
  files.onChange = (what) => {
    if (!bucket) return;
    for (const kept of KEPT) {
      const moment: Moment = {
        what: `${what.replaceAll(parent, "")} in minute ${minute}: ${kept} is kept`,
        store: bucket.copy(),
        files: files.afterCut(parent, kept),
        flushed: minute,
      };
      const left = [...moment.files].filter(([name]) => /cut|gaps|messages/.test(name)).toSorted();
      found.set(`${minute} ${bucket.keys().length} ${JSON.stringify(left)}`, moment);
    }
  };
  const { harvested, ids } = await streamed(minutes, (i, store) => {
    [minute, bucket] = [i, store];
    failing(AWAY, away)(i, store);
  }, { parent, files, beside, ...over });
  await harvested;
  return { moments: [...found.values()], ids };
}

/** The lines of a file that the harvests have. */
async function linesOf(store: MemoryStore, name: string): Promise<Record<string, unknown>[]> {
  const keys = store.keys().filter((key) => key.endsWith(`/${name}`));
  const texts = await Promise.all(keys.map((key) => text(store, key)));
  return texts.flatMap((one) => one.trimEnd().split("\n").map((line) => JSON.parse(line)));
}

/** What the next harvest makes of a moment. */
async function after(
  { store, files }: Moment,
  parent: string,
  start?: number,
): Promise<void> {
  for (const [name, bytes] of files) {
    await Deno.mkdir(join(parent, dirname(name)), { recursive: true });
    await Deno.writeFile(join(parent, name), bytes);
  }
  const clock = new ManualClock(start);
  await clock.advance(60 * MINUTE);
  await run(store, silent(), { parent, clock });
}

/** What `verify` finds wrong. */
async function faultsIn(store: MemoryStore): Promise<unknown[]> {
  return (await verify(looking(store))).faults;
}

Deno.test("a power cut at whatever moment, with the bucket away or not, costs nothing that came before the last flush", () =>
  withFolder(async (parent) => {
    const { moments: all, ids } = await moments(join(parent, "on"), { minutes: 7, away: 3 });
    assert.ok(all.length > 60, `${all.length}`);
    for (const [i, moment] of inTurns([...all.entries()], 0, 3)) {
      const { what, store, flushed } = moment;
      const off = join(parent, `off-${i}`);
      await after(moment, off);
      const there = await tweets(store);
      assert.deepEqual(there, ids.slice(0, there.length), what);
      assert.ok(there.length >= flushed, `${there.length} of ${flushed}, ${what}`);
      const deleted = (await linesOf(store, "messages.jsonl")).map((line) => line.delete);
      assert.ok(deleted.length >= flushed, `${deleted.length} messages of ${flushed}, ${what}`);
      const gaps = (await linesOf(store, "gaps.jsonl")).filter(({ why }) => why === "It was cut");
      assert.ok(gaps.length >= Math.floor(flushed / 2), `${gaps.length} gaps, ${what}`);
      assert.deepEqual(await faultsIn(store), [], what);
    }
  }));

Deno.test("a power cut around midnight costs nothing of the harvest that is over, or of the next", () =>
  withFolder(async (parent) => {
    const over = { start: START, msPerHarvest: DAY };
    const place = { minutes: 5, away: 2, ...over };
    const { moments: all, ids } = await moments(join(parent, "on"), place);
    const around = all.filter(({ flushed }) => flushed >= 2);
    assert.ok(around.length > 40, `${around.length}`);
    for (const [i, moment] of around.entries()) {
      if (i % ONE_OF !== FIRST) continue;
      const { what, store, flushed } = moment;
      await after(moment, join(parent, `off-${i}`), START);
      const there = await tweets(store);
      assert.deepEqual(there, ids.slice(0, there.length), what);
      assert.ok(there.length >= flushed, `${there.length} of ${flushed}, ${what}`);
      assert.deepEqual(await idsIn(store, BEFORE), there.slice(0, 3), what);
      if (there.length > 3) assert.deepEqual(await idsIn(store, AFTER), there.slice(3), what);
      const deleted = (await linesOf(store, "messages.jsonl")).map((line) => line.delete);
      assert.deepEqual(deleted, there.map((_, i) => i), what);
      assert.deepEqual(await faultsIn(store), [], what);
    }
  }));

/** What a disk does to the last part of a file that was made durable. */
const DAMAGES: Record<string, (path: string, length: number) => Promise<void>> = {
  "zeros from end to end": async (path, length) =>
    await Deno.writeFile(path, new Uint8Array(length)),
  "zeros at its end": async (path, length) => {
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.fill(0, length - 5));
  },
  "shorter": (path, length) => Deno.truncate(path, length - 5),
  "gone": (path) => Deno.remove(path),
};

/** The folder of a harvest whose bucket went away, with four messages in it, and two gaps. */
async function leftWith(parent: string) {
  const own = { parent, patienceMs: 3 * MINUTE };
  const { store, harvested, ids } = await streamed(9, failing(AWAY, 4), { ...own, beside });
  await assert.rejects(harvested, /The store is away/);
  const [{ name }] = await Array.fromAsync(Deno.readDir(join(parent, "c"))) as [Deno.DirEntry];
  return { store, ids, folder: join(parent, "c", name) };
}

for (const file of ["gaps.jsonl", "messages.jsonl"]) {
  for (const [how, damage] of Object.entries(DAMAGES)) {
    Deno.test(`where a disk that lies leaves ${file} ${how}, what was known stays known, and what is lost is a gap`, () =>
      withFolder(async (parent) => {
        const { store, ids, folder } = await leftWith(parent);
        const before = await linesOf(store, file);
        const path = join(folder, file);
        const { size } = await Deno.stat(path);
        await damage(path, size);
        await run(store, silent(), { parent, clock: new ManualClock() });
        const there = await tweets(store);
        assert.deepEqual(there, ids.slice(0, there.length));
        assert.ok(there.length >= 6, `${there.length}`);
        const lines = await linesOf(store, file);
        assert.deepEqual(lines.slice(0, before.length), before);
        const gaps = await linesOf(store, "gaps.jsonl");
        const lost = gaps.filter(({ why }) => `${why}`.startsWith("This machine's disk damaged"));
        assert.equal(lost.length, 1);
        assert.ok(Number(lost[0]?.from) < Number(lost[0]?.to));
        assert.deepEqual(await faultsIn(store), []);
      }));
  }
}
