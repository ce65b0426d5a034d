/** The interface of a type of collection, implemented in `types/<type>.ts`. */

import type { z } from "zod";
import type { Json, JsonObject } from "../../base/json.ts";
import type { Fault } from "../fault.ts";

/** The rules of one type. @typeParam C Its configuration, as `parse` returns it. @typeParam R What it reads. */
export interface TypeRules<C, R extends Reading> {
  /** The schema of a whole configuration: other members are unknown. */
  readonly schema: z.core.$ZodType;
  /** The template; absent if a command creates the collection. */
  readonly template?: Template;
  /** Checks a configuration against the schema. */
  parse(config: JsonObject): z.ZodSafeParseResult<C>;
  /** Returns faults beyond the schema's. @param part The member that the traits name. */
  faults(part: JsonObject, config: JsonObject): Fault[];
  /** Returns whether the four keys of a user are required. */
  needsUserKeys?(config: JsonObject): boolean;
  /** Returns the ids in a configuration that a person may have typed, unchecked. */
  typedIds(config: JsonObject): TypedId[];
  /** Returns the queries in a configuration. */
  queries(config: JsonObject): Query[];
  /** Returns faults of spans of time that cannot contain tweets. @param now In milliseconds since 1970. */
  spanFaults?(config: JsonObject, now: number): Fault[];
  /** Returns the plan of a valid configuration. */
  plan(config: C): Plan<R>;
}

/** An id that a person may have typed. */
export interface TypedId {
  /** The path of its member. */
  at: string;
  id: Json | undefined;
  of: "user" | "tweet";
}

/** A query that a person may have typed. */
export interface Query {
  at: string;
  text: string;
  /** Characters that most kinds of access to version 2 allow; Infinity if there is another limit. */
  most: number;
}

/** A template of a configuration. */
export interface Template {
  /** Returns the type's own members, with placeholders between `<` and `>`. */
  members(api: "1.1" | "2"): JsonObject;
  /** Names the placeholders to fill in, besides keys; absent if there are none. */
  fillIn?: string;
}

/** The requests of a configuration. */
export interface Plan<R extends Reading = Reading> {
  /** Number of walks in a complete harvest. */
  readonly walks: number;
  /** The name of the only walk; absent if each user's timeline is one. */
  readonly walk?: string;
  /** Maximum number of tweets in a harvest; undefined for all. */
  readonly maxRecords?: number | undefined;
  readonly reading: R;
  /** Returns the lower end of a walk, or the start of one that goes up; undefined for all. */
  sinceId(walk: string): string | undefined;
  /** Returns the position of an unfinished walk from its tweets; absent if a position has other fields. */
  position?(walk: string, brought: WalkSpan): Json;
}

/** The range of a walk's tweets, without holes: down from the newest one, or up to it. */
export interface WalkSpan {
  newest: string;
  oldest: string;
  tweets: number;
}

/** A user whose timeline is read. */
export interface ReadUser {
  since_id?: string | undefined;
  looked_up?: string | undefined;
}

/** The kind of reading, which determines its cost and how far back it goes. */
export type Reading =
  | {
    kind: "timelines";
    users: Readonly<Record<string, ReadUser>>;
    /** Milliseconds without news after which a user is looked up. */
    lookUpEvery: number;
    exclude: readonly ("replies" | "retweets")[];
  }
  | { kind: "query"; query: string; sinceId: string | undefined; span: SearchSpan }
  | {
    kind: "stream";
    filter: StreamFilter;
    /** Minutes before a connection that are delivered with it. */
    backfillMinutes?: number;
  }
  | { kind: "ids"; count: number; areAsked: boolean };

/** The reading of one kind. */
export type ReadingOf<K extends Reading["kind"]> = Extract<Reading, { kind: K }>;

/** The span of time of a search. */
export interface SearchSpan {
  archive?: "recent" | "all";
  startTime?: string;
  endTime?: string;
}

/** The filter of a stream. */
export interface StreamFilter {
  track?: string;
  follow?: string;
  locations?: string;
  rules?: { value: string; tag?: string | undefined }[];
}
