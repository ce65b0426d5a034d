/** Runs `twarc-cloud collection-config estimate`: estimates a collection's cost before it is created. */

import { type CollectionConfig, planFor } from "../../collection/types/registry.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { checkConfig, withoutKeys } from "../../collection/config.ts";
import { readWrittenText, unreadable } from "../../base/written_text.ts";
import { queryNotes } from "../../collection/typed.ts";
import { pricesSchema } from "../../billing/budget.ts";
import {
  CHEAP,
  dollarsFor,
  dollarText,
  type OwnPrices,
  type Prices,
  pricesWith,
} from "../../billing/prices.ts";
import { isoTime } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { type Json, parseAs } from "../../base/json.ts";
import { searchQueries } from "../../twitter/rules.ts";
import { paidApiWith } from "../api.ts";
import { type Context, settingsFor } from "../context.ts";
import {
  type Asking,
  type Expected,
  expectedSearch,
  expectedStream,
  expectedTimelines,
  expectedTweets,
} from "../../estimate/reads.ts";
import { capital, many } from "../output.ts";
import { type Estimate, estimateLines, MONTH_DAYS, WINDOW_MINUTES } from "./estimate_text.ts";
import { type ToldUsage, withResetDate } from "../text/usage.ts";

/** Number of days over which a stream's posts are counted. */
const COUNTED_DAYS = 7;
/** Milliseconds to wait for the usage. */
const PATIENCE_MS = 10_000;
/** Requests per 15 minutes of the app: https://docs.x.com/x-api/fundamentals/rate-limits */
const WINDOWS = { timeline: 10_000, recent: 450, all: 300, ids: 3_500 };

/** Milliseconds until the first progress line, and between two of them. */
const [FIRST_TOLD_MS, TOLD_EVERY_MS] = [2_000, 10_000];

/** Options of the estimate. */
export interface EstimateFlags {
  /** A file with prices that replace ours. */
  prices?: string | undefined;
  /** Whether to skip the confirmation of the estimate's own cost. */
  yes: boolean;
  json?: true | undefined;
}

/**
 * Estimates the cost of a configuration, and prints it.
 * @throws UserError for an invalid configuration; what the API throws.
 */
export async function estimate(
  json: Json,
  { prices: pricesPath, yes, json: asJson }: EstimateFlags,
  context: Context,
): Promise<void> {
  const { output, clock, signal } = context;
  const config = checkConfig(json, { typedAt: clock.now() });
  for (const note of queryNotes(withoutKeys(config))) output.note(note);
  if (config.api !== "2") {
    const says =
      `${config.id} is a collection of version 1.1 of the API, which costs nothing by the post`;
    return asJson ? output.json(null) : output.line(`${says}.`);
  }
  const own = pricesPath ? await readPrices(pricesPath) : undefined;
  const isWorth = (dollars: number, what: string) => confirmCost(dollars, what, { yes, context });
  const { result, expected } = await estimateCost(config, { own, isWorth, signal }, context);
  if (asJson) return output.json(result);
  for (const line of estimateLines(result, expected, output.columns)) output.line(line);
}

/** Dependencies of an estimate. */
export interface Estimating {
  /** Prices that replace ours. */
  own?: OwnPrices | undefined;
  /** Asks whether to go on at this cost of the estimate. */
  isWorth: (dollars: number, what: string) => Promise<boolean>;
  /** Dollars up to which the project's usage is not needed. */
  enough?: number;
  /** Whether the result is optional, so that failures are not retried. */
  isOptional?: boolean;
  signal: AbortSignal;
}

/**
 * Estimates the cost of a collection of version 2.
 * @throws UserError if nothing may be counted; what the API throws.
 */
export async function estimateCost(
  config: CollectionConfig,
  { own, isWorth, enough = -1, isOptional = false, signal }: Estimating,
  context: Context,
): Promise<{ result: Estimate; expected: Expected }> {
  const { clock } = context;
  const settings = await settingsFor(context, {});
  const { keys = {}, words } = config;
  const api = await paidApiWith({ keys, words }, { ...context, settings });
  const bill = isOptional ? api.bill.once : api.bill;
  const prices = pricesWith(own ?? config.prices);
  const onCall = requestsTold(context);
  const asking: Asking = { bill, now: clock.now(), prices, cheap: CHEAP, isWorth, onCall, signal };
  const expected = await expectedFor(config, asking);
  const withoutUsage = makeEstimate(config, expected, { prices, usage: null });
  if (withoutUsage.dollars <= enough) return { result: withoutUsage, expected };
  const found = await bill.usage(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]))
    .catch(() => null);
  signal.throwIfAborted();
  const usage = found && await withResetDate(found, clock.now());
  return { result: makeEstimate(config, expected, { prices, usage }), expected };
}

