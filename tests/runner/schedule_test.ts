import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../lib/base/errors.ts";
import { longestPause, nextTime, parseSchedule } from "../../lib/runner/schedule.ts";

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

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const DAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

/** A field, and what it means, told the slow way: value by value. */
interface Rule {
  text: string;
  takes: (value: number, date: Date) => boolean;
}

/** Values, ranges and steps between two numbers, and lists of them; `*` begins at the field's start. */
function fields(
  least: number,
  most: number,
  { names = [], start = least }: { names?: string[]; start?: number } = {},
): fc.Arbitrary<Rule> {
  const value = fc.integer({ min: least, max: most });
  const step = fc.integer({ min: 1, max: Math.max(2, most - least) });
  const name = (n: number) => names[n - least] ?? `${n}`;
  const part: fc.Arbitrary<Rule> = fc.oneof(
    value.map((n) => ({ text: name(n), takes: (m: number) => m === n })),
    value.map((n) => ({ text: `${n}`, takes: (m: number) => m === n })),
    fc.tuple(value, value).map(([a, b]) => a < b ? [a, b] as const : [b, a] as const).map((
      [a, b],
    ) => ({ text: `${name(a)}-${b}`, takes: (m: number) => m >= a && m <= b })),
    fc.tuple(value, step).map(([a, by]) => ({
      text: `${name(a)}/${by}`,
      takes: (m: number) => m >= a && (m - a) % by === 0,
    })),
    step.map((by) => ({ text: `*/${by}`, takes: (m: number) => (m - start) % by === 0 })),
  );
  const list = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(","),
    takes: (m: number, date: Date) => parts.some(({ takes }) => takes(m, date)),
  }));
  return fc.oneof(fc.constant({ text: "*", takes: () => true }), list);
}

const isWeekday = (date: Date) => date.getUTCDay() % 6 !== 0;

function dayOf(date: Date, day: number): Date {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day));
}

function lastDay(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The weekday of the same month that is nearest to a day, or null where the month has no such day. */
function nearestWeekday(date: Date, day: number): number | null {
  const last = lastDay(date);
  if (day > last) return null;
  for (const near of [day, day - 1, day + 1, day - 2, day + 2]) {
    if (near >= 1 && near <= last && isWeekday(dayOf(date, near))) return near;
  }
  return null;
}

const specialDays: fc.Arbitrary<Rule> = fc.oneof(
  fc.constant({ text: "L", takes: (n: number, date: Date) => n === lastDay(date) }),
  fc.constant({
    text: "LW",
    takes: (n: number, date: Date) => n === nearestWeekday(date, lastDay(date)),
  }),
  fc.integer({ min: 1, max: 31 }).map((day) => ({
    text: `${day}W`,
    takes: (n: number, date: Date) => n === nearestWeekday(date, day),
  })),
);

const specialWeekdays: fc.Arbitrary<Rule> = fc.oneof(
  fc.constant({ text: "L", takes: (n: number) => n === 7 }),
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.boolean()).map(([day, named]) => ({
    text: `${named ? DAYS[day - 1] : day}L`,
    takes: (n: number, date: Date) => n === day && date.getUTCDate() > lastDay(date) - 7,
  })),
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 })).map(([day, nth]) => ({
    text: `${day}#${nth}`,
    takes: (n: number, date: Date) => n === day && Math.ceil(date.getUTCDate() / 7) === nth,
  })),
);

const expressions = fc.record({
  minute: fields(0, 59),
  hour: fields(0, 23),
  month: fields(1, 12, { names: MONTHS }),
  year: fc.oneof(
    fc.constant({ text: "*", takes: () => true }),
    fields(2026, 2031, { start: 1970 }),
  ),
  day: fc.oneof(fields(1, 31), specialDays).map((rule) => ({ day: rule, weekday: null })),
  weekday: fc.oneof(fields(1, 7, { names: DAYS }), specialWeekdays),
  byWeekday: fc.boolean(),
}).map(({ day: { day }, weekday, byWeekday, ...rest }) => {
  const days = byWeekday ? { dayText: "?", weekdayText: weekday.text } : {
    dayText: day.text,
    weekdayText: "?",
  };
  return {
    ...rest,
    ...days,
    takesDay: (date: Date) =>
      byWeekday ? weekday.takes(date.getUTCDay() + 1, date) : day.takes(date.getUTCDate(), date),
  };
});

/** When it is due; null where it never is, as on 30 February. */
function dueAfter(expression: string, after: number): number | null {
  try {
    return nextTime(parseSchedule(expression), after);
  } catch (error) {
    assert.match(String(error), /it is never due/);
    return null;
  }
}

