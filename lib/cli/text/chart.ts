/** Draws numbers over time as a chart of plain characters. */

import { chunks } from "../../base/chunks.ts";
import { count } from "../output.ts";

const DAY = 86_400_000;
const MAX_ROWS = 31;
/** Maximum columns of a bar. */
const WIDTH = 40;
/** Columns of a usual terminal. */
const USUAL = 80;

/** A number in a span; times in milliseconds since 1970. */
export interface Bar {
  from: number;
  to: number;
  posts: number;
}

/**
 * Returns one row a span, oldest first; many spans are combined.
 * @param columns Of the terminal: bars are shorter if it is narrow.
 */
export function chart(bars: Bar[], columns = USUAL): string[] {
  const size = Math.ceil(bars.length / MAX_ROWS);
  const rows: Bar[] = [];
  for (const [first, ...others] of chunks(bars, size)) {
    if (!first) continue;
    const posts = others.reduce((sum, bar) => sum + bar.posts, first.posts);
    rows.push({ from: first.from, to: others.at(-1)?.to ?? first.to, posts });
  }
  const most = rows.reduce((most, { posts }) => Math.max(most, posts), 1);
  const digits = count(most).length;
  const isByDay = rows.some(({ from, to }) => to - from >= DAY);
  const labels = isByDay ? "2026-01-31".length : "2026-01-31 20:00".length;
  const width = Math.max(1, Math.min(WIDTH, columns - labels - digits - 4));
  return rows.map(({ from, posts }) => {
    const at = new Date(from).toISOString();
    const label = isByDay ? at.slice(0, 10) : `${at.slice(0, 10)} ${at.slice(11, 16)}`;
    const length = posts === 0 ? 0 : Math.max(1, Math.round(posts * width / most));
    return `${label}  ${count(posts).padStart(digits)}  ${"#".repeat(length)}`.trimEnd();
  });
}
