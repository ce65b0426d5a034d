/**
 * The traits of each type of collection, available without loading the type's file, so that help texts print at once.
 * `types/<type>.ts` has the rest of a type, `source/<type>.ts` the source of its tweets.
 */

import type { Json } from "../../base/json.ts";

/** The versions of the API. */
export const API_VERSIONS = ["1.1", "2"] as const;

/** Facts that distinguish types of collections. */
export interface Traits {
  /** The member of a configuration that defines what is collected. */
  readonly part: string;
  /** Whether a harvest ends by itself; a stream's goes on until it is stopped. */
  readonly endsByItself: boolean;
  /** Whether the same tweets can be requested again; a stream's unsaved tweets are lost. */
  readonly canBeAskedAgain: boolean;
  /** Whether a harvest requests only tweets newer than the collection's, so that none comes again. */
  readonly asksOnlyForNewer: boolean;
  /** Whether each user is requested apart, so that a harvest that ended early covers only some of them. */
  readonly isPerUser: boolean;
  /** Limits of the API, for a report: sentences. */
  readonly limits: readonly string[];
}

const TRAITS = {
  user_timeline: {
    part: "users",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: true,
    isPerUser: true,
    limits: ["A timeline gives the newest 3,200 tweets of an account only."],
  },
  search: {
    part: "search",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: true,
    isPerUser: false,
    limits: [
      "Recent search reaches back seven days, and is not complete: X may leave out tweets that it considers less relevant.",
      "Tweets that were deleted, or made protected, before a search reached them are not found.",
    ],
  },
  filter: {
    part: "filter",
    endsByItself: false,
    canBeAskedAgain: false,
    asksOnlyForNewer: false,
    isPerUser: false,
    limits: [
      "A stream delivers up to a share of all tweets; matching tweets above that are counted as undelivered.",
      "A stream's gaps are filled by search, which finds no retweets.",
    ],
  },
  hydrate: {
    part: "hydrate",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: false,
    isPerUser: false,
    limits: [
      "Tweets that were deleted, or whose authors are suspended or protected, cannot be looked up by their ids.",
    ],
  },
} as const satisfies Record<string, Traits>;

/** A type of collection. */
export type CollectionType = keyof typeof TRAITS;

/** The types with a template, in the order of help texts; a command creates hydrate collections. */
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

/** Returns the traits of a type; for an unknown one, those that promise least. */
export function traitsFor(type: Json | undefined): Traits {
  if (isType(type)) return TRAITS[type];
  return {
    part: `${type}`,
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: false,
    isPerUser: false,
    limits: [],
  };
}
