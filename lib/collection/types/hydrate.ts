/** Collections of tweets that are looked up by their ids. */

import { z } from "zod";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import { isVersion2 } from "../fault.ts";
import { digits } from "../scalars.ts";
import { common } from "./common.ts";
import type { ReadingOf, TypeRules } from "./rules.ts";

/** The name of its walk, which goes up through the ids. */
export const HYDRATE_WALK = "hydrate";

const schema = z.looseObject({
  ...common,
  type: z.literal("hydrate"),
  hydrate: z.looseObject({
    /** The number of ids in the collection's ids.txt. */
    ids: z.int("must be a whole number").positive("must be above 0"),
    /** The highest id, once all were requested. */
    since_id: digits.optional(),
  }),
});

/** A configuration that looks up ids. */
export type HydrateConfig = z.infer<typeof schema>;

/** The rules of the type, whose collections are created by a command. */
export const hydrate: TypeRules<HydrateConfig, ReadingOf<"ids">> = {
  schema,
  parse: (config) => schema.safeParse(config),

  /** Only version 2 says why a tweet is missing. */
  faults(_, config) {
    if (isVersion2(config)) return [];
    const says = 'A hydrate collection is for version 2 of the API. Add "api": "2".';
    return [{ at: "api", says }];
  },

  typedIds(config) {
    const part = member(config, "hydrate");
    const id = isObject(part) ? member(part, "since_id") : undefined;
    return [{ at: "hydrate.since_id", id, of: "tweet" }];
  },

  queries: () => [],

  plan({ hydrate: { ids: count, since_id: sinceId } }) {
    return {
      walks: 1,
      walk: HYDRATE_WALK,
      reading: { kind: "ids", count, areAsked: sinceId !== undefined },
      sinceId: () => sinceId,
      position: (_, { newest }) => newest,
    };
  },
};

/** Returns the configuration of a new collection. @param ids Number of its ids. */
export function hydrateConfig(
  { id, keys, ids }: { id: string; keys: JsonObject; ids: number },
): JsonObject {
  return { id, keys, type: "hydrate", api: "2", hydrate: { ids } };
}
