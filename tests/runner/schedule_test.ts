import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../lib/errors.ts";
import { nextTime, parseSchedule } from "../../lib/runner/schedule.ts";

const AT = Date.UTC(2026, 10, 24, 1, 2, 3);

function next(expression: string, after = AT): string | null {
  const ms = nextTime(parseSchedule(expression), after);
  return ms === null ? null : new Date(ms).toISOString().slice(0, 19);
}

Deno.test("rates are due a period after they were due last", () => {
  assert.equal(next("rate(1 minute)"), "2026-11-24T01:03:03");
  assert.equal(next("rate(12 hours)"), "2026-11-24T13:02:03");
  assert.equal(next("rate(7 days)"), "2026-12-01T01:02:03");
  const units = fc.constantFrom(
    ["minutes", 60_000],
    ["hours", 3_600_000],
    ["days", 86_400_000] as const,
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5_000 }), units, fc.nat(), (value, [unit, ms], after) => {
      assert.equal(
        nextTime(parseSchedule(`rate(${value} ${unit})`), after),
        after + value * Number(ms),
      );
    }),
  );
});

Deno.test("cron expressions are EventBridge's: six fields, weekdays from 1 for Sunday, UTC", () => {
  assert.equal(next("cron(0 10 * * ? *)"), "2026-11-24T10:00:00");
  assert.equal(next("cron(15 12 * * ? *)"), "2026-11-24T12:15:00");
  assert.equal(next("cron(0 18 ? * MON-FRI *)", Date.UTC(2026, 10, 27, 19)), "2026-11-30T18:00:00");
  assert.equal(next("cron(0 18 ? * 2-6 *)", Date.UTC(2026, 10, 27, 19)), "2026-11-30T18:00:00");
  assert.equal(next("cron(0 8 ? * 1 *)"), "2026-11-29T08:00:00");
  assert.equal(next("cron(0/10 * ? * MON-FRI *)"), "2026-11-24T01:10:00");
  assert.equal(
    next("cron(0/5 8-17 ? * MON-FRI *)", Date.UTC(2026, 10, 24, 17, 56)),
    "2026-11-25T08:00:00",
  );
  assert.equal(next("cron(0 8 1 * ? *)"), "2026-12-01T08:00:00");
  assert.equal(next("cron(0 9 L * ? *)"), "2026-11-30T09:00:00");
  assert.equal(next("cron(0 9 ? * 6#3 *)"), "2026-12-18T09:00:00");
  assert.equal(next("cron(0 9 ? * 6L *)"), "2026-11-27T09:00:00");
  assert.equal(next("cron(0 9 3W * ? *)"), "2026-12-03T09:00:00");
  assert.equal(next("cron(0 0 1 1 ? 2030-2032)"), "2030-01-01T00:00:00");
  assert.equal(next("cron(0 0 1 1 ? 2020)"), null);
});

Deno.test("the next time of a cron expression is the first minute that matches it", () => {
  const field = (least: number, most: number) =>
    fc.oneof(
      fc.constant({ text: "*", set: null }),
      fc.uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 }).map((
        set,
      ) => ({
        text: set.join(","),
        set,
      })),
    );
  fc.assert(
    fc.property(
      field(0, 59),
      field(0, 23),
      field(1, 7),
      fc.integer({ min: 0, max: 500_000 }),
      (minute, hour, day, offset) => {
        const after = Math.floor(AT / 60_000) * 60_000 + offset * 60_000;
        const due = nextTime(
          parseSchedule(`cron(${minute.text} ${hour.text} ? * ${day.text} *)`),
          after,
        );
        const matches = (ms: number) => {
          const date = new Date(ms);
          return (minute.set?.includes(date.getUTCMinutes()) ?? true) &&
            (hour.set?.includes(date.getUTCHours()) ?? true) &&
            (day.set?.includes(date.getUTCDay() + 1) ?? true);
        };
        let naive = after + 60_000;
        while (!matches(naive)) naive += 60_000;
        assert.equal(due, naive);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("what is no schedule is refused with the reason and examples", () => {
  const cases: [string, RegExp][] = [
    ["every day", /begins with neither/],
    ["rate(7 day)", /write 7 days/],
    ["rate(1 days)", /write 1 day/],
    ["rate(0 days)", /1 or more/],
    ["rate(1 week)", /minutes, hours or days/],
    ["rate(1.5 days)", /minutes, hours or days/],
    ["cron(0 10 * * ?)", /six fields and this has 5/],
    ["cron(0 10 * * * *)", /has to be \?/],
    ["cron(0 10 ? * ? *)", /has to be \?/],
    ["cron(60 10 * * ? *)", /minutes goes from 0 to 59/],
    ["cron(0 10 ? * 8 *)", /day of week goes from 1 to 7/],
    ["cron(0 10 ? * 0 *)", /day of week goes from 1 to 7/],
    ["cron(? 10 * * ? *)", /\? is not for minutes/],
    ["cron(x 10 * * ? *)", /no schedule/],
    ["cron(0 10 * * ? *", /closing/],
  ];
  for (const [expression, says] of cases) {
    assert.throws(() => parseSchedule(expression), (error) => {
      assert.ok(error instanceof UserError, expression);
      assert.match(error.message, says);
      assert.match(error.hint ?? "", /Examples/);
      return true;
    });
  }
});
