import assert from "node:assert/strict";
import { type CoverageFacts, listCoverage } from "../../lib/archive/coverage.ts";
import { type ListedGap, listGaps } from "../../lib/archive/gap_list.ts";
import type { CoverageRecord } from "../../lib/bucket/coverage.ts";
import { readCoverage } from "../../lib/bucket/coverage.ts";
import { traitsFor } from "../../lib/collection/types/traits.ts";
import { folderStamp } from "../../lib/collection/layout.ts";
import { calendarLines } from "../../lib/cli/text/coverage_text.ts";
import { FILTER, streamed } from "../fakes/slow_stream.ts";
import { gapLook } from "../../lib/archive/gap_fill.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { movedClock } from "../fakes/moved_clock.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const day = (days: number) => new Date(START + days * DAY).toISOString();

/** A harvest's record. */
function harvest(from: number, to: number, more: Partial<CoverageRecord> = {}): CoverageRecord {
  const covered = { from: day(from), to: day(to) };
  return { at: day(to), what: "harvest", harvest_timestamp: day(to), ...covered, ...more };
}

/** A gap that the harvest which began on a day recorded. */
function gap(
  from: number,
  to: number,
  { in: began, status = "beyond reach", ...more }: Partial<ListedGap> & { in: number },
): ListedGap {
  const folder = `collections/c/harvests/${folderStamp(Date.parse(day(began)))}/`;
  return { from: day(from), to: day(to), why: "away", folder, status, ...more };
}

/** What became of each day, `0-2 harvested`. */
function coverage(facts: Partial<CoverageFacts> & { type: string }): string[] {
  const { type, ...given } = facts;
  const known = { records: [], gaps: [], now: START + 60 * DAY, reach: -Infinity, ...given };
  const n = (time: string) => (Date.parse(time) - START) / DAY;
  return listCoverage({ ...known, traits: traitsFor(type) }).map(
    ({ from, to, state, by, note }) =>
      [`${n(from)}-${n(to)} ${state}`, by, note].filter(Boolean).join(", "),
  );
}

Deno.test("a stream is silent on purpose from its stop to its start, by whom and why, and missed until it is open", () => {
  const records: CoverageRecord[] = [
    { at: day(0), what: "start", by: "ann@desk" },
    harvest(0, 10, { harvest_timestamp: day(0), outcome: "stopped" }),
    { at: day(10), what: "stop", by: "bob@desk", note: "no budget" },
    { at: day(40), what: "start", by: "ann@desk" },
    harvest(41, 60, { harvest_timestamp: day(40), outcome: "complete" }),
  ];
  assert.deepEqual(coverage({ type: "filter", records }), [
    "0-10 harvested",
    "10-40 silent on purpose, bob@desk, no budget",
    "40-41 missed",
    "41-60 harvested",
  ]);
});

Deno.test("an outage in which a stream is stopped is missed, and silence begins at the stop", () => {
  const records: CoverageRecord[] = [
    harvest(0, 10, { harvest_timestamp: day(0), outcome: "stopped" }),
    { at: day(12), what: "stop", by: "bob@desk" },
  ];
  for (const status of ["beyond reach", "due"] as const) {
    assert.deepEqual(
      coverage({ type: "filter", records, gaps: [gap(10, 12, { in: 0, status })] }),
      [
        "0-10 harvested",
        "10-12 missed",
        "12-60 silent on purpose, bob@desk",
      ],
    );
  }
});

