/** What harvest.json says of a harvest; the control server answers with the same fields so far. */

import { z } from "zod";
import { madeSchema } from "./made.ts";

/** What was read that costs money, and what it costs in dollars by the prices that were known. */
export const billedSchema = z.object({ posts: z.number(), users: z.number(), dollars: z.number() });
/** What a harvest was billed. */
export type Billed = z.infer<typeof billedSchema>;

/** A user of whom something could not be had, and why: in the API's words, or a state such as `suspended`. */
export const unavailableSchema = z.object({
  id: z.string(),
  screen_name: z.string().optional(),
  why: z.string(),
});

/** What the API did not take of what it was asked for: a field or an expansion, or a parameter as a whole. */
export const leftOutSchema = z.object({
  parameter: z.string(),
  name: z.string().optional(),
  /** What was asked for in its place. */
  instead: z.string().optional(),
});

/** The span that a harvest covered, as far as the API reaches and apart from its gaps; ISO 8601. */
export const coveredSchema = z.object({ from: z.string(), to: z.string() });

/** How much was left out that is not public. */
export const protectedSchema = z.object({ tweets: z.number(), users: z.number() });

/**
 * What ended a harvest: nothing was left to do; `max_records`; a stop that was requested; a signal to the process; the
 * budget; a fault; that it was killed; or, of a stream, that the next harvest went on.
 */
export const endedBySchema = z.enum([
  "done",
  "max_records",
  "stop",
  "signal",
  "budget",
  "fault",
  "killed",
  "next harvest",
]);

/** The schema of harvest.json: the fields of the Python original, then ours, all of them optional. */
export const harvestInfoSchema = z.looseObject({
  collection_id: z.string(),
  /** ISO 8601, UTC; also the harvest's id. */
  harvest_timestamp: z.string(),
  harvest_end_timestamp: z.string().optional(),
  tweets: z.number(),
  /** Whole tweets files. */
  files: z.number(),
  /** Bytes of these files, compressed. */
  file_bytes: z.number(),
  type: z.string().optional(),
  /** While it lives: harvesting, stopping, stopped. */
  state: z.enum(["harvesting", "stopping", "stopped"]).optional(),
  /** While a stream lives: whether the API has opened it. */
  streaming: z.boolean().optional(),
  /** What it waits for now, and when that ends: ISO 8601, UTC. */
  waiting: z.object({ for: z.string(), until: z.string() }).optional(),
  /** Once it has ended: complete, stopped (by a person or a limit), interrupted (killed), failed. */
  outcome: z.enum(["complete", "stopped", "interrupted", "failed"]).optional(),
  /** Why it stopped or failed, for a person. */
  reason: z.string().optional(),
  ended_by: endedBySchema.optional().catch(undefined),
  made: madeSchema.optional().catch(undefined),
  /** Of a harvest that failed: 1 where a person has to change something, 3 where the outside failed. */
  exit_code: z.number().optional(),
  /** Walks (users, or the search) that are whole, and all of them. */
  walks_done: z.number().optional(),
  walks: z.number().optional(),
  /** Ids of a list that were asked for, in this harvest and those that it goes on from, and all of them. */
  ids_done: z.number().optional(),
  ids: z.number().optional(),
  /** While it lives: bytes of the tweets that have come, as the API sent them. */
  bytes_received: z.number().optional(),
  /** Lines in users.jsonl. */
  users: z.number().optional(),
  user_changes: z.number().optional(),
  /** Messages of a stream, counted by kind. */
  messages: z.record(z.string(), z.number()).optional(),
  /** Tweets that matched a stream's filter and were not delivered, as its limit notices say. */
  undelivered: z.number().optional(),
  /** Spans that a stream missed. */
  gaps: z.number().optional(),
  covered: coveredSchema.optional(),
  /** Lines with half a character, which jq and others do not read; `collection cat --clean` does. */
  odd_lines: z.number().optional(),
  /** Tweets that were asked for by their ids and are not to be had, counted by the reason. */
  missing: z.record(z.string(), z.number()).optional(),
  /** Users whose timelines could not be read: the next harvest asks again. */
  unavailable: z.array(unavailableSchema).optional(),
  /** Users who were taken out of the configuration, for the state that `delete_users_for` names. */
  removed_users: z.array(unavailableSchema).optional(),
  /**
   * What was left out, as protected accounts wrote it: tweets, those inside others among them, and users whose
   * timelines were not collected.
   */
  protected: protectedSchema.optional(),
  /** Fields and expansions that the API did not take: tweets came without them. */
  left_out: z.array(leftOutSchema).optional(),
  /**
   * Tweets among these that a harvest before had brought and could not store, as another harvester went on; and when
   * the oldest and the newest of them were made.
   */
  late: z.array(z.object({
    harvest_timestamp: z.string(),
    from: z.string(),
    to: z.string(),
    tweets: z.number(),
  })).optional(),
  /** Tweets that were taken out since, as X asks for. */
  removed: z.number().optional(),
  billed: billedSchema.optional(),
});

/** What harvest.json says of a harvest. */
export type HarvestInfo = z.infer<typeof harvestInfoSchema>;

/** Why a harvest ended that somebody, or the system, stopped. */
export const STOP_REQUESTED = "A stop was requested";

/** The same, as harvests before this version wrote it. */
const FORMERLY = "It was told to stop";

/** Returns why a stream ended that has collected as many tweets as it may. */
export function limitReason(most: number): string {
  return `It has reached max_records (${most})`;
}

/** Returns whether that is why a stream ended. */
export function isLimitReason(reason: string): boolean {
  return reason.startsWith("It has reached max_records (");
}

/** Returns whether a harvest ended for a reason of its own, such as a limit or a budget, and not by a stop or a fault. */
export function hasEndedItself(
  { outcome, reason }: Pick<HarvestInfo, "outcome" | "reason">,
): boolean {
  return outcome === "complete" || outcome === "stopped" && !isStopReason(reason);
}

function isStopReason(reason: string | undefined): boolean {
  return reason === STOP_REQUESTED || reason === FORMERLY;
}

/** Returns whether a harvest was stopped before it was done; what a limit of its own ends is done for now. */
export function isTornOff({ outcome, reason, walks = 1, walks_done = 0 }: HarvestInfo): boolean {
  return outcome === "stopped" && isStopReason(reason) && walks_done < walks;
}
