import assert from "node:assert/strict";
import { join } from "node:path";
import { chart } from "./bench/chart.ts";
import { s3Of } from "./bench/command_sections.ts";
import { othersOf } from "./bench/harvest_sections.ts";
import { sharesIn } from "./bench/profile.ts";
import { noise, repeated } from "./bench/repeated.ts";
import { NextClock } from "./bench/scale/next_clock.ts";
import { oneRun } from "./bench/scale/one_run.ts";
import { dayOf } from "./bench/scale/schedules.ts";
import { modelledPuts, streamed } from "./bench/scale/streams.ts";
import { limitOf, modelled, simulated } from "./bench/scale/users.ts";
import { table } from "./bench/table.ts";

Deno.test("of several runs the middle one counts, and how far the others are from it is known", () => {
  assert.deepEqual(repeated([3, 1, 10]), { least: 1, median: 3, most: 10 });
  assert.equal(noise(repeated([3, 1, 10])), 3);
  assert.throws(() => repeated([]), RangeError);
});

Deno.test("a chart has a bar for each figure, as long as it is large, and marks what is beyond its goal", () => {
  const rows = [{ name: "a & b", value: 1 }, { name: "c", value: 0.5 }];
  const drawn = chart([{ title: "Time", unit: "s", goal: 0.75, rows }]);
  const bars = [
    ...drawn.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)" height="17" fill="([^"]+)"/g),
  ];
  const [[, first, over] = [], [, second, within] = []] = bars;
  assert.equal(Number(first), 2 * Number(second));
  assert.notEqual(over, within);
  assert.match(drawn, />a &amp; b</);
  assert.match(drawn, /Time \(s, goal 0\.75\)/);
});

Deno.test("a profile is summed up by parts of the program, without what was waited for", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const node = (id: number, functionName: string, url = "") => ({
      id,
      callFrame: { functionName, url },
    });
    const nodes = [
      node(1, "(idle)"),
      node(2, "writeSync"),
      node(3, "read", "file:///x/lib/twitter/bytes/outline.ts"),
      node(4, "anything", "somewhere"),
    ];
    const profile = { nodes, samples: [1, 2, 3, 2, 4], timeDeltas: [500, 40, 30, 20, 10] };
    await Deno.writeTextFile(join(folder, "a.cpuprofile"), JSON.stringify(profile));
    assert.deepEqual(await sharesIn(folder), [
      ["zlib", 0.6],
      ["lines and ids (lib/twitter/bytes)", 0.3],
      ["everything else", 0.1],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a table is one of Markdown", () => {
  assert.equal(table(["a", "b"], [["x", "1"]]), "| a | b |\n| --- | --: |\n| x | 1 |");
});

Deno.test("what S3 takes stands beside other ways, and what is not on this machine is named", () => {
  const own = { cpu: 0.5, seconds: 2, peak: 80 };
  const { text, bars } = s3Of({ mb: 30, runs: [{ name: "upload", own, cli: null, bare: 1 }] });
  assert.match(text, /^\| upload, this program \| 2\.00 \| 15 \| 0\.50 \| 80 \|$/m);
  assert.match(text, /^\| upload, aws s3 cp \| not here \|/m);
  assert.match(text, /^\| upload, a bare request \| 1\.00 \| 30 \|/m);
  assert.deepEqual(bars?.rows.map(({ value }) => value), [2, 1]);
  assert.match(s3Of(null).text, /moto's server is not on this machine/);
});

Deno.test("a harvest stands beside the original, and what that takes is a goal", () => {
  const took = (cpu: number) => ({ cpu, seconds: 2, peak: 40 });
  const own = [1, 1.1, 3].map((cpu) => ({ cpu, looked: { cpu: 2, lines: 100, mb: 1 } }));
  const given = { tweets: 100, bare: took(0.5), own };
  const slow = othersOf({ ...given, original: took(4.4) });
  assert.deepEqual(slow.rows[1]?.slice(3), ["4.40", "2.00", "2.20", "50"]);
  assert.deepEqual(slow.missed, []);
  const quick = othersOf({ ...given, original: took(2.2) });
  assert.match(quick.missed.join(), /takes 2\.0 times what a harvest does, not 4/);
  const absent = othersOf({ ...given, original: null });
  assert.equal(absent.rows[1]?.[3], "not here");
  assert.deepEqual([absent.missed, absent.bars.length], [[], 1]);
});

Deno.test("many users take as long as the model of docs/scale.md says, and no limit is exceeded", async () => {
  const usual = { users: 200_000, pages: 1, as: "app", atOnce: 16, latencyMs: 250 } as const;
  const cases: [path: string, limit: number, keys: number][] = [
    ["/1.1/statuses/user_timeline.json", 1_500, 10],
    ["/2/users/1/tweets", 10_000, 1],
    ["/2/users/1/tweets", 10_000, 40],
  ];
  for (const [path, limit, keys] of cases) {
    const reading = { ...usual, path, keys };
    assert.equal(limitOf(reading), limit);
    const { ms, exceeded } = await simulated(reading);
    const model = modelled(reading, limit);
    assert.equal(exceeded, 0);
    assert.ok(ms >= model && ms <= model * 1.05, `${ms} ms, by the model ${model}`);
  }
});

Deno.test("of many who sleep each wakes at its time, the earliest first", async () => {
  const clock = new NextClock(1_000);
  const woken: number[] = [];
  const sleeps = [30, 10, 20, 10, 0].map(async (ms) => {
    await clock.sleep(ms);
    woken.push(clock.now());
  });
  await clock.until(Promise.all(sleeps));
  assert.deepEqual(woken, [1_001, 1_010, 1_010, 1_020, 1_030]);
});

Deno.test("schedules that are spread take a minute of a task each; all at once they wait for the limit that they share", async () => {
  const run = await oneRun(1);
  assert.ok(run.requests.some(({ path }) => path.endsWith("user_timeline.json")));
  const fleet = { collections: 2_000, run, most: 200 };
  const spread = await dayOf({ ...fleet, expression: "rate(1 day)", keys: 1 });
  const { begun, dropped, refused, billedMs } = spread;
  assert.deepEqual({ begun, dropped, refused }, { begun: 2_000, dropped: 0, refused: 0 });
  assert.equal(billedMs, 2_000 * 60_000);
  assert.ok(spread.atOnce <= 2);
  const daily = { ...fleet, expression: "cron(0 10 * * ? *)" };
  const together = await dayOf({ ...daily, keys: 1 });
  assert.ok(together.refused > 0 && together.billedMs > 2 * billedMs);
  assert.equal(together.atOnce, 200, "No more than the quota");
  const apart = await dayOf({ ...daily, keys: 20 });
  assert.deepEqual([apart.begun, apart.refused, apart.billedMs], [2_000, 0, billedMs]);
});

Deno.test("what a stream writes is as many objects as the model of docs/scale.md says", async () => {
  const line = new TextEncoder().encode("{}");
  for (const tweetsPerFile of [500, 250_000]) {
    const stream = { perSecond: 50, minutes: 2, tweetsPerFile };
    const { puts } = await streamed({ ...stream, lineOf: () => line });
    const all = Object.values(puts).reduce((sum, count) => sum + count, 0);
    // A flush, and a file, may fall on the end of the time.
    const model = modelledPuts(stream);
    assert.ok(Math.abs(all - model) <= 3, `${JSON.stringify(puts)}, by the model ${model}`);
  }
});
