/**
 * Records the origin of a harvest in harvest.json, so that its files can be understood without the configuration of
 * that time.
 */

import { z } from "zod";
import { VERSION } from "../base/version.ts";
import type { Reading } from "./types/rules.ts";
import { type CollectionConfig, planFor } from "./types/registry.ts";

/** The version of a bucket's layout. */
export const BUCKET_FORMAT = 1;
/** Maximum characters of the request, which every commit carries. */
const MOST = 2_048;

/** The origin of a harvest. */
export const madeSchema = z.object({
  program: z.string(),
  bucket_format: z.number(),
  /** The API, and its version. */
  api: z.string(),
  /** The request: a query, a stream's filter, or the number of users or ids. */
  asked: z.record(z.string(), z.unknown()),
});
/** The origin of a harvest. */
export type Made = z.infer<typeof madeSchema>;

/** Returns the origin of a configuration's harvests. */
export function madeFrom(config: CollectionConfig): Made {
  const asked = requestFor(planFor(config).reading);
  const isShort = JSON.stringify(asked).length <= MOST;
  return {
    program: `twarc-cloud ${VERSION}`,
    bucket_format: BUCKET_FORMAT,
    api: `X ${config.api ?? "1.1"}`,
    asked: isShort ? asked : { see: "collection.json" },
  };
}

function requestFor(reading: Reading): Record<string, unknown> {
  switch (reading.kind) {
    case "timelines":
      return { users: Object.keys(reading.users).length };
    case "query": {
      const { query, sinceId, span } = reading;
      return { query, ...(sinceId === undefined ? {} : { since_id: sinceId }), ...span };
    }
    case "stream":
      return { ...reading.filter };
    case "ids":
      return { ids: reading.count };
  }
}
