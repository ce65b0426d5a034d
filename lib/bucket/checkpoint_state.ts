/** The document `checkpoint.json`: its schema, and how it is read and summed. */

import { z } from "zod";
import { collectionKeys } from "../collection/layout.ts";
import { lastWord } from "../base/visible.ts";
import type { ConfigUpdate } from "../collection/changeset.ts";
import {
  billedSchema,
  coveredSchema,
  endedBySchema,
  leftOutSchema,
  protectedSchema,
  unavailableSchema,
} from "../collection/harvest_info.ts";
import { madeSchema } from "../collection/made.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import { checkAs, type Json, jsonOrNull, parseAs } from "../base/json.ts";
import { jsonLineBytes } from "../base/json_bytes.ts";
import { sha1Hex } from "./inventory_entry.ts";
import { giveBack } from "../base/memory.ts";
import type { Store } from "../store/store.ts";
import { jsonObject } from "../base/json_object.ts";
import { Packed } from "../base/packed.ts";
import type { PerUser } from "./many.ts";
import { packUsers } from "./packed_users.ts";

const deletion: z.ZodType<ConfigUpdate["delete"][number]> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), z.array(deletion))])
);

const checkpointSchema = z.object({
  format: z.literal(1),
  /** The lease that wrote it, and the number of its commits: identify one's own writes. */
  holder: z.string(),
  commits: z.number(),
  /**
   * harvesting: files and positions are committed, the harvest goes on or was interrupted; finished: it has ended,
   * projections may be missing; settled: all are written.
   */
  state: z.enum(["harvesting", "finished", "settled"]),
  type: z.string(),
  /** When the harvest began, in milliseconds since 1970; its folder's name. */
  began: z.number(),
  /** Its planned beginning, if that differs: notes refer to it. */
  planned: z.number().optional(),
  /** When the last commit was made, in milliseconds since 1970. */
  at: z.number(),
  positions: jsonObject,
  /** The complete tweets files in the harvest's folder. */
  files: z.array(z.object({
    name: z.string(),
    sha1: z.string(),
    bytes: z.number(),
    tweets: z.number(),
    /** The number of the segment of which this is a part: the whole segment replaces it. */
    pieceOf: z.number().optional(),
  })),
  /** The side files in the store, if certain: after an interrupted harvest they may contain more. */
  sides: z.array(z.object({ name: z.string(), sha1: z.string() })).optional(),
  /** Number of the harvest's flushes in these files. */
  cuts: z.number().optional(),
  /**
   * Tweets in these files from earlier harvests that were interrupted: when these began, and the oldest and the newest
   * tweets' creation times, in milliseconds since 1970.
   */
  late: z.array(
    z.object({ began: z.number(), from: z.number(), to: z.number(), tweets: z.number() }),
  ).optional(),
  /** Pending changes of the configuration. */
  update: z.object({ update: jsonObject, delete: z.array(deletion) }),
  counts: z.object({
    walks: z.number(),
    walks_done: z.number(),
    ids_done: z.number().optional(),
    ids: z.number().optional(),
    users: z.number(),
    user_changes: z.number(),
    messages: z.record(z.string(), z.number()),
    undelivered: z.number(),
    gaps: z.number(),
    covered: coveredSchema.optional(),
    odd_lines: z.number().optional(),
    missing: z.record(z.string(), z.number()).optional(),
    unavailable: z.array(unavailableSchema).optional(),
    removed_users: z.array(unavailableSchema).optional(),
    left_out: z.array(leftOutSchema).optional(),
    protected: protectedSchema.optional(),
    billed: billedSchema.optional(),
  }),
  /** Bill of a month, if reading is billed. */
  spent: z.object({ month: z.string(), posts: z.number(), dollars: z.number() }).optional(),
  /** End of the span that an earlier harvest covered completely; ISO 8601. */
  reached: z.string().optional(),
  /** When the harvest ended, in milliseconds since 1970. */
  ended: z.number().optional(),
  outcome: z.enum(["complete", "stopped", "interrupted", "failed"]).optional(),
  reason: z.string().optional(),
  ended_by: endedBySchema.optional(),
  /** The program that made the harvest. */
  made: madeSchema.optional(),
  /** The exit code of a harvester that failed, which shows who has to act. */
  exit_code: z.number().optional(),
  /** The last entry of the inventory, including this harvest's own, once it is settled. */
  inventory: z.object({ entries: z.number(), sha256: z.string() }).optional(),
  /** Set if it was rebuilt from manifests: the flushes in its files are unknown. */
  isRestored: z.literal(true).optional(),
});

