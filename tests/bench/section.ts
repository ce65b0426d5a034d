/** A part of the report. */

import type { Bars } from "./chart.ts";

/** A part of the report, and what the chart shows of it. */
export interface Section {
  title: string;
  text: string;
  bars?: Bars;
  /** What is beyond its goal. */
  missed?: string[];
}

/** Says on standard error how far a part is. */
export function progress(text: string): void {
  // deno-lint-ignore no-console
  console.error(text);
}
