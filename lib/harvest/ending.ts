/** The outcome of a harvest: stopped, failed, or complete. */

import { traitsFor } from "../collection/types/traits.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import { errorMessage, TwarcCloudError } from "../base/errors.ts";
import { limitReason, STOP_REQUESTED } from "../collection/end_reasons.ts";
import type { Ending } from "./recorder.ts";

/** The end of a harvest. */
export interface Ended {
  config: CollectionConfig;
  /** The error that ended it. */
  failure: unknown;
  /** The source of a stop request; absent without one. */
  stoppedBy: "stop" | "signal" | undefined;
  /** How many tweets it collected. */
  tweets: number;
  /** Why something that costs money was not read. */
  refusal: string | null | undefined;
  /** Whether all that was begun is done. */
  isWhole: boolean;
}

/** Returns the outcome of a harvest, for its checkpoint. */
export function toEnding(ended: Ended): Ending {
  const { config, failure, stoppedBy, refusal, isWhole, tweets } = ended;
  if (failure) {
    const known = failure instanceof TwarcCloudError ? { exit_code: failure.exitCode } : {};
    return { outcome: "failed", reason: errorMessage(failure), ended_by: "fault", ...known };
  }
  if (stoppedBy) return { outcome: "stopped", reason: STOP_REQUESTED, ended_by: stoppedBy };
  if (refusal) return { outcome: "stopped", reason: refusal, ended_by: "budget" };
  const most = planFor(config).maxRecords;
  const ended_by = tweets >= (most ?? Infinity) ? "max_records" : "done";
  if (!isWhole) {
    return { outcome: "stopped", reason: "The next harvest goes on from here", ended_by };
  }
  // A stream does not end by itself otherwise.
  if (traitsFor(config.type).endsByItself || most === undefined) {
    return { outcome: "complete", ended_by };
  }
  return { outcome: "complete", reason: limitReason(most), ended_by: "max_records" };
}
