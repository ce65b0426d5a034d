/** Reads the gaps of harvests from their folders. */

import { z } from "zod";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { isoTime } from "../base/clock.ts";
import { checkAs, type Json, type JsonObject } from "../base/json.ts";
import { parseDocument } from "./documents.ts";
import type { Got, Store } from "../store/store.ts";

const gapSchema = z.object({
  from: z.number(),
  to: z.number(),
  why: z.string(),
  asked_again: z.literal("partial").optional(),
  user_id: z.string().optional(),
  since_id: z.string().optional(),
  until_id: z.string().optional(),
  lost: z.literal(true).optional(),
  newer: z.number().optional(),
  known: z.array(z.string()).optional(),
});

/** A gap as it is recorded; times in milliseconds since 1970. */
export type RecordedGap = z.infer<typeof gapSchema>;

/** A gap for a person; times in ISO 8601, UTC. */
export interface ToldGap {
  from: string;
  to: string;
  why: string;
  /** Set if recent search will request it, in this harvest or the next; it returns no retweets. */
  asked_again?: "partial";
  /** The user whose timeline has the gap. */
  user_id?: string;
  /** The ids around the gap, where known. */
  since_id?: string;
  until_id?: string;
  /** Set if it had been collected, and was lost when a file was damaged. */
  lost?: true;
  /** Number of a timeline's posts above the gap: the API returns a limited number only. */
  newer?: number;
  /** Ids within the gap that were collected. */
  known?: string[];
}

/**
 * Returns the gaps of a harvest, oldest first.
 * @param began The harvest's timestamp, ISO 8601.
 * @throws UserError if the file is damaged; OutsideError where the store fails.
 */
export async function listGaps(store: Store, id: string, began: string): Promise<ToldGap[]> {
  return await readGaps(store, `${collectionKeys(id).harvest(Date.parse(began))}${FILES.gaps}`);
}

/** Prefix of the names of walks that search a stream's gaps. */
export const GAP_WALK = "gap:";

/** A range of ids to search. */
export interface MissedSpan {
  /** The newest id that the stream delivered before the gap; 0 if there was none. */
  sinceId: string;
  /** The oldest id that it delivered after the gap (exclusive); absent while only the stream can tell. */
  untilId?: string;
  /** Number of the timeline's tweets above the gap, which count towards how far back the API goes. */
  newer?: number | undefined;
  /** Ids within the gap that were collected and need not be delivered again. */
  known?: string[] | undefined;
}

/** A walk that searches a gap, with its position. */
export interface GapWalk {
  name: string;
  position: Json;
}

/** Returns the walks that search a gap, each with its initial position. */
export function walksOfGap(
  { sinceId, untilId, newer, known }: MissedSpan,
  queries: string[],
): GapWalk[] {
  return queries.map((query) => ({
    name: `${GAP_WALK}${sinceId}-${untilId ?? ""}:${query}`,
    position: {
      ...(sinceId === "0" ? {} : { since: sinceId }),
      ...(untilId === undefined ? {} : { oldest: untilId }),
      ...(newer === undefined ? {} : { asked: newer, came: newer }),
      ...(known === undefined ? {} : { known }),
    },
  }));
}

const checkpointSchema = z.looseObject({ positions: z.record(z.string(), z.unknown()).optional() });

/**
 * Returns the number of searches for gaps that have not finished.
 * @throws UserError if the checkpoint is damaged; OutsideError where the store fails.
 */
export async function searchesLeft(store: Store, id: string): Promise<number> {
  const key = collectionKeys(id).checkpoint;
  const found = await store.get(key);
  if (!found) return 0;
  const { positions = {} } = parseDocument(checkpointSchema, found.bytes, key);
  return Object.entries(positions)
    .filter(([walk, at]) => walk.startsWith(GAP_WALK) && at !== "whole").length;
}

/** Returns the gaps in a file; none if it is absent. @throws as `listGaps` */
export async function readGaps(store: Store, key: string): Promise<ToldGap[]> {
  return gapsFrom(await store.get(key), key);
}

/** Returns the gaps in a file that was read. @param key Its. @throws UserError if it is damaged */
export function gapsFrom(found: Got | null, key: string): ToldGap[] {
  return recordedFrom(found?.bytes, key).map(toTold);
}

/** Returns the gaps in the content of a file, as they are recorded. @throws as `gapsFrom` */
export function recordedFrom(bytes: Uint8Array | undefined, key: string): RecordedGap[] {
  const lines = new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "");
  return lines.map((line) => parseDocument(gapSchema, line, key));
}

/** Returns the gap of a line that was parsed. @param key Of its file. @throws UserError if it is not one */
export function parseGap(json: JsonObject, key: string): ToldGap {
  return toTold(checkAs(gapSchema, json, key));
}

function toTold({ from, to, why, asked_again, ...more }: RecordedGap): ToldGap {
  const known = Object.entries(more).filter(([, value]) => value !== undefined);
  const told = { from: isoTime(from), to: isoTime(to), why, ...Object.fromEntries(known) };
  return asked_again ? { ...told, asked_again } : told;
}
