/** What was missed, as the folders of harvests have it. */

import { z } from "zod";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { isoTime } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import { parseDocument } from "./documents.ts";
import type { Store } from "../store/store.ts";

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

/** A span that was missed, for a person: times in ISO 8601, UTC. */
export interface ToldGap {
  from: string;
  to: string;
  why: string;
  /** Set where recent search is to be asked for it, by this harvest or the next; it returns no retweets. */
  asked_again?: "partial";
  /** Whose timeline has it, where it is one's. */
  user_id?: string;
  /** The ids that it lies between, where they are known. */
  since_id?: string;
  until_id?: string;
  /** Set where it had been collected, and a damage of a file took it. */
  lost?: true;
  /** Of a timeline, how many posts above it are there: the API gives so many only. */
  newer?: number;
  /** Ids in it that are there all the same. */
  known?: string[];
}

/**
 * Returns the gaps of a harvest that are in the bucket, oldest first.
 * @param began The harvest's timestamp, ISO 8601.
 * @throws UserError where the file is damaged; OutsideError where the store fails.
 */
export async function gapsOf(store: Store, id: string, began: string): Promise<ToldGap[]> {
  return await gapsIn(store, `${collectionKeys(id).harvest(Date.parse(began))}${FILES.gaps}`);
}

/** How the names of walks begin that search for what a stream missed. */
export const GAP_WALK = "gap:";

/** A span of ids that is to be searched. */
export interface MissedSpan {
  /** The newest id that the stream had delivered; 0 where nothing was before. */
  sinceId: string;
  /** Below the oldest id that it delivered after the gap; absent where only the stream itself will tell. */
  untilId?: string;
  /** Tweets of the same timeline that are above it, which count for how far back that goes. */
  newer?: number | undefined;
  /** Ids in it that are there, and are not to come again. */
  known?: string[] | undefined;
}

/** A walk that searches a gap, and where it stands. */
export interface GapWalk {
  name: string;
  position: Json;
}

/** Returns the walks that a gap begins, each with the position that it has before anything was asked. */
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
 * Returns how many searches for what a collection missed are still to be made, or to be ended.
 * @throws UserError where the checkpoint is damaged; OutsideError where the store fails.
 */
export async function searchesLeft(store: Store, id: string): Promise<number> {
  const key = collectionKeys(id).checkpoint;
  const found = await store.get(key);
  if (!found) return 0;
  const { positions = {} } = parseDocument(checkpointSchema, found.bytes, key);
  return Object.entries(positions)
    .filter(([walk, at]) => walk.startsWith(GAP_WALK) && at !== "whole").length;
}

/** Returns the gaps that a file tells; none where it is not there. @throws as `gapsOf` */
export async function gapsIn(store: Store, key: string): Promise<ToldGap[]> {
  const found = await store.get(key);
  const lines = new TextDecoder().decode(found?.bytes).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { from, to, why, asked_again, ...more } = parseDocument(gapSchema, line, key);
    const known = Object.entries(more).filter(([, value]) => value !== undefined);
    const told = { from: isoTime(from), to: isoTime(to), why, ...Object.fromEntries(known) };
    return asked_again ? { ...told, asked_again } : told;
  });
}
