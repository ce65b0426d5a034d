/** A year of three collections, with all that happens in one: what the program says of it, beside what was. */

import assert from "node:assert/strict";
import { table } from "../bench/table.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { RECENT } from "../../lib/twitter/reach.ts";
import { KEYS } from "../fakes/whole_harvest.ts";
import { YearOf } from "../fakes/year_of.ts";

/** Harvests of each, and days between two: a year and a month that nobody harvests. */
const [ROUNDS, APART] = [100, 3.3];
/** Before this one a month passes. */
const MONTH_OFF = 60;
/** A stream's harvester that was killed in this round is not missed for ten days. */
const LONG_AWAY = 70;
const [DAY, MINUTE] = [86_400_000, 1 / 1_440];
/** Keys that come in the place of others. */
const OTHER_KEYS = {
  consumer_key: "secret-other-1",
  consumer_secret: "secret-other-2",
  access_token: "secret-other-3",
  access_token_secret: "secret-other-4",
};

/** A line of the table: what the program says, and what was. */
type Row = [what: string, said: unknown, was: unknown];

/** Compares both, and prints them side by side where `TWARC_CLOUD_TABLES` is set. */
function compare(rows: Row[]): void {
  if (Deno.env.get("TWARC_CLOUD_TABLES")) {
    const cells = rows.map(([what, ...both]) => [what, ...both.map(shortOf)]);
    // deno-lint-ignore no-console
    console.log(`\n${table(["", "said", "was"], cells)}`);
  }
  for (const [what, said, was] of rows) assert.deepEqual(said, was, what);
}

/** Returns a value for a person: of a long list how many, and the first and the last. */
function shortOf(value: unknown): string {
  if (!Array.isArray(value) || value.length < 6) return JSON.stringify(value);
  return `${value.length}: ${JSON.stringify(value[0])} … ${JSON.stringify(value.at(-1))}`;
}

/** What holds of each collection, whatever happened: nothing twice, nothing faulty, no time that runs backwards. */
async function alwaysTrue(year: YearOf, harvests: number): Promise<Row[]> {
  const all = await year.verify();
  const again = await year.verify({ sinceLast: true });
  const tweets = await year.tweets();
  const told = await year.harvests();
  const backwards = told.filter(({ harvest_timestamp, harvest_end_timestamp }) =>
    !(Date.parse(`${harvest_timestamp}`) <= Date.parse(`${harvest_end_timestamp}`))
  );
  const made = told.filter(({ made }) => made !== undefined);
  return [
    ["faults", all.faults, []],
    ["faults since the last time", again.faults, []],
    ["harvests that are read again", again.read, 1],
    ["tweets that are twice", tweets.length - new Set(tweets).size, 0],
    ["harvests", told.length, harvests],
    ["harvests that end before they begin", backwards, []],
    ["harvests that say what made them", made.length, harvests],
    ["documents with keys", await year.documentsWith("secret-other"), []],
  ];
}

