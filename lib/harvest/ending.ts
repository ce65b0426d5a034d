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
  /** Whether a stop was requested. */
  isStopped: boolean;
  /** Why something was not read that costs money. */
  refusal: string | null | undefined;
  /** Whether nothing is left to do of what was begun. */
  isWhole: boolean;
}

/** Returns how a harvest ended, as its checkpoint says it. */
export function endingOf({ config, failure, isStopped, refusal, isWhole }: Ended): Ending {
  if (failure) {
    const known = failure instanceof TwarcCloudError ? { exit_code: failure.exitCode } : {};
    return { outcome: "failed", reason: messageOf(failure), ...known };
  }
  if (isStopped) return { outcome: "stopped", reason: STOP_REQUESTED };
  if (refusal) return { outcome: "stopped", reason: refusal };
  if (!isWhole) return { outcome: "stopped", reason: "The next harvest goes on from here" };
  // A stream has no other end of its own.
  const most = traitsFor(config.type).endsByItself ? undefined : planFor(config).maxRecords;
  return { outcome: "complete", ...(most === undefined ? {} : { reason: limitReason(most) }) };
}
