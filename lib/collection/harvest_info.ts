/** The schema of harvest.json; the control server returns the same fields while a harvest goes on. */

import { z } from "zod";
import { isStopReason } from "./end_reasons.ts";
import { madeSchema } from "./made.ts";

/** Billed reads, and their cost in dollars by the known prices. */
export const billedSchema = z.object({ posts: z.number(), users: z.number(), dollars: z.number() });
/** The bill of a harvest. */
export type Billed = z.infer<typeof billedSchema>;

/** A user who could not be read completely, and why: in the API's words, or a state such as `suspended`. */
export const unavailableSchema = z.object({
  id: z.string(),
  screen_name: z.string().optional(),
  why: z.string(),
});

/** A field, expansion or whole parameter that the API rejected. */
export const leftOutSchema = z.object({
  parameter: z.string(),
  name: z.string().optional(),
  /** The replacement that was requested. */
  instead: z.string().optional(),
});

/** The span that a harvest covered, except for gaps and what the API does not reach; ISO 8601. */
export const coveredSchema = z.object({ from: z.string(), to: z.string() });

/** Numbers of protected tweets and users that were left out. */
export const protectedSchema = z.object({ tweets: z.number(), users: z.number() });

/**
 * The cause of a harvest's end: nothing left to do; `max_records`; a requested stop; a signal to the process; the
 * budget; a fault; being killed; or, for a stream, the next harvest.
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
  /** Number of complete tweets files. */
  files: z.number(),
  /** Compressed bytes of these files. */
  file_bytes: z.number(),
  type: z.string().optional(),
  /** While it runs: harvesting, stopping, stopped. */
  state: z.enum(["harvesting", "stopping", "stopped"]).optional(),
  /** While a stream runs: whether the API has opened it. */
  streaming: z.boolean().optional(),
  /** The current wait, and when it ends: ISO 8601, UTC. */
  waiting: z.object({ for: z.string(), until: z.string() }).optional(),
  /** Once it has ended: complete, stopped (by a person or a limit), interrupted (killed), failed. */
  outcome: z.enum(["complete", "stopped", "interrupted", "failed"]).optional(),
  /** Why it stopped or failed, for a person. */
  reason: z.string().optional(),
  ended_by: endedBySchema.optional().catch(undefined),
  made: madeSchema.optional().catch(undefined),
  /** For a failed harvest: 1 if a person has to change something, 3 if something outside failed. */
  exit_code: z.number().optional(),
  /** Finished walks (users, or the search), and all of them. */
  walks_done: z.number().optional(),
  walks: z.number().optional(),
  /** Ids of a list that were requested, including earlier harvests that this one continues, and all of them. */
  ids_done: z.number().optional(),
  ids: z.number().optional(),
  /** While it runs: bytes of received tweets, as the API sent them. */
  bytes_received: z.number().optional(),
  /** Lines in users.jsonl. */
  users: z.number().optional(),
  user_changes: z.number().optional(),
  /** Messages of a stream, counted by kind. */
  messages: z.record(z.string(), z.number()).optional(),
  /** Matching tweets that a stream did not deliver, by its limit notices. */
  undelivered: z.number().optional(),
  /** Number of a stream's gaps. */
  gaps: z.number().optional(),
  covered: coveredSchema.optional(),
  /** Lines with an unpaired surrogate, which jq and others cannot read; `collection cat --clean` can. */
  odd_lines: z.number().optional(),
  /** Tweets that are unavailable by their ids, counted by the reason. */
  missing: z.record(z.string(), z.number()).optional(),
  /** Users whose timelines could not be read: the next harvest requests them again. */
  unavailable: z.array(unavailableSchema).optional(),
  /** Users removed from the configuration, for a state that `delete_users_for` names. */
  removed_users: z.array(unavailableSchema).optional(),
  /**
   * Protected content that was left out: tweets, including embedded ones, and users whose timelines were not collected.
   */
  protected: protectedSchema.optional(),
  /** Fields and expansions that the API rejected: tweets came without them. */
  left_out: z.array(leftOutSchema).optional(),
  /**
   * Tweets among these that an earlier harvest collected and could not store before another one took over; with the
   * creation times of the oldest and the newest.
   */
  late: z.array(z.object({
    harvest_timestamp: z.string(),
    from: z.string(),
    to: z.string(),
    tweets: z.number(),
  })).optional(),
  /** Tweets that were removed since, as X requires. */
  removed: z.number().optional(),
  billed: billedSchema.optional(),
});

/** The content of harvest.json. */
export type HarvestInfo = z.infer<typeof harvestInfoSchema>;

/** Returns whether a harvest ended by itself, such as by a limit or a budget, and not by a stop or a fault. */
export function hasEndedItself(
  { outcome, reason }: Pick<HarvestInfo, "outcome" | "reason">,
): boolean {
  return outcome === "complete" || outcome === "stopped" && !isStopReason(reason);
}

/** Returns whether a harvest was stopped before it was done; reaching its own limit counts as done. */
export function isTornOff({ outcome, reason, walks = 1, walks_done = 0 }: HarvestInfo): boolean {
  return outcome === "stopped" && isStopReason(reason) && walks_done < walks;
}
