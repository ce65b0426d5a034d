/** The API in the paid version: the cost of reading, and batch compliance, besides the methods of every version. */

import type { TwitterApi } from "./api.ts";
import type { Bill } from "./v2/bill.ts";
import type { ComplianceJobs } from "./v2/compliance.ts";

/** Version 2. */
export interface PaidApi extends TwitterApi {
  /** The cost of reading. */
  readonly bill: Bill;
  /** Batch compliance jobs. */
  readonly compliance: ComplianceJobs;
}

/** Returns whether an API is a paid one. */
export function isPaid(api: TwitterApi): api is PaidApi {
  return "bill" in api && "compliance" in api;
}