/** Returns a callback that reports the number of requests now and then, once that takes long. */
function requestsTold({ output }: Context): () => void {
  let requests = 0;
  let next = performance.now() + FIRST_TOLD_MS;
  return () => {
    requests++;
    if (performance.now() < next) return;
    next = performance.now() + TOLD_EVERY_MS;
    output.note(`Counting: ${many(requests, "request")} so far`);
  };
}

async function expectedFor(config: CollectionConfig, asking: Asking): Promise<Expected> {
  const { reading, maxRecords } = planFor(config);
  switch (reading.kind) {
    case "timelines":
      return await expectedTimelines(reading, config, asking);
    case "query":
      return await expectedSearch(reading, { ...config, maxRecords }, asking) ?? tooDear();
    case "stream": {
      const { queries, tooLong } = searchQueries(reading.filter);
      const expected = await expectedStream(queries, asking) ?? tooDear();
      const notes = tooLong.map((rule) => `Too long for counts, and left out: ${rule}`);
      return { ...expected, notes: [...expected.notes, ...notes] };
    }
    case "ids":
      return expectedTweets(reading);
  }
}

function tooDear(): never {
  throw new UserError("Nothing can be estimated without counting", {
    hint: "Continue with --yes, or narrow the search with start_time.",
  });
}

/** Returns whether to go on: at once if it is cheap, or else if the person confirms. */
async function confirmCost(
  dollars: number,
  what: string,
  { yes, context: { output } }: { yes: boolean; context: Context },
): Promise<boolean> {
  if (yes || dollars <= CHEAP) return true;
  const price = `${capital(what)} costs ${dollarText(dollars)}`;
  const answer = await output.confirm(`${price}. Do it?`);
  if (answer === null) output.note(`${price}. Skipped: pass --yes to include it.`);
  return answer ?? false;
}

function makeEstimate(
  config: CollectionConfig,
  expected: Expected,
  { prices, usage }: { prices: Prices; usage: ToldUsage | null },
): Estimate {
  const isStream = !traitsFor(config.type).endsByItself;
  const posts = isStream ? Math.round(expected.posts / COUNTED_DAYS) : expected.posts;
  const { users, requests, asked } = expected;
  const dollars = dollarsFor({ posts, users }, prices);
  const perMonth = isStream ? posts * MONTH_DAYS : posts;
  return {
    collection_id: config.id,
    type: config.type,
    per: isStream ? "day" : "harvest",
    posts,
    users,
    dollars,
    is_at_most: expected.isAtMost || users > 0,
    is_at_least: expected.isAtLeast,
    ...(isStream ? { dollars_per_month: dollarsFor({ posts: perMonth }, prices) } : {}),
    share_of_cap: usage ? perMonth / usage.cap : null,
    usage,
    requests,
    days_at_rate_limit: requests / requestsPerWindow(config) * WINDOW_MINUTES / 1_440,
    budget: config.budget ?? null,
    prices,
    asked: {
      counts: (asked.recentCounts ?? 0) + (asked.archiveCounts ?? 0),
      users: asked.users ?? 0,
      dollars: dollarsFor(asked, prices),
    },
    notes: expected.notes,
    counts: expected.spans.map(({ from, to, posts }) => ({
      from: isoTime(from),
      to: isoTime(to),
      posts,
    })),
  };
}

/** Returns the requests that a window allows. */
function requestsPerWindow(config: CollectionConfig): number {
  const { reading } = planFor(config);
  if (reading.kind === "ids") return WINDOWS.ids;
  if (reading.kind !== "query") return WINDOWS.timeline;
  return WINDOWS[reading.span.archive ?? "recent"];
}

async function readPrices(path: string): Promise<OwnPrices> {
  let text: string;
  try {
    text = await readWrittenText(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return parseAs(pricesSchema, text, path);
}
