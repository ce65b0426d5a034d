import assert from "node:assert/strict";
import { join } from "node:path";
import { verify } from "../../../lib/archive/verify.ts";
import { gapLook } from "../../../lib/archive/gap_fill.ts";
import { listGaps } from "../../../lib/archive/gap_list.ts";
import { idTime } from "../../../lib/twitter/bytes/ids.ts";
import { Collections } from "../../../lib/bucket/collections.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import type { StreamItem } from "../../../lib/twitter/api.ts";
import { namesIn, withFolder } from "../../fakes/folder.ts";
import { logged } from "../../fakes/logged.ts";
import { looking } from "../../fakes/looking.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import type { MemoryStore } from "../../fakes/memory_store.ts";
import { AWAY, silent, takenOver, world } from "../../fakes/taken_over.ts";
import { json, run, told, tweets } from "../../fakes/whole_harvest.ts";
import { WorldApi } from "../../fakes/world_api.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

async function faults(store: MemoryStore): Promise<unknown[]> {
  return (await verify(looking(store, { clock: new ManualClock() }))).faults;
}

for (const tweetsPerFile of [4, 99]) {
  Deno.test(`what a harvester had cut when another one went on comes with the next harvest on its machine, in files of ${tweetsPerFile}`, () =>
    withFolder(async (parent) => {
      const { store, left, all } = await takenOver(parent, { tweetsPerFile });
      await run(store, silent(), { parent, clock: new ManualClock() });
      assert.deepEqual((await tweets(store)).toSorted(), all);
      assert.deepEqual(await namesIn(join(parent, "c")), []);
      const [first, , last] = await told(store);
      assert.equal(last?.tweets, left.length);
      assert.ok(Array.isArray(last?.late));
      const [late, ...more] = last.late;
      const wanted = [first?.harvest_timestamp, left.length];
      assert.deepEqual([late.harvest_timestamp, late.tweets], wanted);
      assert.ok(late.from < late.to && more.length === 0, JSON.stringify(last.late));
      assert.deepEqual(await faults(store), []);
      await run(store, silent(), { parent, clock: new ManualClock() });
      assert.equal((await tweets(store)).length, all.length);
    }));
}

Deno.test("of the gap that the one which went on recorded, what came late is not missing", () =>
  withFolder(async (parent) => {
    const hour = 3_600_000;
    const { store, left } = await takenOver(parent, { clock: new ManualClock(START + hour) });
    const gaps = async () => {
      const { config } = await new Collections(store, new ManualClock()).load("c");
      const listed = await listGaps(store, "c", gapLook(config, {}, START + 2 * hour));
      return listed.map(({ from, to, status }) => ({
        status,
        seconds: (Date.parse(to) - Date.parse(from)) / 1_000,
      })).filter(({ seconds }) => seconds > 0);
    };
    const [before, ...more] = await gaps();
    assert.deepEqual([before?.status, more.length], ["beyond reach", 0]);
    await run(store, silent(), { parent, clock: new ManualClock(START + hour) });
    const late = (await told(store)).at(-1)?.late;
    assert.ok(Array.isArray(late) && late[0].tweets === left.length);
    const after = await gaps();
    const sum = (status: string) =>
      after.filter((one) => one.status === status).reduce((all, { seconds }) => all + seconds, 0);
    assert.ok(sum("filled") > 0, JSON.stringify({ before, after }));
    assert.ok(sum("beyond reach") < (before?.seconds ?? 0), JSON.stringify({ before, after }));
    assert.equal(sum("filled") + sum("beyond reach"), before?.seconds);
  }));

Deno.test("of a harvester that was paused before it cut, only the time of its tweets is filled", () =>
  withFolder(async (parent) => {
    const pausedMs = 1_800_000;
    const { store, left } = await takenOver(parent, {
      clock: new ManualClock(START + 2 * pausedMs),
      pausedMs,
    });
    await run(store, silent(), { parent, clock: new ManualClock(START + 2 * pausedMs) });
    const made = left.map(idTime).toSorted((a, b) => a - b);
    const filled = store.keys().filter((key) => key.endsWith("/filled.jsonl"));
    const spans = await Promise.all(filled.map((key) => json(store, key)));
    assert.deepEqual(spans, [{ from: made.at(0), to: made.at(-1) }]);
    const [late] = (await told(store)).flatMap((one) => Array.isArray(one.late) ? one.late : []);
    assert.deepEqual([late.from, late.to].map((at) => Date.parse(at)), [made.at(0), made.at(-1)]);
  }));

