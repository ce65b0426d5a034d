import assert from "node:assert/strict";
import { nextTime, parseSchedule } from "../../lib/runner/schedule.ts";

/** Times that follow each other after a moment, as `2026-03-29T01:00`, in UTC. */
function following(expression: string, zone: string, after: string, count: number): string[] {
  const schedule = parseSchedule(expression, zone);
  const times: string[] = [];
  for (let ms = Date.parse(after); times.length < count;) {
    ms = nextTime(schedule, ms) ?? assert.fail(`${expression} is not due again`);
    times.push(new Date(ms).toISOString().slice(0, 16));
  }
  return times;
}

Deno.test("times that clocks skip in spring are left out, times that they show twice in autumn are due once", () => {
  const table: { zone: string; expression: string; after: string; due: string[]; says: string }[] =
    [
      {
        says: "Berlin goes from 02:00 to 03:00 on 29 March",
        zone: "Europe/Berlin",
        expression: "cron(30 2 * * ? *)",
        after: "2026-03-27T12:00Z",
        due: ["2026-03-28T01:30", "2026-03-30T00:30", "2026-03-31T00:30"],
      },
      {
        says: "02:00 itself is skipped, and 03:00 is not",
        zone: "Europe/Berlin",
        expression: "cron(0 2,3 * * ? *)",
        after: "2026-03-28T12:00Z",
        due: ["2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T01:00"],
      },
      {
        says: "every half hour goes on without a pause in spring",
        zone: "Europe/Berlin",
        expression: "cron(0/30 * * * ? *)",
        after: "2026-03-29T00:00Z",
        due: ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"],
      },
      {
        says: "Berlin goes from 03:00 back to 02:00 on 25 October",
        zone: "Europe/Berlin",
        expression: "cron(30 2 * * ? *)",
        after: "2026-10-24T12:00Z",
        due: ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"],
      },
      {
        says:
          "every half hour is due once for what clocks show: the second 02:00 and 02:30 are left out",
        zone: "Europe/Berlin",
        expression: "cron(0/30 * * * ? *)",
        after: "2026-10-24T23:45Z",
        due: ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T02:00", "2026-10-25T02:30"],
      },
      {
        says: "from within the hour that comes again, nothing of it is due again",
        zone: "Europe/Berlin",
        expression: "cron(0/10 2 * * ? *)",
        after: "2026-10-25T01:05Z",
        due: ["2026-10-26T01:00", "2026-10-26T01:10"],
      },
      {
        says: "New York goes from 02:00 to 03:00 on 8 March",
        zone: "America/New_York",
        expression: "cron(15 2 * * ? *)",
        after: "2026-03-06T12:00Z",
        due: ["2026-03-07T07:15", "2026-03-09T06:15", "2026-03-10T06:15"],
      },
      {
        says: "New York goes from 02:00 back to 01:00 on 1 November",
        zone: "America/New_York",
        expression: "cron(15 1 * * ? *)",
        after: "2026-10-31T12:00Z",
        due: ["2026-11-01T05:15", "2026-11-02T06:15", "2026-11-03T06:15"],
      },
      {
        says: "Lord Howe goes from 02:00 to 02:30 on 4 October, by half an hour",
        zone: "Australia/Lord_Howe",
        expression: "cron(0/15 2 * * ? *)",
        after: "2026-10-03T15:20Z",
        due: ["2026-10-03T15:30", "2026-10-03T15:45", "2026-10-04T15:00", "2026-10-04T15:15"],
      },
      {
        says: "Lord Howe goes from 02:00 back to 01:30 on 5 April",
        zone: "Australia/Lord_Howe",
        expression: "cron(0/15 1 * * ? *)",
        after: "2026-04-04T14:00Z",
        due: ["2026-04-04T14:15", "2026-04-04T14:30", "2026-04-04T14:45", "2026-04-05T14:30"],
      },
      {
        says: "Cairo skips midnight on 24 April, a Friday, so that its day begins at 01:00",
        zone: "Africa/Cairo",
        expression: "cron(0 0 ? * FRI *)",
        after: "2026-04-16T23:00Z",
        due: ["2026-04-30T21:00", "2026-05-07T21:00"],
      },
      {
        says: "Cairo shows the last hour of 29 October twice",
        zone: "Africa/Cairo",
        expression: "cron(30 23 * * ? *)",
        after: "2026-10-28T21:00Z",
        due: ["2026-10-29T20:30", "2026-10-30T21:30"],
      },
      {
        says:
          "São Paulo, which has had no such time since 2019, skipped midnight on 4 November 2018",
        zone: "America/Sao_Paulo",
        expression: "cron(0 0 * * ? *)",
        after: "2018-11-02T12:00Z",
        due: ["2018-11-03T03:00", "2018-11-05T02:00"],
      },
      {
        says: "Apia skipped a whole day, 30 December 2011",
        zone: "Pacific/Apia",
        expression: "cron(0 12 * * ? *)",
        after: "2011-12-29T00:00Z",
        due: ["2011-12-29T22:00", "2011-12-30T22:00"],
      },
    ];
  for (const { says, zone, expression, after, due } of table) {
    assert.deepEqual(following(expression, zone, after, due.length), due, says);
  }
});

