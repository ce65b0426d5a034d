/** Warns of schedules with longer pauses than the API reaches back. */

import type { Reading } from "../../collection/types/rules.ts";
import { RECENT, TIMELINE_REACH, TIMELINE_REACH_WITHOUT_REPLIES } from "../../twitter/reach.ts";
import { count } from "../output.ts";

const DAY = 86_400_000;
/** Posts a day of busy accounts, such as news media. */
const BUSY = 200;

/**
 * Returns a warning for a schedule, or null if the API reaches back far enough.
 * @param pause The longest time between two harvests, in milliseconds.
 */
export function rareNote(reading: Reading, pause: number): string | null {
  if (reading.kind === "query" && reading.span.archive !== "all" && pause > RECENT) {
    return "Recent search goes back seven days only: what is older when a harvest begins is missed. Harvest more " +
      'often, such as by "rate(6 days)".';
  }
  if (reading.kind !== "timelines") return null;
  const isShort = reading.exclude.includes("replies");
  const reach = isShort ? TIMELINE_REACH_WITHOUT_REPLIES : TIMELINE_REACH;
  const perDay = Math.floor(reach / (pause / DAY));
  if (perDay >= BUSY) return null;
  const days = Math.floor(reach / BUSY);
  return `A timeline goes back ${count(reach)} posts${
    isShort ? " with replies left out" : ""
  }: of users who ` +
    `write more than ${perDay} a day, what is older when a harvest begins is missed, and recorded as a gap. Harvest ` +
    `more often, such as by "rate(${days} days)".`;
}
