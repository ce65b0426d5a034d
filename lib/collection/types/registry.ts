/** The types of collections, each with its rules. */

import { filter, type FilterConfig } from "./filter.ts";
import { hydrate, type HydrateConfig } from "./hydrate.ts";
import type { Plan } from "./rules.ts";
import { search, type SearchConfig } from "./search.ts";
import { userTimeline, type UserTimelineConfig } from "./user_timeline.ts";

/** A valid configuration. */
export type CollectionConfig = UserTimelineConfig | SearchConfig | FilterConfig | HydrateConfig;

/** The rules of each type. */
export const RULES = { user_timeline: userTimeline, search, filter, hydrate };

/** Returns the plan of a configuration. */
export function planFor(config: CollectionConfig): Plan {
  switch (config.type) {
    case "user_timeline":
      return userTimeline.plan(config);
    case "search":
      return search.plan(config);
    case "filter":
      return filter.plan(config);
    case "hydrate":
      return hydrate.plan(config);
  }
}
