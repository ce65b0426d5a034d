/** What each type of collection says of itself, in `types/<type>.ts`. */

import type { z } from "zod";
import type { Json, JsonObject } from "../../base/json.ts";
import type { Fault } from "../fault.ts";

/** The rules of one type. @typeParam C Its configuration, as `parse` returns it. @typeParam R What it reads. */
export interface TypeRules<C, R extends Reading> {
  /** Of a whole configuration: what it does not have is not known. */
  readonly schema: z.core.$ZodType;
  /** What a person starts from; absent where a command makes the collection. */
  readonly template?: Template;
  /** Checks a configuration with the schema. */
  parse(config: JsonObject): z.ZodSafeParseResult<C>;
  /** Names what is wrong as a whole, beside what the schema finds. @param part The member that the traits name. */
  faults(part: JsonObject, config: JsonObject): Fault[];
  /** Whether only the four keys of a user will do. */
  needsUserKeys?(config: JsonObject): boolean;
  /** Returns the ids in a configuration that a person may have typed, of which nothing is checked yet. */
  typedIds(config: JsonObject): TypedId[];
  /** Returns the queries in it. */
  queries(config: JsonObject): Query[];
  /** Names spans of time that nothing can be in. @param now In milliseconds since 1970. */
  spanFaults?(config: JsonObject, now: number): Fault[];
  /** Returns what a configuration that can be used asks for. */
  plan(config: C): Plan<R>;
}

/** An id that a person may have typed. */
export interface TypedId {
  /** The member that it is in. */
  at: string;
  id: Json | undefined;
  of: "user" | "tweet";
}

/** A query that a person may have typed. */
export interface Query {
  at: string;
  text: string;
  /** Characters that most kinds of access to version 2 allow; Infinity where it has other limits. */
  most: number;
}

/** What a person fills in. */
export interface Template {
  /** Returns the members of the type's own, with what is to be filled in between `<` and `>`. */
  members(api: "1.1" | "2"): JsonObject;
  /** What to write into it, besides keys; absent where there is nothing yet. */
  fillIn?: string;
}

/** What a configuration asks for. */
export interface Plan<R extends Reading = Reading> {
  /** How many walks a whole harvest has. */
  readonly walks: number;
  /** The name of the only walk; absent where each user's timeline is one. */
  readonly walk?: string;
  /** The most tweets that a harvest collects; undefined for all. */
  readonly maxRecords?: number | undefined;
  readonly reading: R;
  /** Down to which tweet a walk goes, or up from which one; undefined for all. */
  sinceId(walk: string): string | undefined;
  /** The position of a walk that brought tweets and may not be whole; absent where a position has other things in it. */
  position?(walk: string, brought: WalkSpan): Json;
}

/** What a walk brought: it goes down from the newest tweet, or up to it, and leaves nothing out. */
export interface WalkSpan {
  newest: string;
  oldest: string;
  tweets: number;
}

/** A user of whom a timeline is read. */
export interface ReadUser {
  since_id?: string | undefined;
  looked_up?: string | undefined;
}

/** What is read of the API, and how: what it costs and how far back it goes follow from that. */
export type Reading =
  | {
    kind: "timelines";
    users: Readonly<Record<string, ReadUser>>;
    /** Milliseconds after which a user of whom nothing was heard is looked up. */
    lookUpEvery: number;
    exclude: readonly ("replies" | "retweets")[];
  }
  | { kind: "query"; query: string; sinceId: string | undefined; span: SearchSpan }
  | { kind: "stream"; filter: StreamFilter }
  | { kind: "ids"; count: number; areAsked: boolean };

/** The reading of one kind. */
export type ReadingOf<K extends Reading["kind"]> = Extract<Reading, { kind: K }>;

/** The span of time that a search is about. */
export interface SearchSpan {
  archive?: "recent" | "all";
  startTime?: string;
  endTime?: string;
}

/** What a stream is asked for. */
export interface StreamFilter {
  track?: string;
  follow?: string;
  locations?: string;
  rules?: { value: string; tag?: string | undefined }[];
}
