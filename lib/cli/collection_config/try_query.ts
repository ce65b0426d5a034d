/** Tries a search's query at the API before the collection is added, or its query changed. */

import { planFor } from "../../collection/types/registry.ts";
import { checkConfig } from "../../collection/config.ts";
import { ApiError, errorMessage, TwarcCloudError, UserError } from "../../base/errors.ts";
import { isObject, type Json, type JsonObject } from "../../base/json.ts";
import { paidApiWith } from "../api.ts";
import { type Context, settingsFor } from "../context.ts";

/** Milliseconds to wait for the response. */
const PATIENCE_MS = 5_000;
/** What to look at where the place of a fault is unknown. */
const LOOK =
  "Look at its operators (name:value), at what is in quotation marks and in ( ), and at the terms on each side of OR.";

/** Returns whether a change of a configuration has another query. */
export function changesQuery({ search }: JsonObject): boolean {
  return isObject(search) && typeof search.query === "string";
}

/**
 * Requests one count of a search's posts from version 2, which costs half a cent: no other call validates a query. If
 * it cannot be tried, that is reported, and the first harvest will show.
 * @param then What is done with it: a new collection is added, another one is updated.
 * @throws UserError if the API rejects the query.
 */
export async function tryQuery(
  json: Json,
  then: "add" | "update",
  context: Context,
): Promise<void> {
  const { clock, output, signal } = context;
  const isNew = then === "add";
  const config = checkConfig(json, { typedAt: clock.now(), unknown: "refused", isNew });
  const { reading } = planFor(config);
  if (reading.kind !== "query" || config.api !== "2") return;
  const { query } = reading;
  const settings = await settingsFor(context, {});
  const soon = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const { keys = {}, words } = config;
    const { bill } = await paidApiWith({ keys, words }, { ...context, settings });
    await bill.once.count(query, { granularity: "day" }, soon);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && error.status === 400) {
      throw new UserError(`The API rejects the query: ${error.message}`, {
        cause: error,
        hint: `${
          error.hint ?? LOOK
        } Change "query", and ${then} it again; --no-check ${then}s it as it is.`,
      });
    }
    const why = soon.aborted ? "the API does not respond" : errorMessage(error);
    if (!soon.aborted && !(error instanceof TwarcCloudError)) throw error;
    output.note(`The query could not be tried: ${why}.`);
  }
}