Deno.test("what came to the one that went on as well comes once", () =>
  withFolder(async (parent) => {
    const api = (left: string[]) => {
      const script = left.slice(0, 2).map((id): StreamItem => ({
        tweets: [{ id, line: new TextEncoder().encode(JSON.stringify({ id_str: id })) }],
        messages: [],
      }));
      return new WorldApi(world(), { script });
    };
    const { store, left, all } = await takenOver(parent, { api });
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual((await tweets(store)).toSorted(), all);
    assert.equal((await told(store)).at(-1)?.tweets, left.length - 2);
  }));

Deno.test("what cannot be looked up stays, is counted, and keeps no harvest from going on", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    const before = await tweets(store);
    const kept = await namesIn(join(parent, "c"));
    store.before = ({ method, key }) => {
      if (method === "read" && key.includes("/tweets-")) throw AWAY;
    };
    const said = await logged(() => run(store, silent(), { parent, clock: new ManualClock() }));
    store.before = () => {};
    assert.match(
      said,
      /Up to \d tweets .* are not in the bucket, .*: The store is away\. They are in /,
    );
    assert.deepEqual(await tweets(store), before);
    assert.deepEqual(await namesIn(join(parent, "c")), kept);
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual((await tweets(store)).toSorted(), all);
  }));

Deno.test("what a search for what the stream missed may bring as well waits until that has ended", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    const before = await tweets(store);
    const key = "collections/c/checkpoint.json";
    const searching = async (gaps: Record<string, unknown>) => {
      const { positions, ...state } = await json(store, key);
      const others = Object.entries(positions).filter(([walk]) => !walk.startsWith("gap:"));
      await store.put(
        key,
        jsonBytes({ ...state, positions: { ...Object.fromEntries(others), ...gaps } }),
      );
    };
    // One that has just come about is not asked for at once.
    const newest = all.toSorted().at(-1) ?? "";
    await searching({ [`gap:1-${newest}:x`]: { since: "1", oldest: newest } });
    const said = await logged(() => run(store, silent(), { parent, clock: new ManualClock() }));
    assert.match(said, /until the search for what the stream missed has ended/);
    assert.deepEqual(await tweets(store), before);
    await searching({});
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual((await tweets(store)).toSorted(), all);
  }));

Deno.test("what could not be looked up when a harvest began comes at its end", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    let isAway = true;
    store.before = ({ method }) => {
      if (method !== "read" || !isAway) return;
      isAway = false;
      throw AWAY;
    };
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual((await tweets(store)).toSorted(), all);
    assert.deepEqual(await faults(store), []);
  }));

Deno.test("a harvester that dies while it brings them brings each once, whatever it had done", () =>
  withFolder(async (parent) => {
    const { store: begun, all } = await takenOver(parent);
    const writes: string[] = [];
    const counted = begun.copy();
    counted.after = ({ key }) => void writes.push(key);
    await Deno.mkdir(join(parent, "kept"));
    const kept = (n: string) => join(parent, "kept", n);
    await copied(join(parent, "c"), join(kept("0"), "c"));
    await run(counted, silent(), { parent: kept("0"), clock: new ManualClock() });
    assert.ok(writes.length > 8);
    for (let n = 1; n <= writes.length; n++) {
      const store = begun.copy();
      let done = 0;
      store.after = () => {
        if (++done < n) return;
        store.before = store.after = () => {
          throw new Error("The process died");
        };
        throw new Error("The process died");
      };
      const place = kept(`${n}`);
      await copied(join(parent, "c"), join(place, "c"));
      await run(store, silent(), { parent: place, clock: new ManualClock() }).catch(() => {});
      store.before = store.after = () => {};
      const clock = new ManualClock();
      await run(store, silent(), { parent: place, clock });
      await run(store, silent(), { parent: place, clock });
      assert.deepEqual((await tweets(store)).toSorted(), all, writes[n - 1]);
    }
  }));

async function copied(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const { name, isDirectory } of await Array.fromAsync(Deno.readDir(from))) {
    if (isDirectory) await copied(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
