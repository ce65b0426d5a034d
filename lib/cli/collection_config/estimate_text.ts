/** Formats an estimate of a collection's cost, for programs and for people. */

import type { CollectionConfig } from "../../collection/types/registry.ts";
import { budgetText, dollarText, type Prices } from "../../billing/prices.ts";
import { chart } from "../text/chart.ts";
import type { Expected } from "../../estimate/reads.ts";
import { count, many } from "../output.ts";
import { percent, type ToldUsage, usageText } from "../text/usage.ts";

/** Days of a month. */
export const MONTH_DAYS = 30;
/** Minutes of a rate limit's window. */
export const WINDOW_MINUTES = 15;

/** An estimate as `--json` prints it. A stream's numbers are per day. */
export interface Estimate {
  collection_id: string;
  type: string;
  per: "harvest" | "day";
  posts: number;
  users: number;
  dollars: number;
  /** Whether there may be far fewer. */
  is_at_most: boolean;
  /** Whether there may be more. */
  is_at_least: boolean;
  /** For a stream. */
  dollars_per_month?: number;
  /** Share of the project's monthly cap. */
  share_of_cap: number | null;
  usage: ToldUsage | null;
  requests: number;
  /** At the rate limit; 0 for a stream. */
  days_at_rate_limit: number;
  budget: CollectionConfig["budget"] | null;
  prices: Prices;
  /** The cost of the estimate itself. */
  asked: { counts: number; users: number; dollars: number };
  notes: string[];
  counts: { from: string; to: string; posts: number }[];
}

/** Returns the lines of an estimate for a terminal of this width. */
export function estimateLines(
  result: Estimate,
  expected: Expected,
  columns: number,
): string[] {
  const { prices, usage, asked, per, posts, users, budget } = result;
  const each = per === "day" ? " a day" : "";
  const about = (isAtMost: boolean) =>
    result.is_at_least ? "at least" : isAtMost ? "at most" : "about";
  const month = result.dollars_per_month === undefined
    ? ""
    : `, ${dollarText(result.dollars_per_month)} in ${MONTH_DAYS} days`;
  const rows: [string, string][] = [
    ["Posts", `${about(expected.isAtMost)} ${count(posts)}${each}`],
    ...(users > 0
      ? [["Users looked up", `at most ${count(users)}`] satisfies [string, string]]
      : []),
    ["Cost", `${about(result.is_at_most)} ${dollarText(result.dollars)}${each}${month}`],
    ["Monthly cap", capText(result)],
    ["Used so far", usage ? usageText(usage) : "the API does not show it to these keys"],
    ...(per === "day" ? [] : [["Time", timeText(result)] satisfies [string, string]]),
    ...(budget ? [["Budget", budgetText(budget)] satisfies [string, string]] : []),
    ["This estimate", `${dollarText(asked.dollars)} (${askedText(asked)})`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${result.collection_id} (${result.type}), by the prices of ${prices.date}: ${prices.source}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    ...result.notes.map((note) => `  ${note}`),
    ...(expected.spans.length > 0 ? ["", ...chart(expected.spans, columns)] : []),
  ];
}

function capText({ share_of_cap: share, usage, per }: Estimate): string {
  if (share === null || !usage) return "not known";
  const of = `${percent(share, 1)} of ${count(usage.cap)} posts a month`;
  return per === "day" ? `${of}, in ${MONTH_DAYS} days` : of;
}

function timeText({ requests, days_at_rate_limit: days }: Estimate): string {
  const minutes = days * 1_440;
  const time = minutes < WINDOW_MINUTES
    ? `less than ${WINDOW_MINUTES} minutes`
    : days < 2
    ? `${(days * 24).toFixed(1)} hours`
    : `${days.toFixed(1)} days`;
  return `${time} at the rate limit (${many(requests, "request")})`;
}

function askedText({ counts, users }: Estimate["asked"]): string {
  const parts = [
    ...(counts > 0 ? [`${count(counts)} ${counts === 1 ? "count" : "counts"}`] : []),
    ...(users > 0 ? [`${count(users)} ${users === 1 ? "user" : "users"} read`] : []),
  ];
  return parts.join(", ") || "nothing was requested";
}
