/** Schedules in words. */

import { toString } from "cronstrue";
import type { Schedule } from "../../runner/schedule.ts";

/**
 * Returns a schedule as a person says it: `every 7 days`; `at 10:00, only on Monday (Europe/Berlin)`. Null where there are no
 * words for it.
 */
export function scheduleText({ expression, timezone = "UTC" }: Schedule): string | null {
  const [, kind, text = ""] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === "rate") return `every ${text.replace(/^1 /, "")}`;
  if (kind !== "cron") return null;
  try {
    // It expects seconds, and has the week begin with 0 unless said.
    const words = toString(`0 ${text}`, {
      dayOfWeekStartIndexZero: false,
      use24HourTimeFormat: true,
    });
    return `${words.charAt(0).toLowerCase()}${words.slice(1)} (${timezone})`;
  } catch {
    return null;
  }
}