const { shape } = checkpointSchema;
/** The schema of a commit. */
export const commitSchema = z.object({
  state: shape.state.exactOptional(),
  positions: shape.positions.exactOptional(),
  files: shape.files.exactOptional(),
  update: shape.update.exactOptional(),
  counts: shape.counts.exactOptional(),
  sides: shape.sides,
  cuts: shape.cuts,
  late: shape.late,
  spent: shape.spent,
  ended: shape.ended,
  outcome: shape.outcome,
  reason: shape.reason,
  ended_by: shape.ended_by,
  exit_code: shape.exit_code,
  inventory: shape.inventory,
});

/** A checkpoint document. */
export type CheckpointState = z.infer<typeof checkpointSchema> & Pick<PerUser, "many">;
/** A complete tweets file in a harvest's folder. */
export type HarvestFile = CheckpointState["files"][number];
/** A file in a harvest's folder, and its checksum in hex. */
export type NamedSum = Pick<HarvestFile, "name" | "sha1">;
/** A harvest's counts besides tweets. */
export type Counts = CheckpointState["counts"];

/** The changes of a commit. */
export type Commit = z.infer<typeof commitSchema> & Pick<PerUser, "many">;

/** Returns the counts of a harvest that has just begun. */
export function noCounts(walks: number): Counts {
  return { walks, walks_done: 0, users: 0, user_changes: 0, messages: {}, undelivered: 0, gaps: 0 };
}

/** Reads a collection's checkpoint; null if there is none. @throws UserError if it is damaged */
export async function readCheckpoint(
  store: Store,
  collectionId: string,
): Promise<CheckpointState | null> {
  const found = await store.get(collectionKeys(collectionId).checkpoint);
  return found && parseCheckpoint(found.bytes, collectionId);
}

const summedSchema = checkpointSchema.omit({
  holder: true,
  commits: true,
  at: true,
  inventory: true,
  positions: true,
  update: true,
});

/**
 * Returns the checksum of a settled checkpoint, in hex, without its writer, time and number of commits. Members are in
 * the schema's order, whoever wrote them.
 */
export function checkpointSum(state: CheckpointState): string {
  const { positions, update: { update, delete: deleted } } = state;
  const bytes = jsonLineBytes([summedSchema.parse(state), positions, update, deleted]);
  const sum = sha1Hex(bytes);
  giveBack(bytes);
  return sum;
}

/** Returns whether a checkpoint is unreadable, as after a power cut; a later version's is not damaged. */
export function isDamagedCheckpoint(bytes: Uint8Array): boolean {
  const json = withPackedUsers(bytes)?.json ?? jsonOrNull(bytes);
  const { data } = z.looseObject({ format: z.number() }).safeParse(json);
  return data === undefined || data.format === 1 && !checkpointSchema.safeParse(json).success;
}

/** Bytes of a checkpoint from which on its users are packed. */
const LARGE = 2 ** 20;

/** Returns a large checkpoint with the news of its users packed; null for a small one, or one that cannot be packed. */
function withPackedUsers(bytes: Uint8Array): ReturnType<typeof packUsers> {
  return bytes.length < LARGE ? null : packUsers(bytes, ["update", "update", "users"]);
}

/**
 * Parses a checkpoint; one that has news of many users has them in `many`.
 * @throws UserError with what to do if it is damaged: no harvest begins from one.
 */
export function parseCheckpoint(bytes: Uint8Array, collectionId: string): CheckpointState {
  const key = collectionKeys(collectionId).checkpoint;
  try {
    const parts = withPackedUsers(bytes);
    // A settled one is summed as it is written.
    if (!parts || parts.json.state === "settled") return parseAs(checkpointSchema, bytes, key);
    const state = checkAs(checkpointSchema, parts.json, key);
    const { users: _, ...update } = state.update.update;
    const many = { positions: new Packed<Json>().cut(), users: parts.users.cut() };
    return { ...state, update: { ...state.update, update }, many };
  } catch (cause) {
    throw new UserError(errorMessage(cause), {
      cause,
      hint: isDamagedCheckpoint(bytes)
        ? `Rebuild it from the existing files with \`twarc-cloud collection verify --repair ${
          lastWord(collectionId)
        }\`.`
        : "It was written by another version of twarc-cloud: use that version.",
    });
  }
}

/** Returns the state of a collection without a checkpoint: settled and empty. */
export function freshState(type: string, holder: string, now: number): CheckpointState {
  return {
    format: 1,
    holder,
    commits: 0,
    state: "settled",
    type,
    began: now,
    at: now,
    positions: {},
    files: [],
    update: { update: {}, delete: [] },
    counts: noCounts(0),
  };
}
