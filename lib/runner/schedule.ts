/** EventBridge's schedule expressions, `rate(...)` and `cron(...)`: parsed, and their next times. */

import { Cron } from "croner";
import { messageOf, UserError } from "../errors.ts";

/** A schedule; times are UTC. */
export interface Schedule {
  /** As the person wrote it, e.g. `rate(7 days)`. */
  expression: string;
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The fields of a cron expression, with the numbers that they take. */
const FIELDS = [
  { name: "minutes", least: 0, most: 59 },
  { name: "hours", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12 },
  { name: "day of week", least: 1, most: 7 },
  { name: "year", least: 1970, most: 2199 },
] as const;

/**
 * Checks a schedule expression.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @throws UserError that says what is wrong, with an example.
 */
export function parseSchedule(expression: string): Schedule {
  const text = expression.trim();
  if (/^rate\(/.test(text)) period(text);
  else if (/^cron\(/.test(text)) pattern(text);
  else throw fault(text, "it begins with neither rate( nor cron(");
  return { expression: text };
}

/**
 * When a schedule is due next.
 * @param after Milliseconds since 1970: for a rate, when it was due last.
 * @returns Milliseconds since 1970, or null where no time is left.
 */
export function nextTime({ expression }: Schedule, after: number): number | null {
  if (expression.startsWith("rate(")) return after + period(expression);
  return pattern(expression).nextRun(new Date(after))?.getTime() ?? null;
}

/** The milliseconds of `rate(value unit)`. */
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

/** The pattern of `cron(minutes hours day-of-month month day-of-week year)`. */
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
    throw fault(text, messageOf(cause).replace(/^CronPattern: /, ""), cause);
  }
}

/** A field as croner reads it: weekdays from 0, and `a/b` as a range with a step. */
function translate(field: string, index: number, text: string): string {
  const kind = FIELDS[index];
  if (!kind) throw fault(text, "it has too many fields");
  const { name, least, most } = kind;
  if (field === "?") {
    if (name === "day of month" || name === "day of week") return "*";
    throw fault(text, `? is not for ${name}`);
  }
  const parts = field.split(",").map((part) => {
    for (const [digits] of part.split("#")[0]?.split("/")[0]?.matchAll(/\d+/g) ?? []) {
      if (Number(digits) < least || Number(digits) > most) {
        throw fault(text, `${name} goes from ${least} to ${most}`);
      }
    }
    const stepped = part.replace(/^(\d+)\/(\d+)$/, `$1-${most}/$2`);
    if (name !== "day of week") return stepped;
    const [days = "", ...rest] = stepped.split(/(?=[#/])/);
    return [days.replace(/\d+/g, (day) => `${Number(day) - 1}`), ...rest].join("");
  });
  return parts.join(",");
}

function fault(text: string, why: string, cause?: unknown): UserError {
  return new UserError(`${JSON.stringify(text)} is no schedule: ${why}`, {
    hint: 'Examples: "rate(7 days)", "rate(1 hour)", "cron(0 10 * * ? *)" for 10:00 UTC every day.',
    cause,
  });
}
