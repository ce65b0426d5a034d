/** What there is of collections: their types, the versions of the API, and the states of users. */

import type { Json } from "../../base/json.ts";

/** The versions of the API. */
export const API_VERSIONS = ["1.1", "2"] as const;

/** The types of collections. */
export const TYPES = ["user_timeline", "search", "filter", "hydrate"] as const;
/** A type of collection. */
export type CollectionType = (typeof TYPES)[number];

/** The states for which a user can be taken out of a collection. */
export const USER_STATES = ["protected", "suspended", "not_found"] as const;

/** Whether a value is the name of a type. */
export function isType(value: Json | undefined): value is CollectionType {
  return TYPES.some((type) => type === value);
}
