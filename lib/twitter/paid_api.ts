/** The API in the version that is paid: what reading costs, and batch compliance, besides what every version has. */

import type { TwitterApi } from "./api.ts";
import type { Bill } from "./v2/bill.ts";
import type { ComplianceJobs } from "./v2/compliance.ts";

/** Version 2. */
export interface PaidApi extends TwitterApi {
  /** What reading costs. */
  readonly bill: Bill;
  /** Batch compliance jobs. */
  readonly compliance: ComplianceJobs;
}

/** Returns whether an API is one that is paid. */
export function isPaid(api: TwitterApi): api is PaidApi {
  return "bill" in api && "compliance" in api;
}
