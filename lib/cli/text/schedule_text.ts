/** Formats schedules in words. */

import { toString } from "cronstrue";
import type { Schedule } from "../../runner/schedule.ts";

/** Formats a schedule: `every 7 days`; `at 10:00, only on Monday (Europe/Berlin)`. Null if it cannot be expressed. */
export function scheduleText({ expression, timezone = "UTC" }: Schedule): string | null {
  const [, kind, text = ""] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === "rate") return `every ${text.replace(/^1 /, "")}`;
  if (kind !== "cron") return null;
  try {
    // It expects seconds, and numbers weekdays from 0 by default.
    const words = toString(`0 ${text}`, {
      dayOfWeekStartIndexZero: false,
      use24HourTimeFormat: true,
    });
    return `${words.charAt(0).toLowerCase()}${words.slice(1)} (${timezone})`;
  } catch {
    return null;
  }
}
