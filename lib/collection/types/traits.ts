/**
 * What there is of collections, a row a type: it names a type's traits without loading its file, so that help texts
 * can be printed at once. `types/<type>.ts` has the rest of a type, `source/<type>.ts` where its tweets come from.
 */

import type { Json } from "../../base/json.ts";

/** The versions of the API. */
export const API_VERSIONS = ["1.1", "2"] as const;

/** What the program has to know of a type, wherever it would ask which one it is. */
export interface Traits {
  /** The member of a configuration that says what is collected. */
  readonly part: string;
  /** Whether a harvest ends by itself; a stream's goes on until it is stopped. */
  readonly endsByItself: boolean;
  /** Whether what came can be asked for again; what a stream brought and nobody stored is lost. */
  readonly canBeAskedAgain: boolean;
  /** Whether a harvest asks only for what is newer than what the collection has: none brings a tweet again. */
  readonly asksOnlyForNewer: boolean;
  /** What the API cannot give, for a report: sentences. */
  readonly limits: readonly string[];
}

const TRAITS = {
  user_timeline: {
    part: "users",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: true,
    limits: ["A timeline gives the newest 3,200 tweets of an account only."],
  },
  search: {
    part: "search",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: true,
    limits: [
      "Recent search reaches back seven days, and is not complete: what X takes for less relevant may be left out.",
      "Tweets that were deleted, or made protected, before a search came to them are not found.",
    ],
  },
  filter: {
    part: "filter",
    endsByItself: false,
    canBeAskedAgain: false,
    asksOnlyForNewer: false,
    limits: [
      "A stream delivers up to a share of all tweets: what it does not deliver above that is counted as undelivered.",
      "What a stream missed is asked for by search, which finds no retweets.",
    ],
  },
  hydrate: {
    part: "hydrate",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: false,
    limits: [
      "Tweets that were deleted, or whose authors are suspended or protected, cannot be had by their ids.",
    ],
  },
} as const satisfies Record<string, Traits>;

/** A type of collection. */
export type CollectionType = keyof typeof TRAITS;

/** The types that a person fills in, in the order of help texts; a hydrate collection is made from ids. */
export const TEMPLATE_TYPES = [
  "user_timeline",
  "filter",
  "search",
] as const satisfies CollectionType[];

/** The types of collections. */
export const TYPES: readonly string[] = Object.keys(TRAITS);

/** Returns whether a value is the name of a type. */
export function isType(value: Json | undefined): value is CollectionType {
  return typeof value === "string" && Object.hasOwn(TRAITS, value);
}

/** Returns the traits of a type; for one that only another version knows, those that promise least. */
export function traitsFor(type: Json | undefined): Traits {
  if (isType(type)) return TRAITS[type];
  return {
    part: `${type}`,
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: false,
    limits: [],
  };
}