Deno.test("a year of timelines: names, suspensions, removals, keys, kills and a month off are said as they were", async () => {
  const year = await YearOf.begin(5, (ids) => ({
    id: "c",
    type: "user_timeline",
    keys: KEYS,
    delete_users_for: ["not_found"],
    users: Object.fromEntries(ids.map((id) => [id, {}])),
  }));
  const posted: string[] = [];
  const was: string[] = [];
  const names = [year.user(1).screenName];
  const days: Record<number, () => void | Promise<void>> = {
    10: () => void (year.user(1).screenName = "renamed_once"),
    15: () => void (year.user(2).state = "suspended"),
    20: () => void (year.user(2).state = "open"),
    25: () => void (year.user(3).state = "protected"),
    30: () => void (year.user(3).state = "open"),
    35: () => year.update((config) => ({ ...config, keys: OTHER_KEYS })),
    50: () => void (year.user(4).state = "gone"),
    55: () => void (year.user(4).state = "open"),
    58: () =>
      year.update((config) => ({ ...config, users: { ...config.users, [year.ids[4] ?? ""]: {} } })),
    70: () => void (year.user(1).screenName = "renamed_twice"),
  };
  const says: Record<number, string> = {
    10: "1 screen name changed",
    15: "2 suspended",
    20: "2 returned suspended",
    25: "3 protected",
    30: "3 returned protected",
    50: "4 not_found",
    55: "4 returned not_found",
    58: "4 screen name found",
    70: "1 screen name changed",
  };
  let [killed, copy] = [0, year.store];
  for (let round = 0; round < ROUNDS; round++) {
    year.pass(round === MONTH_OFF ? 30 : APART);
    for (const id of year.post()) posted.push(id);
    await days[round]?.();
    if ([22, 44, 88].includes(round)) {
      await year.harvest({ diesAt: 8 });
      killed++;
    }
    const day = Math.floor(year.day(year.now));
    await year.harvest();
    if (round === 50) copy = year.store.copy();
    if (round === 0) { for (const i of [0, 1, 2, 3, 4]) was.push(`${day} ${i} screen name found`); }
    else if (says[round]) was.push(`${day} ${says[round]}`);
    if ([10, 70].includes(round)) names.push(year.user(1).screenName);
  }
  const { former_names = [], screen_name } = (await year.config()).users[year.ids[1] ?? ""] ?? {};
  const former = Array.isArray(former_names)
    ? former_names.map((one) => Object(one).screen_name)
    : [];
  compare([
    ["tweets", (await year.tweets()).toSorted(), posted.toSorted()],
    ["what became of users", await year.userChanges(), was],
    ["names of a user", [...former, screen_name], names],
    ["gaps", await year.gaps(), []],
    ["a copy of half a year", await year.verify({ store: copy }), {
      faults: [],
      read: 51 + 2,
      readBefore: 0,
    }],
    ...await alwaysTrue(year, ROUNDS + killed),
  ]);
});

const tenths = (n: number) => Math.round(n * 10) / 10;

/** Spans of days, as `0 to 10 harvested, why, by whom, with which note`. */
async function spansOf(year: YearOf): Promise<string[]> {
  return (await year.coverage()).map(({ from, to, state, why, by, note }) =>
    [`${year.day(from)} to ${year.day(to)} ${state}`, why, by, note].filter(Boolean).join(", ")
  );
}

/** The days in each state, whole ones. */
async function daysByState(year: YearOf): Promise<Record<string, number>> {
  const days: Record<string, number> = {};
  for (const { from, to, state } of await year.coverage()) {
    days[state] = (days[state] ?? 0) + (Date.parse(to) - Date.parse(from)) / DAY;
  }
  return Object.fromEntries(
    Object.entries(days).map(([state, n]) => [state, tenths(n)]),
  );
}

/** The gaps, each with its ends in days, and what became of it. */
async function gapsOf(year: YearOf): Promise<unknown[][]> {
  return (await year.gaps()).map(({ from, to, status }) => [year.day(from), year.day(to), status]);
}

Deno.test("a year of a search: what it reached, the silence that was wanted, and what was lost in it are said as they were", async () => {
  const year = await YearOf.begin(2, () => ({
    id: "c",
    type: "search",
    api: "2",
    keys: KEYS,
    search: { query: "says" },
  }));
  const [posted, lost]: string[][] = [[], []];
  const by = "ann@desk";
  await year.did({ what: "schedule", by, expression: "rate(3 days)" });
  let [killed, last, off, back] = [0, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    if (round === MONTH_OFF) {
      last = year.day(year.now);
      year.pass(0.5);
      off = year.day(year.now);
      await year.did({ what: "unschedule", by, note: "no budget" });
      year.pass(10);
      for (const id of year.post()) lost?.push(id);
      year.pass(17);
      await year.did({ what: "schedule", by, expression: "rate(3 days)" });
    }
    year.pass(APART);
    for (const id of year.post()) posted?.push(id);
    // As far as search goes back from the first harvest that follows.
    if (round === MONTH_OFF) back = year.day(year.now - RECENT);
    if (round === 35) await year.update((config) => ({ ...config, keys: OTHER_KEYS }));
    if (round === 80) {
      await year.update((config) => ({
        ...config,
        search: { ...Object(config.search), query: "says OR x" },
      }));
    }
    if ([22, 44, 88].includes(round)) {
      await year.harvest({ diesAt: 8 });
      killed++;
    }
    await year.harvest();
  }
  const end = year.day(year.now);
  year.pass(1);
  const collected = await year.tweets();
  compare([
    ["tweets", collected.toSorted(), posted?.toSorted()],
    [
      "tweets of the month off that nobody can have",
      collected.filter((id) => lost?.includes(id)),
      [],
    ],
    ["gaps", await gapsOf(year), [[last, back, "beyond reach"]]],
    ["coverage", await spansOf(year), [
      `-3.7 to ${last} harvested`,
      `${last} to ${off} beyond reach, Recent search goes back seven days only`,
      `${off} to ${back} silent on purpose, Its schedule was ended, ann@desk, no budget`,
      `${back} to ${end} harvested`,
      `${end} to ${year.day(year.now)} not asked for yet`,
    ]],
    ...await alwaysTrue(year, ROUNDS + killed),
  ]);
});