Deno.test("a stream that was stopped before it was open is silent on purpose until its next start, and missed before", () => {
  const attempt: CoverageRecord[] = [
    { at: day(20), what: "start", by: "ann@desk" },
    { at: day(30), what: "stop", by: "bob@desk", note: "no access" },
  ];
  const again: CoverageRecord[] = [
    { at: day(50), what: "start", by: "ann@desk" },
    harvest(51, 60, { harvest_timestamp: day(50), outcome: "complete" }),
  ];
  const stopped = [
    harvest(0, 10, { harvest_timestamp: day(0), outcome: "stopped" }),
    { at: day(10), what: "stop", by: "cleo@desk" } as const,
  ];
  const after = [
    "20-30 missed",
    "30-50 silent on purpose, bob@desk, no access",
    "50-51 missed",
    "51-60 harvested",
  ];
  const gaps = [gap(20, 30, { in: 20 })];
  for (const known of [{}, { gaps }]) {
    assert.deepEqual(
      coverage({ type: "filter", records: [...stopped, ...attempt, ...again], ...known }),
      ["0-10 harvested", "10-20 silent on purpose, cleo@desk", ...after],
    );
    // Where it was never open before, and has not been since.
    assert.deepEqual(
      coverage({ type: "filter", records: [...attempt, ...again], ...known }),
      after,
    );
    assert.deepEqual(coverage({ type: "filter", records: attempt, ...known }), [
      "20-30 missed",
      "30-60 silent on purpose, bob@desk, no access",
    ]);
  }
  // Several attempts.
  const twice: CoverageRecord[] = [
    ...attempt,
    { at: day(35), what: "start", by: "ann@desk" },
    { at: day(40), what: "stop", by: "dan@desk" },
  ];
  assert.deepEqual(coverage({ type: "filter", records: [...stopped, ...twice, ...again] }), [
    "0-10 harvested",
    "10-20 silent on purpose, cleo@desk",
    "20-30 missed",
    "30-35 silent on purpose, bob@desk, no access",
    "35-40 missed",
    "40-50 silent on purpose, dan@desk",
    "50-51 missed",
    "51-60 harvested",
  ]);
});

Deno.test("a stream that failed, and that a person stopped then, is missed until that stop", () => {
  const records: CoverageRecord[] = [
    harvest(0, 10, { harvest_timestamp: day(0), outcome: "failed" }),
    { at: day(15), what: "stop", by: "bob@desk" },
  ];
  assert.deepEqual(coverage({ type: "filter", records }), [
    "0-10 harvested",
    "10-15 missed",
    "15-60 silent on purpose, bob@desk",
  ]);
});

Deno.test("a stream that failed is missed until now, whatever else it had", () => {
  const records = [harvest(0, 10, { harvest_timestamp: day(0), outcome: "failed" })];
  assert.deepEqual(coverage({ type: "filter", records }), ["0-10 harvested", "10-60 missed"]);
  const running = { from: START + 12 * DAY, to: START + 60 * DAY };
  assert.deepEqual(coverage({ type: "filter", records, running }), [
    "0-10 harvested",
    "10-12 missed",
    "12-60 harvested",
  ]);
});

Deno.test("a gap that a stream's next harvest recorded is missed, though the one before went over it", () => {
  const records = [
    harvest(0, 10, { harvest_timestamp: day(0), outcome: "complete" }),
    harvest(10, 60, { harvest_timestamp: day(10), outcome: "complete" }),
  ];
  const gaps = [gap(9, 11, { in: 10 }), gap(20, 21, { in: 10, status: "filled" })];
  assert.deepEqual(coverage({ type: "filter", records, gaps }), [
    "0-9 harvested",
    "9-11 missed",
    "11-60 harvested",
  ]);
});

Deno.test("five daily runs that one caught up with are harvested, and a month off is beyond reach", () => {
  const records = [harvest(0, 7), harvest(7, 12), harvest(45, 52)];
  const gaps = [gap(12, 45, { in: 52 })];
  assert.deepEqual(coverage({ type: "search", records, gaps, reach: START + 53 * DAY }), [
    "0-12 harvested",
    "12-45 beyond reach",
    "45-52 harvested",
    "52-53 beyond reach",
    "53-60 not asked for yet",
  ]);
});

Deno.test("what a search with nothing new could not reach again was covered by those before", () => {
  // The newest tweet is of day 0: each harvest records from there on what it does not reach.
  const records = [7, 14, 21].map((to) => harvest(to - 7, to));
  const gaps = [14, 21].map((to) => gap(0, to - 7, { in: to }));
  assert.deepEqual(coverage({ type: "search", records, gaps, now: START + 21 * DAY }), [
    "0-21 harvested",
  ]);
});

Deno.test("a schedule that was ended makes silence until the next one, and one user's gap is not everybody's", () => {
  const records: CoverageRecord[] = [
    harvest(0, 10),
    { at: day(10), what: "unschedule", by: "ann@desk", note: "holidays" },
    { at: day(40), what: "schedule" },
    harvest(40, 60),
    harvest(60, 61, { walks_done: 1, walks: 2 }),
  ];
  const gaps = [gap(2, 5, { in: 10, user_id: "12" })];
  assert.deepEqual(coverage({ type: "user_timeline", records, gaps }), [
    "0-10 harvested",
    "10-40 silent on purpose, ann@desk, holidays",
    "40-60 harvested",
  ]);
});

