/** Streams that ended at `max_records`, counted from a stream's start to its stop. */

import { traitsFor } from "../collection/types/traits.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import { z } from "zod";
import { UserError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import { parseDocument } from "./documents.ts";
import { jsonObject } from "../base/json_object.ts";
import { lastWord } from "../base/visible.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import { STREAM_WALK } from "../collection/walks.ts";

/** The position of a stream that ended by itself: one that a person stopped counts anew. */
const endedSchema = z.looseObject({ isStopped: z.literal(true), collected: z.number() });
const checkpointSchema = z.looseObject({ positions: jsonObject.optional() });

/** Returns the error for a stream that has ended at its limit, with how to raise it; null if it has not. */
export function reachedLimit(config: CollectionConfig, positions: JsonObject): UserError | null {
  if (traitsFor(config.type).endsByItself) return null;
  const most = planFor(config).maxRecords;
  const { data: ended } = endedSchema.safeParse(positions[STREAM_WALK]);
  if (most === undefined || !ended || ended.collected < most) return null;
  const id = lastWord(config.id);
  return new UserError(
    `The stream of ${config.id} has reached its limit: it has collected ${ended.collected} tweets, and max_records ` +
      `is ${most}`,
    {
      hint:
        `To go on, raise max_records: \`twarc-cloud collection-config download ${id}\`, change it in collection.json, ` +
        `\`twarc-cloud collection-config update\`, and \`twarc-cloud collection filter-start ${id}\`.`,
    },
  );
}

/** Returns the same, read from the bucket. @throws UserError if the checkpoint is damaged; OutsideError */
export async function findReachedLimit(
  store: Store,
  config: CollectionConfig,
): Promise<UserError | null> {
  const key = collectionKeys(config.id).checkpoint;
  const found = traitsFor(config.type).endsByItself ? null : await store.get(key);
  if (!found) return null;
  return reachedLimit(config, parseDocument(checkpointSchema, found.bytes, key).positions ?? {});
}
