/** X's prices for reading, with the day they are from, and sums in words. */

import type { Budget } from "./budget.ts";

/** Prices in dollars, with their source. */
export interface Prices {
  date: string;
  source: string;
  post: number;
  user: number;
  counts_recent: number;
  counts_all: number;
}

/** X's pay-per-use prices, as of `date`. */
export const PRICES: Prices = {
  date: "2026-08-22",
  source: "https://docs.x.com/x-api/getting-started/pricing",
  post: 0.005,
  user: 0.01,
  counts_recent: 0.005,
  counts_all: 0.01,
};

/** Dollars that a command may spend without confirmation. */
export const CHEAP = 0.5;

/** Prices that replace ours. */
export type OwnPrices = { [Name in keyof Prices]?: Prices[Name] | undefined };

/** Returns our prices with a person's own in their place. */
export function pricesWith(own: OwnPrices | undefined): Prices {
  if (!own) return PRICES;
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return {
    ...PRICES,
    date: "undated",
    source: "your own prices",
    ...Object.fromEntries(given),
  };
}

/** Numbers of billed reads. */
export interface Reads {
  posts?: number;
  users?: number;
  /** Calls of the counts of the last seven days. */
  recentCounts?: number;
  archiveCounts?: number;
}

/** Returns the price of reads in dollars, without the noise of binary fractions. */
export function dollarsFor(reads: Reads, prices: Prices): number {
  const { posts = 0, users = 0, recentCounts = 0, archiveCounts = 0 } = reads;
  return roundDollars(
    posts * prices.post + users * prices.user + recentCounts * prices.counts_recent +
      archiveCounts * prices.counts_all,
  );
}

/** Rounds dollars to the millionth. */
export function roundDollars(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}

/** Formats dollars for a person: `5.00 dollars`, and small sums exactly: `0.005 dollars`. */
export function dollarText(dollars: number): string {
  const isExact = roundDollars(dollars * 100) % 1 === 0;
  const text = dollars.toLocaleString("en-US", {
    minimumFractionDigits: 2,
    maximumFractionDigits: isExact || dollars >= 1 ? 2 : 4,
  });
  return `${text} dollars`;
}

/** Formats a budget: `5.00 dollars a month`, `1,000 posts a harvest`. */
export function budgetText({ posts, dollars = 0, per }: Budget): string {
  const amount = posts === undefined
    ? dollarText(dollars)
    : `${posts.toLocaleString("en-US")} posts`;
  return `${amount} a ${per}`;
}

/** Returns the month of a time (milliseconds since 1970), in UTC: `2026-11`. */
export function formatMonth(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7);
}

/** Returns the first day after the month of a time, in UTC: `2026-12-01`. */
export function nextMonth(ms: number): string {
  const day = new Date(ms);
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1)).toISOString().slice(0, 10);
}