Deno.test("a rate counts what passes: a day has 24 hours whatever clocks show", () => {
  assert.deepEqual(following("rate(1 day)", "Europe/Berlin", "2026-03-28T01:30Z", 2), [
    "2026-03-29T01:30",
    "2026-03-30T01:30",
  ]);
  assert.deepEqual(following("rate(30 minutes)", "Europe/Berlin", "2026-10-25T00:30Z", 3), [
    "2026-10-25T01:00",
    "2026-10-25T01:30",
    "2026-10-25T02:00",
  ]);
});

Deno.test("a time of day of one zone is due once a day through two years of its clocks, but where they skip it", () => {
  const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"];
  for (const zone of zones) {
    const shown = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "short",
      hourCycle: "h23",
    });
    for (const [hour, minute] of [[2, 15], [1, 45], [0, 0]] as const) {
      const schedule = parseSchedule(`cron(${minute} ${hour} * * ? *)`, zone);
      const end = Date.UTC(2027, 0, 1);
      const wanted = [hour, minute].map((n) => `${n}`.padStart(2, "0")).join(":");
      let ms = Date.UTC(2025, 0, 1);
      const days = new Set<string>();
      for (ms = nextTime(schedule, ms) ?? end; ms < end; ms = nextTime(schedule, ms) ?? end) {
        const [day = "", time] = shown.format(ms).split(", ");
        assert.equal(time, wanted, zone);
        assert.ok(!days.has(day), `${zone}: ${wanted} of ${day} twice`);
        days.add(day);
      }
      assert.ok(days.size >= 728 && days.size <= 730, `${zone} ${wanted}: ${days.size} days`);
    }
  }
});

Deno.test("what a zone's clocks never show is refused: it is never due", () => {
  const now = Date.UTC(2026, 0, 1);
  const once = "cron(30 2 29 3 ? 2026)";
  assert.throws(() => parseSchedule(once, "Europe/Berlin", now), /it is never due/);
  assert.ok(parseSchedule(once, "UTC", now));
  // The last Sunday of March is the day on which Berlin's clocks skip that hour.
  assert.throws(
    () => parseSchedule("cron(30 2 ? 3 1L *)", "Europe/Berlin", now),
    /it is never due/,
  );
  assert.throws(() => parseSchedule("cron(0 0 29 2 ? 2100)", undefined, now), /it is never due/);
});

Deno.test("the days that only AWS names: L, W, # and ?, alone and in lists", () => {
  const table: [string, string[]][] = [
    ["cron(0 9 L * ? *)", ["2026-01-31", "2026-02-28", "2026-03-31"]],
    ["cron(0 9 L,15 * ? *)", ["2026-01-15", "2026-01-31", "2026-02-15"]],
    ["cron(0 9 LW * ? *)", ["2026-01-30", "2026-02-27", "2026-03-31"]],
    ["cron(0 9 1W * ? *)", ["2026-01-01", "2026-02-02", "2026-03-02"]],
    ["cron(0 9 1W,15W * ? *)", ["2026-01-01", "2026-01-15", "2026-02-02"]],
    ["cron(0 9 31W * ? *)", ["2026-01-30", "2026-03-31", "2026-05-29"]],
    ["cron(0 9 ? * L *)", ["2026-01-03", "2026-01-10", "2026-01-17"]],
    ["cron(0 9 ? * 6L *)", ["2026-01-30", "2026-02-27", "2026-03-27"]],
    ["cron(0 9 ? * 6L,MON *)", ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]],
    ["cron(0 9 ? * TUE#2 *)", ["2026-01-13", "2026-02-10", "2026-03-10"]],
    ["cron(0 9 ? * 3#2 *)", ["2026-01-13", "2026-02-10", "2026-03-10"]],
    ["cron(0 9 ? * 6#5 *)", ["2026-01-30", "2026-05-29", "2026-07-31"]],
  ];
  for (const [expression, days] of table) {
    const due = following(expression, "UTC", "2026-01-01T00:00Z", days.length);
    assert.deepEqual(due, days.map((day) => `${day}T09:00`), expression);
  }
});
