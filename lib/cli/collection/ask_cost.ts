/** Asks before a first harvest that costs much. */

import { type CollectionConfig } from "../../collection/types/registry.ts";
import { dollarText, pricesWith } from "../../billing/prices.ts";
import { messageOf, TwarcCloudError, UserError } from "../../base/errors.ts";
import type { Bucket, Context } from "../context.ts";

/** Dollars above which a person is asked, where `ask_above` in twarc_cloud.ini says nothing else. */
const ASK_ABOVE = 10;
/** Dollars that the question itself may cost. */
const CHEAP = 0.05;
/** Milliseconds that an estimate may take: a harvest does not wait for it any longer. */
const PATIENCE_MS = 5_000;

/** What is known of a harvest that is to be started. */
export interface Worth {
  /** Tweets that it brings, where these were counted. */
  expected?: number;
}

/**
 * Returns what is known of a collection's first harvest where it is to be started, whatever it costs; null where the person
 * does not want that. One that may cost more than the limit is asked about. Later ones bring only what is new. Where nobody can be asked, and no more is known than how many posts there
 * can be at most, that is said, and it starts.
 * @throws UserError where it costs too much, and nobody can be asked.
 */
export async function worthOf(
  { collections, settings }: Bucket,
  collectionId: string,
  { yes }: { yes: boolean },
  context: Context,
): Promise<Worth | null> {
  if (yes) return {};
  const { config } = await collections.load(collectionId);
  const limit = settings.askAbove ?? ASK_ABOVE;
  // Ids were asked about when they were given.
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

/** The estimate, as far as it costs next to nothing; null where it cannot be had. */
async function estimateCheaply(
  config: CollectionConfig,
  { limit, isSure, context }: { limit: number; isSure: boolean; context: Context },
) {
  const { estimateOf } = await import("../collection_config/estimate.ts");
  const soon = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]);
  // Nobody is asked about a mere bound, so that it need not be put into proportion.
  const enough = context.output.canAsk || isSure ? limit : Infinity;
  const isWorth = (dollars: number) => Promise.resolve(dollars <= CHEAP);
  try {
    return await estimateOf(config, { isWorth, enough, isOptional: true, signal: soon }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!soon.aborted && !(error instanceof TwarcCloudError)) throw error;
    const why = soon.aborted ? "the API does not answer" : messageOf(error);
    context.output.note(`What it costs could not be estimated: ${why}.`);
    return null;
  }
}