Deno.test("the next time of a cron expression is the first minute all of whose fields match", () => {
  const MINUTE = 60_000;
  const DAY = 24 * 60 * MINUTE;
  const HORIZON = Date.UTC(2034, 0, 1);
  fc.assert(
    fc.property(expressions, fc.nat({ max: 3 * 365 * 24 * 3_600_000 }), (rules, offset) => {
      const { minute, hour, month, year, dayText, weekdayText, takesDay } = rules;
      const expression =
        `cron(${minute.text} ${hour.text} ${dayText} ${month.text} ${weekdayText} ${year.text})`;
      const after = AT + offset;
      const takesDate = (date: Date) =>
        takesDay(date) && month.takes(date.getUTCMonth() + 1, date) &&
        year.takes(date.getUTCFullYear(), date);
      const takesTime = (date: Date) =>
        minute.takes(date.getUTCMinutes(), date) && hour.takes(date.getUTCHours(), date);
      const naive = () => {
        for (let day = Math.floor(after / DAY) * DAY; day < HORIZON; day += DAY) {
          if (!takesDate(new Date(day))) continue;
          for (let ms = day; ms < day + DAY; ms += MINUTE) {
            if (ms > after && takesTime(new Date(ms))) return ms;
          }
        }
        return null;
      };
      const due = dueAfter(expression, after);
      assert.equal(due !== null && due < HORIZON ? due : null, naive(), expression);
    }),
    { numRuns: 400 },
  );
});

Deno.test("names may be in any case, weekdays and months may go round, and L is the week's last day", () => {
  const saturday = Date.UTC(2026, 10, 28);
  assert.equal(next("cron(0 9 ? * sat-mon *)", saturday), "2026-11-28T09:00:00");
  assert.equal(next("cron(0 9 ? * 7-2 *)", saturday + 86_400_000), "2026-11-29T09:00:00");
  assert.equal(next("cron(0 9 ? * SAT-MON *)", saturday + 3 * 86_400_000), "2026-12-05T09:00:00");
  assert.equal(next("cron(0 9 ? * MON/2 *)"), "2026-11-25T09:00:00");
  assert.equal(next("cron(0 9 ? * L *)"), "2026-11-28T09:00:00");
  assert.equal(next("cron(0 9 1 nov-feb ? *)"), "2026-12-01T09:00:00");
  assert.equal(next("cron(0 22-2 * * ? *)"), "2026-11-24T02:00:00");
  assert.equal(next("cron(0 0 1 1 ? */3)"), "2027-01-01T00:00:00");
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
    ["cron(x 10 * * ? *)", /not a valid schedule/],
    ["cron(0 10 * * ? *", /closing/],
    ["cron(0 10 ? * +2 *)", /"\+2" is not for day of week/],
    ["cron(0 10 ? * MON-FRI#2 *)", /"MON-FRI#2" is not for/],
    ["cron(0 10 ? * 3#6 *)", /"3#6" is not for/],
    ["cron(0 10 ? * 3#1,6#3 *)", /# stands alone/],
    ["cron(0/0 10 * * ? *)", /step has to be 1 or more/],
    ["cron(1,,2 10 * * ? *)", /"" is not for minutes/],
    ["cron(0 10 32W * ? *)", /day of month goes from 1 to 31/],
    ["cron(0 L * * ? *)", /hours goes from 0 to 23/],
    ["cron(0 0 1 1 ? 2030-2027)", /2030 is after 2027/],
    ["cron(0 10 30 2 ? *)", /it is never due/],
    ["cron(0 10 31 4,6 ? *)", /it is never due/],
    ["cron(0 0 1 1 ? 2200)", /year goes from 1970 to 2199/],
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

Deno.test("what was due for the last time is refused", () => {
  const now = Date.UTC(2026, 0, 1);
  assert.throws(() => parseSchedule("cron(0 10 * * ? 2025)", "UTC", now), /it is never due/);
  assert.ok(parseSchedule("cron(0 10 * * ? 2026)", "UTC", now));
});

Deno.test("the longest pause of a schedule is that between any two of its times", () => {
  const [hour, day] = [3_600_000, 86_400_000];
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);
  const cases: [string, number][] = [
    ["rate(7 days)", 7 * day],
    ["rate(1 hour)", hour],
    ["cron(0 10 * * ? *)", day],
    ["cron(0 10 ? * MON,WED *)", 5 * day],
    ["cron(0 10 1 * ? *)", 31 * day],
  ];
  for (const [expression, longest] of cases) {
    assert.equal(longestPause(parseSchedule(expression, undefined, now), now), longest, expression);
  }
});
