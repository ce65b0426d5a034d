/** How a harvest ended: what stopped it, what failed, or that nothing is left to do. */

import { traitsFor } from "../collection/types/traits.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import { messageOf, TwarcCloudError } from "../base/errors.ts";
import { limitReason, STOP_REQUESTED } from "../collection/harvest_info.ts";
import type { Ending } from "./recorder.ts";

/** What a harvest came to. */
export interface Ended {
  config: CollectionConfig;
  /** What failed. */
  failure: unknown;
  /** What asked for a stop; absent where nothing did. */
  stoppedBy: "stop" | "signal" | undefined;
  /** How many tweets it brought. */
  tweets: number;
  /** Why something was not read that costs money. */
  refusal: string | null | undefined;
  /** Whether nothing is left to do of what was begun. */
  isWhole: boolean;
}

/** Returns how a harvest ended, as its checkpoint says it. */
export function endingOf(ended: Ended): Ending {
  const { config, failure, stoppedBy, refusal, isWhole, tweets } = ended;
  if (failure) {
    const known = failure instanceof TwarcCloudError ? { exit_code: failure.exitCode } : {};
    return { outcome: "failed", reason: messageOf(failure), ended_by: "fault", ...known };
  }
  if (stoppedBy) return { outcome: "stopped", reason: STOP_REQUESTED, ended_by: stoppedBy };
  if (refusal) return { outcome: "stopped", reason: refusal, ended_by: "budget" };
  const most = planFor(config).maxRecords;
  const ended_by = tweets >= (most ?? Infinity) ? "max_records" : "done";
  if (!isWhole) {
    return { outcome: "stopped", reason: "The next harvest goes on from here", ended_by };
  }
  // A stream has no other end of its own.
  if (traitsFor(config.type).endsByItself || most === undefined) {
    return { outcome: "complete", ended_by };
  }
  return { outcome: "complete", reason: limitReason(most), ended_by: "max_records" };
}
