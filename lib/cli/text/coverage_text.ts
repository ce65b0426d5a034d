/** Formats the coverage of a collection for a person. */

import type { CoverageState, Covered } from "../../archive/coverage.ts";
import type { Span } from "../../base/spans.ts";

const DAY_MS = 86_400_000;
/** The sign of each state in a calendar, by precedence. */
const SIGNS: readonly [CoverageState, string][] = [
  ["missed", "!"],
  ["beyond reach", "x"],
  ["silent on purpose", "."],
  ["not asked for yet", "?"],
  ["harvested", "#"],
];

/** Returns the spans, a line each. */
export function coverageLines(spans: Covered[]): string[] {
  const width = Math.max(...SIGNS.map(([state]) => state.length));
  return spans.map(({ from, to, state, why, by, note }) => {
    const more = [why, by && `by ${by}`, note].filter((part) => part !== undefined && part !== "");
    return `${from}  ${to}  ${state.padEnd(width)}  ${more.join("; ")}`.trimEnd();
  });
}

/**
 * Returns a line a month with a sign a day, for the state with the highest precedence.
 * @param since The first day, in milliseconds since 1970: a timeline goes back to before the collection.
 */
export function calendarLines(spans: Covered[], since: number): string[] {
  const last = spans.at(-1);
  if (!last) return [];
  const lines: string[] = [];
  const times = spans.map(({ from, to, state }) => {
    return { from: Date.parse(from), to: Date.parse(to), state };
  });
  const end = Date.parse(last.to);
  const first = Math.max(since, times[0]?.from ?? end);
  let month = "";
  let at = Math.floor(first / DAY_MS) * DAY_MS;
  for (; at < end; at += DAY_MS) {
    const [name, day] = [new Date(at).toISOString().slice(0, 7), new Date(at).getUTCDate()];
    if (name !== month) lines.push(`${month = name}  ${" ".repeat(day - 1)}`);
    lines[lines.length - 1] += symbolFor(times, at);
  }
  return [...lines, SIGNS.toReversed().map(([state, sign]) => `${sign} ${state}`).join(", ")];
}

function symbolFor(times: (Span & Pick<Covered, "state">)[], day: number): string {
  const states = new Set(
    times.filter(({ from, to }) => from < day + DAY_MS && day < to).map(({ state }) => state),
  );
  return SIGNS.find(([state]) => states.has(state))?.[1] ?? " ";
}
