/** Asks for confirmation before an expensive first harvest. */

import { type CollectionConfig } from "../../collection/types/registry.ts";
import { dollarText, pricesWith } from "../../billing/prices.ts";
import { errorMessage, TwarcCloudError, UserError } from "../../base/errors.ts";
import type { Bucket, Context } from "../context.ts";

/** Dollars above which a person is asked, by default (`ask_above` in twarc_cloud.ini). */
const ASK_ABOVE = 10;
/** Dollars that the estimate itself may cost. */
const CHEAP = 0.05;
/** Milliseconds to wait for the estimate, which must not delay a harvest. */
const PATIENCE_MS = 5_000;

/** Facts about a harvest before its start. */
export interface Worth {
  /** Number of expected tweets, if they were counted. */
  expected?: number;
}

/**
 * Returns the facts of a collection's first harvest if it is to be started; null if the person declines. Asks if it may
 * cost more than the limit; later harvests only collect what is new. If nobody can be asked and only the maximum number
 * of posts is known, reports that and starts.
 * @throws UserError if it costs too much and nobody can be asked.
 */
export async function askCost(
  { collections, settings }: Bucket,
  collectionId: string,
  { yes }: { yes: boolean },
  context: Context,
): Promise<Worth | null> {
  if (yes) return {};
  const { config } = await collections.load(collectionId);
  const limit = settings.askAbove ?? ASK_ABOVE;
  // Ids were confirmed when they were given.
  const { planFor } = await import("../../collection/types/registry.ts");
  const { reading } = planFor(config);
  if (config.api !== "2" || reading.kind === "ids" || isBounded(config, limit)) return {};
  if (await collections.lastHarvest(collectionId)) return {};
  const { output } = context;
  const estimate = await estimateCheaply(config, {
    limit,
    isSure: reading.kind === "query",
    context,
  });
  if (!estimate) return {};
  const { dollars, posts, is_at_most: isAtMost } = estimate.result;
  const worth = isAtMost ? {} : { expected: posts };
  if (dollars <= limit) return worth;
  if (isAtMost && !output.canAsk) {
    output.note(`This harvest costs ${dollarText(dollars)} at most.`);
    return worth;
  }
  const { estimateLines } = await import("../collection_config/estimate_text.ts");
  for (const line of estimateLines(estimate.result, estimate.expected, output.columns)) {
    output.note(line);
  }
  const cost = `This harvest may cost ${dollarText(dollars)}`;
  const answer = await output.confirm(`${cost}. Start it?`);
  if (answer === null) {
    throw new UserError(cost, {
      hint:
        `Start it with --yes; limit it by "budget" in its configuration, such as {"dollars": 5, "per": "month"}; or ` +
        `raise ask_above in twarc_cloud.ini, which is ${dollarText(limit)}.`,
    });
  }
  if (answer) return worth;
  output.note("Cancelling");
  return null;
}

/** Returns whether a budget keeps each harvest below the limit. */
function isBounded({ budget, prices }: CollectionConfig, limit: number): boolean {
  if (!budget) return false;
  const { dollars = (budget.posts ?? 0) * pricesWith(prices).post } = budget;
  return dollars <= limit;
}

/** Returns the estimate, if it is almost free; null if it is unavailable. */
async function estimateCheaply(
  config: CollectionConfig,
  { limit, isSure, context }: { limit: number; isSure: boolean; context: Context },
) {
  const { estimateCost } = await import("../collection_config/estimate.ts");
  const soon = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]);
  // A mere maximum is not asked about, so the usage is not needed for comparison.
  const enough = context.output.canAsk || isSure ? limit : Infinity;
  const isWorth = (dollars: number) => Promise.resolve(dollars <= CHEAP);
  try {
    return await estimateCost(config, { isWorth, enough, isOptional: true, signal: soon }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!soon.aborted && !(error instanceof TwarcCloudError)) throw error;
    const why = soon.aborted ? "the API does not respond" : errorMessage(error);
    context.output.note(`The cost could not be estimated: ${why}.`);
    return null;
  }
}
