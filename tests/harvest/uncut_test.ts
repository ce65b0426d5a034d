import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { LISTENED_MS } from "../../lib/harvest/uncut.ts";
import { Signer } from "../../lib/twitter/http/signer.ts";
import { Transport } from "../../lib/twitter/http/transport.ts";
import { V2Api } from "../../lib/twitter/v2/api.ts";
import { World } from "../../lib/sandbox/world.ts";
import { counted, tallied } from "../fakes/counting_store.ts";
import { type IdleSandbox, inIdleSandbox } from "../fakes/idle_sandbox.ts";
import { withFolder } from "../fakes/folder.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { unsyncedFiles } from "../fakes/unsynced_files.ts";
import { added, KEYS, run, text, told, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const AN_HOUR_MS = 3_600_000;
const KEEP_ALIVE_MS = 20_000;
/** What is asked of a bucket for a stream that brings nothing, in requests a second. */
const MOST_PER_SECOND = 0.06;

const FILTER = {
  id: "c",
  type: "filter",
  api: "2",
  keys: KEYS,
  filter: { rules: [{ value: "x" }] },
};

/** A harvest of the sandbox's stream, which `use` sees going on, and which is stopped then. */
async function streaming(
  { sandbox, clock }: IdleSandbox,
  store: MemoryStore,
  use: () => Promise<void>,
): Promise<void> {
  const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
  const api = new V2Api({ transport: new Transport({ signer, clock }), clock });
  const stop = new AbortController();
  const options = { clock, files: unsyncedFiles, flushMs: 15_000, signal: stop.signal };
  const harvested = run(store, api, options);
  await use();
  stop.abort();
  await harvested;
}

Deno.test("a stream that sends keep-alives only for an hour takes the lock, a checkpoint every five minutes, and nothing else", () =>
  inIdleSandbox(async (place) => {
    const { clock } = place;
    const store = await added(FILTER, clock);
    await streaming(place, store, async () => {
      await clock.sleep(60_000);
      const { puts, gets, lists } = counted(store);
      await clock.sleep(AN_HOUR_MS);
      assert.deepEqual({ gets, lists }, { gets: [], lists: 0 });
      const { "lock.json": locks = 0, "checkpoint.json": commits = 0, ...others } = tallied(puts);
      assert.deepEqual(others, {});
      assert.equal(locks, AN_HOUR_MS / 20_000);
      const expected = AN_HOUR_MS / (LISTENED_MS + KEEP_ALIVE_MS);
      assert.ok(Math.abs(commits - expected) < 2, `${commits} checkpoints`);
      const perSecond = puts.length / AN_HOUR_MS * 1_000;
      assert.ok(perSecond <= MOST_PER_SECOND, `${perSecond} requests a second`);
    });
    const [info] = await told(store);
    assert.deepEqual([info?.outcome, info?.gaps, info?.tweets], ["stopped", 0, 0]);
  }, { keepAliveMs: KEEP_ALIVE_MS }));

Deno.test("a harvester that is killed in a silence leaves the span that it listened to, but for its last minutes, which are a gap", () =>
  inIdleSandbox(async (place) => {
    const { clock } = place;
    const store = await added(FILTER, clock);
    let [left, killed] = [store, 0];
    await streaming(place, store, async () => {
      await clock.sleep(AN_HOUR_MS / 4);
      [left, killed] = [store.copy(), clock.now()];
    });
    await streaming(place, left, () => clock.sleep(90_000));
    const [interrupted] = await told(left);
    assert.equal(interrupted?.outcome, "interrupted");
    const { to } = interrupted?.covered as { to: string };
    const least = killed - LISTENED_MS - 2 * KEEP_ALIVE_MS;
    assert.ok(Date.parse(to) >= least, `covered to ${to}, killed at ${new Date(killed)}`);
    const gaps = left.keys().filter((key) => key.endsWith("/gaps.jsonl"));
    const gap = JSON.parse(await text(left, gaps[0] ?? ""));
    assert.equal(gap.from, Date.parse(to));
  }, { keepAliveMs: KEEP_ALIVE_MS }));

const AWAY = new OutsideError("The store is away");
const MINUTE_MS = 60_000;

Deno.test("a stream in silence is listened to however long its bucket is away: nothing waits that could be lost", async () => {
  const silence = { beside: () => ({ tweets: [] }), patienceMs: 5 * MINUTE_MS };
  const { store, harvested } = await streamed(26, failing(AWAY, 2, 20), silence);
  await harvested;
  const [info] = await told(store);
  assert.deepEqual([info?.outcome, info?.gaps], ["complete", 0]);
  const { from, to } = info?.covered as { from: string; to: string };
  assert.ok(Date.parse(to) - Date.parse(from) > 24 * MINUTE_MS, `${from} to ${to}`);
});

Deno.test("what came after a silence in which the bucket was away is whole for the harvester after a kill: no cut is missing", () =>
  withFolder((parent) =>
    withFolder(async (left) => {
      let killed: MemoryStore | undefined;
      const beside = (i: number) => i > 0 && i < 14 ? { tweets: [] } : {};
      const { harvested, ids } = await streamed(18, (i, store) => {
        failing(AWAY, 2)(i, store);
        if (i !== 16) return;
        killed = store.copy();
        cpSync(join(parent, "c"), join(left, "c"), { recursive: true });
      }, { parent, beside });
      await harvested;
      assert.ok(killed);
      const nothing = new WorldApi(
        World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }),
      );
      await run(killed, nothing, { parent: left, clock: new ManualClock() });
      const [first] = await told(killed);
      assert.deepEqual([first?.outcome, first?.gaps], ["interrupted", 0]);
      assert.deepEqual(await tweets(killed), [0, 14, 15].map((i) => ids[i]));
    })
  ));
