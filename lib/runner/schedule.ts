/** EventBridge's schedule expressions, `rate(...)` and `cron(...)`: parsed, and their next times. */

import { Cron } from "croner";
import { errorMessage, UserError } from "../base/errors.ts";

/** A schedule. */
export interface Schedule {
  /** As the person wrote it, e.g. `rate(7 days)`. */
  expression: string;
  /** The time zone of a cron expression, e.g. `Europe/Berlin`; UTC where there is none. */
  timezone?: string;
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The values of a field of a cron expression. */
interface Field {
  name: string;
  least: number;
  most: number;
  /** Names for its values, from the least on. */
  names?: readonly string[];
}

/** A part of a field: `*`, `5`, `1-5`, `1/5`, `1-20/5`. */
interface Span {
  from: string;
  to: string | undefined;
  step: string | undefined;
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const DAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

/** The last year that a cron expression may name. */
const LAST_YEAR = 2199;

/** The fields of a cron expression, in their order. */
const FIELDS: readonly Field[] = [
  { name: "minutes", least: 0, most: 59 },
  { name: "hours", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of week", least: 1, most: 7, names: DAYS },
  { name: "year", least: 1970, most: LAST_YEAR },
];

/**
 * Checks a schedule expression.
 * @param timezone Of its times; by default UTC.
 * @param now Milliseconds since 1970, from when on it has to be due some time.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @throws UserError with the fault, and an example.
 */
export function parseSchedule(expression: string, timezone?: string, now = 0): Schedule {
  const text = expression.trim();
  const zone = timezone === undefined ? undefined : zoneNamed(timezone);
  if (/^rate\(/.test(text)) period(text);
  else if (/^cron\(/.test(text)) pattern(text);
  else throw fault(text, "it begins with neither rate( nor cron(");
  const schedule = zone === undefined ? { expression: text } : { expression: text, timezone: zone };
  if (nextTime(schedule, now) === null) throw fault(text, "it is never due");
  return schedule;
}

/**
 * Returns when a schedule is due next. A cron expression names times of day as its zone's clocks show them, and is read as
 * EventBridge Scheduler documents it: what those clocks skip in spring is left out, and what they show twice in autumn
 * is due the first time alone. A rate counts hours that pass, whatever clocks show.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
 * @param after Milliseconds since 1970: for a rate, when it was due last.
 * @returns Milliseconds since 1970, or null where no time is left.
 */
export function nextTime({ expression, timezone }: Schedule, after: number): number | null {
  if (expression.startsWith("rate(")) return after + period(expression);
  const cron = pattern(expression);
  for (let shown: Date | null = shownAt(after, timezone); shown;) {
    shown = cron.nextRun(shown);
    if (!shown || shown.getUTCFullYear() > LAST_YEAR) return null;
    const due = firstShowing(shown, timezone);
    if (due !== null && due > after) return due;
  }
  return null;
}

/** Returns whether a schedule begins with a harvest at once: a rate does, a cron expression waits for its time. */
export function beginsAtOnce({ expression }: Schedule): boolean {
  return expression.startsWith("rate(");
}

/** Returns whether two schedules are due at the same times. */
export function isSameSchedule(one: Schedule, other: Schedule): boolean {
  const { timezone = "UTC" } = one;
  return one.expression === other.expression && timezone === (other.timezone ?? "UTC");
}

/** Returns the clock time of a zone at a time, as if it were UTC, in which no time is skipped or repeated. */
function shownAt(ms: number, timezone = "UTC"): Date {
  const there = Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO(timezone);
  return new Date(there.toPlainDateTime().toZonedDateTime("UTC").epochMilliseconds);
}

/** Returns when the clocks of a zone first show the time that `shownAt` returns; null where they skip it. */
function firstShowing(shown: Date, timezone = "UTC"): number | null {
  const time = Temporal.PlainDateTime.from(shown.toISOString().slice(0, -1));
  const there = time.toZonedDateTime(timezone, { disambiguation: "earlier" });
  return there.toPlainDateTime().equals(time) ? there.epochMilliseconds : null;
}

/** Returns a time zone of the IANA database. @throws UserError where there is none of that name. */
function zoneNamed(name: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new UserError(`There is no time zone ${JSON.stringify(name)}`, {
      hint: "Examples: Europe/Berlin, America/New_York, UTC.",
      cause,
    });
  }
}

/** Returns the milliseconds of `rate(value unit)`. */
function period(text: string): number {
  const [, digits = "", unit, plural] = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text) ?? [];
  const value = Number(digits);
  if (unit !== "minute" && unit !== "hour" && unit !== "day") {
    throw fault(text, "rate takes a number and minutes, hours or days");
  }
  if (value < 1) throw fault(text, "the number has to be 1 or more");
  if ((value === 1) !== (plural === "")) {
    throw fault(text, `write ${value} ${unit}${value === 1 ? "" : "s"}`);
  }
  return value * UNIT_MS[unit];
}

/** Returns the pattern of `cron(minutes hours day-of-month month day-of-week year)`. */
function pattern(text: string): Cron {
  const inside = /^cron\((.*)\)$/.exec(text)?.[1];
  if (inside === undefined) throw fault(text, "the closing ) is missing");
  const fields = inside.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw fault(text, `cron takes six fields and this has ${fields.length}`);
  }
  const [, , dayOfMonth, , dayOfWeek] = fields;
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw fault(text, "exactly one of day of month and day of week has to be ?");
  }
  const translated = fields.map((field, i) => translate(field, i, text));
  try {
    return new Cron(`0 ${translated.join(" ")}`, { timezone: "UTC", paused: true });
  } catch (cause) {
    throw fault(text, errorMessage(cause).replace(/^CronPattern: /, ""), cause);
  }
}

/** Returns a field as croner reads it: checked, weekdays from 0, and `a/b` as a range with a step. */
function translate(field: string, index: number, text: string): string {
  const kind = FIELDS[index];
  if (!kind) throw fault(text, "it has too many fields");
  const { name } = kind;
  if (field === "?") {
    if (name === "day of month" || name === "day of week") return "*";
    throw fault(text, `? is not for ${name}`);
  }
  const parts = field.toUpperCase().split(",");
  if (field.includes("#") && parts.length > 1) {
    throw fault(text, "a day of week with # stands alone");
  }
  return parts.map((part) => {
    const special = specialDay(part, kind);
    if (special !== null) return special;
    const [, from = "", to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (from === "" || (from === "*" && to)) {
      throw fault(text, `${JSON.stringify(part)} is not for ${name}`);
    }
    return span({ from, to, step }, kind, text);
  }).join(",");
}

/** Returns a part that only days have, as croner reads it: L, LW, 3W, 6L, FRI#2; null for any other. */
function specialDay(part: string, kind: Field): string | null {
  const { name } = kind;
  if (name === "day of month" && /^(L|LW|([1-9]|[12]\d|3[01])W)$/.test(part)) return part;
  if (name !== "day of week") return null;
  if (part === "L") return "6";
  const [, day = "", which] = /^(\w+?)(L|#[1-5])$/.exec(part) ?? [];
  const number = parseValue(day, kind);
  return number === null ? null : `${number - 1}${which}`;
}

/** Values from one to another, as croner reads them; days and months may go round, as in FRI-MON. */
function span({ from, to, step }: Span, kind: Field, text: string): string {
  const { name, least, most } = kind;
  const first = from === "*" ? least : parseValue(from, kind);
  const last = to === undefined
    ? (from === "*" || step !== undefined ? most : first)
    : parseValue(to, kind);
  if (first === null || last === null) {
    throw fault(text, `${name} goes from ${least} to ${most}`);
  }
  if (step === undefined && from === "*") return "*";
  const by = Number(step ?? 1);
  if (by < 1) throw fault(text, "a step has to be 1 or more");
  const size = most - least + 1;
  if (last < first && name === "year") throw fault(text, `${from} is after ${to}`);
  const values: number[] = [];
  for (let n = first; n <= (last < first ? last + size : last); n += by) {
    values.push((n - least) % size + least - (name === "day of week" ? 1 : 0));
  }
  return values.join(",");
}

/** Returns a value of a field, a number or a name; null where it is invalid. */
function parseValue(text: string, { least, most, names = [] }: Field): number | null {
  if (names.includes(text)) return names.indexOf(text) + least;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : null;
}

function fault(text: string, why: string, cause?: unknown): UserError {
  return new UserError(`${JSON.stringify(text)} is not a valid schedule: ${why}`, {
    hint: 'Examples: "rate(7 days)", "rate(1 hour)", "cron(0 10 * * ? *)" for 10:00 UTC every day.',
    cause,
  });
}

/** Times of a schedule that are checked for its longest pause: more than a year of a weekly one. */
const LOOKED_AT = 60;

/** Returns the longest of the pauses that come next between two times of a schedule, in milliseconds. @param now In milliseconds since 1970. */
export function longestPause(schedule: Schedule, now: number): number {
  let [longest, before] = [0, now];
  for (let i = 0; i < LOOKED_AT; i++) {
    const next = nextTime(schedule, before);
    if (next === null) break;
    longest = Math.max(longest, next - before);
    before = next;
  }
  return longest;
}