Deno.test("a year of a stream: where it listened, what it missed, and what was asked for again are said as they were", async () => {
  const year = await YearOf.begin(2, () => ({
    id: "c",
    type: "filter",
    api: "2",
    keys: KEYS,
    filter: { track: "says" },
  }));
  const [posted, silent, lost]: string[][] = [[], [], []];
  const by = "ann@desk";
  const gaps: unknown[][] = [];
  let [killed, off, back] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    for (const id of year.post()) silent?.push(id);
    year.pass(round === MONTH_OFF ? 30 : APART);
    if (round === MONTH_OFF) back = year.day(year.now);
    await year.did({ what: "start", by });
    const isKilled = [22, 44, LONG_AWAY].includes(round);
    const stop = new AbortController();
    const stream = async function* (signal: AbortSignal): AsyncGenerator<StreamItem> {
      for (let i = 0; i < 3 && !signal.aborted; i++) {
        const [status] = year.world.post(year.ids[0] ?? "");
        assert.ok(status);
        // By its second tweet a harvester that is killed has committed the first one only.
        const isLost = round === LONG_AWAY && i > 0;
        (isLost ? lost : posted)?.push(`${status.id}`);
        yield { tweets: [{ id: `${status.id}`, line: status.bytes() }], messages: [] };
        year.pass(MINUTE);
      }
      if (isKilled) return;
      await year.did({
        what: "stop",
        by,
        ...(round + 1 === MONTH_OFF ? { note: "no budget" } : {}),
      });
      stop.abort();
    };
    year.api.live = stream;
    if (isKilled) {
      await year.harvest({ diesAt: 8 });
      const from = year.day(year.now);
      killed++;
      const away = round === LONG_AWAY ? 10 : 0.1;
      year.pass(away / 5);
      for (const id of year.post()) (round === LONG_AWAY ? lost : posted)?.push(id);
      year.pass(away * 3 / 5);
      for (const id of year.post()) posted?.push(id);
      year.pass(away / 5);
      const to = year.day(year.now);
      const reach = year.day(year.now + APART * DAY - RECENT);
      if (reach > from) gaps.push([from, reach, "beyond reach"]);
      gaps.push([Math.max(from, reach), to, "filled"]);
      year.api.live = async function* (signal) {
        await year.did({ what: "stop", by });
        stop.abort();
        signal.throwIfAborted();
        yield* [];
      };
    }
    await year.harvest({ signal: stop.signal });
    if (round + 1 === MONTH_OFF) off = year.day(year.now);
  }
  const collected = await year.tweets();
  const listened = 3 * MINUTE * ROUNDS;
  const missed = 10 + APART - RECENT / DAY;
  // From the first start on, before which a few days had passed.
  const since = (year.now - year.began) / DAY - APART;
  const noted = (await spansOf(year)).filter((span) => span.endsWith("no budget"));
  compare([
    ["gaps", await gapsOf(year), gaps],
    ["tweets", collected.toSorted(), posted?.toSorted()],
    [
      "tweets that nobody can have",
      collected.filter((id) => silent?.includes(id) || lost?.includes(id)),
      [],
    ],
    ["days by state", await daysByState(year), {
      "harvested": tenths(listened + 2 * 0.1 + 10 - missed),
      "missed": tenths(missed),
      "silent on purpose": tenths(since - listened - 2 * 0.1 - 10),
    }],
    ["the month off", noted, [
      `${off} to ${back} silent on purpose, A stop was requested, ann@desk, no budget`,
    ]],
    ...await alwaysTrue(year, ROUNDS + killed),
  ]);
});
