/** Reports the monthly usage of the project of a collection's keys, and a harvest's bill. */

import type { Billed } from "../../collection/harvest_info.ts";
import { dollarText } from "../../billing/prices.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Settings } from "../../base/settings.ts";
import type { Usage } from "../../twitter/v2/bill.ts";
import type { Context } from "../context.ts";
import { count, many } from "../output.ts";

/** Milliseconds to wait for a response. */
const PATIENCE_MS = 5_000;

/** The usage, with the day on which it resets. */
export interface ToldUsage {
  used: number;
  cap: number;
  /** `2026-12-16` */
  begins_anew?: string;
}

/** Requests the usage with the configuration's own keys; null for version 1.1, and if it is unavailable. */
export async function requestUsage(
  config: JsonObject,
  { clock, env, settings }: Pick<Context, "clock" | "env"> & { settings: Settings },
): Promise<ToldUsage | null> {
  if (config.api !== "2") return null;
  const { draftKeys } = await import("../../collection/config.ts");
  const { paidApiWith } = await import("../api.ts");
  try {
    const api = await paidApiWith(draftKeys(config), { clock, env, settings });
    const usage = await api.bill.usage(AbortSignal.timeout(PATIENCE_MS));
    return usage ? await withResetDate(usage, clock.now()) : null;
  } catch {
    // The usage is optional.
    return null;
  }
}

/** Returns the usage with a date for the day of the month. @param now In milliseconds since 1970. */
export async function withResetDate(
  { used, cap, resetDay }: Usage,
  now: number,
): Promise<ToldUsage> {
  const { nextReset } = await import("../../twitter/v2/bill.ts");
  return {
    used,
    cap,
    ...(resetDay === undefined ? {} : { begins_anew: nextReset(resetDay, now) }),
  };
}

/** Formats the usage: `1,234 of 3,000,000 posts of this month (0.04%); it resets on 2026-12-16` */
export function usageText({ used, cap, begins_anew }: ToldUsage): string {
  const anew = begins_anew ? `; it resets on ${begins_anew}` : "";
  return `${count(used)} of ${count(cap)} posts of this month (${percent(used, cap)})${anew}`;
}

/** Formats a bill: `1,200 posts and 3 users, about 6.03 dollars` */
export function billedText({ posts, users, dollars }: Billed): string {
  return `${many(posts, "post")} and ${many(users, "user")}, about ${dollarText(dollars)}`;
}

/** Formats a share: `0.04%` */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "100%";
  const share = 100 * part / whole;
  return `${share.toLocaleString("en-US", { maximumFractionDigits: share < 1 ? 2 : 1 })}%`;
}