Deno.test("a calendar has a sign a day, of what most counts on it", () => {
  const records = [
    harvest(0, 3, { harvest_timestamp: day(0), outcome: "stopped" }),
    harvest(5, 33, { harvest_timestamp: day(5), outcome: "stopped" }),
  ];
  const facts = { records, gaps: [gap(6.2, 6.4, { in: 5 })], now: START + 34 * DAY, reach: 0 };
  const spans = listCoverage({ ...facts, traits: traitsFor("filter") });
  assert.deepEqual(calendarLines(spans, START), [
    "2026-01  ###..#!########################",
    "2026-02  ##.",
    "# harvested, ? not asked for yet, . silent on purpose, x beyond reach, ! missed",
  ]);
});

Deno.test("a stream records when it listened, in one line a harvest", async () => {
  const { store, harvested } = await streamed(5, () => {}, { start: START });
  await harvested;
  const [record, ...others] = await readCoverage(store, "c");
  assert.deepEqual(others, []);
  assert.equal(record?.what, "harvest");
  assert.ok(Date.parse(record?.from ?? "") >= START);
  assert.ok(Date.parse(record?.to ?? "") - Date.parse(record?.from ?? "") >= 4 * 60_000);
  assert.equal(record?.tweets, 5);
});

/** What is known of a collection's time, in whole minutes since it began. */
async function minutes(store: MemoryStore, { since, now }: { since: number; now: number }) {
  const { config } = await new Collections(store, systemClock).load("c");
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  const look = gapLook(config, positions, now);
  const found = listCoverage({
    records: await readCoverage(store, "c"),
    gaps: await listGaps(store, "c", look),
    traits: traitsFor(config.type),
    now,
    reach: look.reach,
  });
  const minute = (time: string) => Math.round((Date.parse(time) - since) / 60_000);
  return found.map(({ from, to, state }) => [minute(from), minute(to), state])
    .filter(([from, to]) => from !== to);
}

for (const msPerHarvest of [0, 3_600_000]) {
  const seams = msPerHarvest > 0 ? "a chain of harvests" : "one harvest";
  Deno.test(`a stream that is stopped while tweets come is covered to its stop, in ${seams}`, async () => {
    const { clock, move } = movedClock();
    // A seam lies on a full hour.
    move(3_600_000 - clock.now() % 3_600_000);
    const since = clock.now();
    const world = World.create({ clock, users: 1, tweetsPerUser: 0 });
    const [user = ""] = world.users.keys();
    const store = await added({ ...FILTER, api: "2" }, clock);
    const api = new WorldApi(world);
    const stop = new AbortController();
    api.stream = async function* () {
      for (let i = 0; i < 150; i++) {
        const [status] = world.post(user);
        assert.ok(status);
        yield { tweets: [{ id: `${status.id}`, line: status.bytes() }], messages: [] };
        move(60_000);
      }
      stop.abort();
    };
    await run(store, api, { clock, msPerHarvest, signal: stop.signal });
    const records = await readCoverage(store, "c");
    assert.ok(msPerHarvest > 0 ? records.length >= 2 : records.length === 1);
    assert.deepEqual([records.at(-1)?.outcome, records.at(-1)?.walks_done], ["stopped", 0]);
    const now = clock.now() + 600_000;
    assert.deepEqual(await minutes(store, { since, now }), [
      [0, 150, "harvested"],
      [150, 160, "silent on purpose"],
    ]);
  });
}

Deno.test("a search that is to fill its gaps is covered where each harvest asked, and as far as the gaps are filled", async () => {
  const { clock, move } = movedClock();
  const since = clock.now();
  const world = World.create({ clock, users: 1, tweetsPerUser: 300 });
  const [user = ""] = world.users.keys();
  const search = { query: "sandbox", max_records: 40, fill: true };
  const store = await added({ id: "c", type: "search", keys: KEYS, search }, clock);
  for (let nth = 0; nth < 3; nth++) {
    if (nth > 0) {
      for (let i = 0; i < 20; i++) {
        move(60_000);
        world.post(user);
      }
    }
    await run(store, new WorldApi(world), { clock });
  }
  const records = await readCoverage(store, "c");
  assert.deepEqual(records.map(({ outcome, walks_done }) => [outcome, walks_done]).at(-1), [
    "stopped",
    1,
  ]);
  const [gap, ...more] = await minutes(store, { since, now: clock.now() });
  // The first harvest collected 40 tweets of the last 40 minutes, and two fills 40 more each.
  assert.deepEqual([gap?.[2], gap?.[1]], ["missed", -120]);
  assert.deepEqual(more, [[-120, 40, "harvested"]]);
});
