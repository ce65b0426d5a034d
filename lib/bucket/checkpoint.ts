/** The committed state of a collection's harvests: positions, whole files, and pending news. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
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
import { type Made, madeSchema } from "../collection/made.ts";
import { ConflictError, LockedError, messageOf, OutsideError, UserError } from "../base/errors.ts";
import { type JsonObject, jsonOrNull, parseAs } from "../base/json.ts";
import { jsonBytes, jsonLineBytes } from "../base/json_bytes.ts";
import { sha1Of } from "./inventory_entry.ts";
import { giveBack } from "../base/memory.ts";
import type { Store, Version } from "../store/store.ts";
import { jsonObject } from "../base/json_object.ts";
import { documentOf, type PerUser } from "./many.ts";

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

/** Tries of a write that conflicts with a former holder's. */
const TRIES = 5;

/** A collection's checkpoint, which only the holder of its lease writes. */
export class Checkpoint {
  readonly #store: Store;
  readonly #collectionId: string;
  readonly #key: string;
  readonly #clock: Clock;
  #state: CheckpointState;
  #version: Version | undefined;
  /** Whether the stored version is this holder's, so that no former one can write any more. */
  #isOwn = false;
  /** Whether a former holder has written it since it was read. */
  #isOutdated = false;

  private constructor(
    place: { store: Store; collectionId: string; clock: Clock },
    state: CheckpointState,
    version: Version | undefined,
  ) {
    this.#store = place.store;
    this.#collectionId = place.collectionId;
    this.#key = collectionKeys(place.collectionId).checkpoint;
    this.#clock = place.clock;
    this.#state = state;
    this.#version = version;
  }

  /** Opens the checkpoint of a collection; a missing one is settled and empty. */
  static async open(
    store: Store,
    { collectionId, type, holder, clock }: {
      collectionId: string;
      type: string;
      holder: string;
      clock: Clock;
    },
  ): Promise<Checkpoint> {
    const found = await store.get(collectionKeys(collectionId).checkpoint);
    const state = found
      ? { ...parseCheckpoint(found.bytes, collectionId), holder }
      : fresh(type, holder, clock.now());
    return new Checkpoint({ store, collectionId, clock }, state, found?.version);
  }

  /**
   * Rewrites the checkpoint under this holder, so that a former holder's pending write gets a conflict; if that came
   * first, adopts it. Call once while holding the lease, before acting on the checkpoint; for a settled one `begin`
   * suffices.
   * @param confirm Throws if the lease is lost: then a later holder came first.
   */
  async fence(confirm: () => Promise<void>): Promise<void> {
    for (let tries = 1;; tries++) {
      if (this.#isOutdated) await this.#adopt(confirm);
      if (this.#version === undefined) return;
      try {
        const when = { ifVersion: this.#version };
        const bytes = jsonLineBytes(this.#state);
        this.#version = await this.#store.put(this.#key, bytes, when);
        this.#isOwn = true;
        giveBack(bytes);
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || tries === TRIES) throw error;
        this.#isOutdated = true;
      }
    }
  }

  /** Adopts what a former holder has written since it was read. */
  async #adopt(confirm: () => Promise<void>): Promise<void> {
    const found = await this.#store.get(this.#key);
    await confirm();
    const { holder } = this.#state;
    if (found) this.#state = { ...parseCheckpoint(found.bytes, this.#collectionId), holder };
    this.#version = found?.version;
    this.#isOutdated = false;
  }

  /** Returns another holder's checkpoint; null if there is none, so that this one's pending write may still succeed. */
  async ofAnother(): Promise<CheckpointState | null> {
    const found = await this.#store.get(this.#key);
    const state = found && parseCheckpoint(found.bytes, this.#collectionId);
    return state && state.holder !== this.#state.holder ? state : null;
  }

  /** Whether it is in the store; one that is not is settled and empty. */
  get isThere(): boolean {
    return this.#version !== undefined;
  }

  /** The committed state. */
  get state(): Readonly<CheckpointState> {
    return this.#state;
  }

  /**
   * Commits a change, the one write that makes it true.
   * @throws LockedError if another harvester has taken the collection over.
   */
  async commit(change: Commit): Promise<void> {
    const { commits } = this.#state;
    await this.#put({ ...this.#state, ...change, commits: commits + 1, at: this.#clock.now() });
  }

  /**
   * Begins a new harvest from the previous one's positions.
   * @param options.planned When it was to begin.
   * @returns False if it was not fenced and a former holder has written it since it was read: it must be fenced first.
   * @throws LockedError if another harvester has taken the collection over.
   */
  async begin(
    began: number,
    { walks, type, planned = began, sides, made }: {
      walks: number;
      type: string;
      made?: Made | undefined;
      planned?: number;
      sides?: NamedSum[];
    },
  ): Promise<boolean> {
    const { holder, positions, commits, spent, outcome, counts } = this.#state;
    const reached = outcome === "complete" && counts.covered?.to || this.#state.reached;
    try {
      await this.#put({
        ...fresh(type, holder, began),
        state: "harvesting",
        commits: commits + 1,
        positions,
        counts: noCounts(walks),
        ...(planned === began ? {} : { planned }),
        ...(sides ? { sides } : {}),
        ...(made ? { made } : {}),
        ...(spent ? { spent } : {}),
        ...(reached ? { reached } : {}),
      });
      return true;
    } catch (error) {
      if (this.#isOutdated && error instanceof ConflictError) return false;
      throw error;
    }
  }

  async #put(next: CheckpointState): Promise<void> {
    const bytes = jsonLineBytes(documentOf(next));
    for (let tries = 1;; tries++) {
      const when = this.#version === undefined
        ? { ifAbsent: true } as const
        : { ifVersion: this.#version };
      try {
        this.#version = await this.#store.put(this.#key, bytes, when);
        break;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        const found = await this.#ours(next, error);
        this.#version = found.version;
        if (Buffer.from(found.bytes).equals(bytes)) break;
        // An earlier commit or try of our own, whose response was lost as well.
        if (tries === TRIES) throw error;
      }
    }
    giveBack(bytes);
    this.#isOwn = true;
    this.#state = next;
  }

  /**
   * Returns the stored object after a conflict with our own write, whose response was lost: nobody else writes under
   * this holder.
   * @throws LockedError; the conflict, if a former holder wrote it
   */
  async #ours(next: CheckpointState, conflict: ConflictError) {
    const found = await this.#store.get(this.#key);
    if (!found) throw takenOver(conflict);
    const { holder, commits } = parseAs(checkpointSchema, found.bytes, this.#key);
    if (holder !== next.holder && !this.#isOwn) {
      this.#isOutdated = true;
      throw conflict;
    }
    if (holder !== next.holder || commits > next.commits) throw takenOver(conflict);
    return found;
  }
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
  const sum = sha1Of(bytes);
  giveBack(bytes);
  return sum;
}

/** Returns whether a checkpoint is unreadable, as after a power cut; a later version's is not damaged. */
export function isDamagedCheckpoint(bytes: Uint8Array): boolean {
  const json = jsonOrNull(new TextDecoder().decode(bytes));
  const { data } = z.looseObject({ format: z.number() }).safeParse(json);
  return data === undefined || data.format === 1 && !checkpointSchema.safeParse(json).success;
}

/** Parses a checkpoint. @throws UserError with what to do if it is damaged: no harvest begins from one. */
function parseCheckpoint(bytes: Uint8Array, collectionId: string): CheckpointState {
  try {
    return parseAs(checkpointSchema, bytes, collectionKeys(collectionId).checkpoint);
  } catch (cause) {
    throw new UserError(messageOf(cause), {
      cause,
      hint: isDamagedCheckpoint(bytes)
        ? "Rebuild it from the existing files with: twarc-cloud collection verify --repair " +
          lastWord(collectionId)
        : "It was written by another version of twarc-cloud: use that version.",
    });
  }
}

function takenOver(cause: ConflictError): LockedError {
  return new LockedError("The lock of this collection was lost: another harvester took it over", {
    cause,
    hint: "What was committed is safe, and the harvest that holds the lock goes on.",
  });
}

function fresh(type: string, holder: string, now: number): CheckpointState {
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

/**
 * Claims a folder for a harvest that begins now, by a conditional put of its collection.json; if the second is taken,
 * the next one. The checkpoint is fenced: no other harvester begins in a folder.
 * @param config The configuration without keys.
 * @returns When the harvest began, in milliseconds since 1970, and what is in its folder.
 */
export async function claimFolder(
  store: Store,
  { collectionId, config, now }: { collectionId: string; config: JsonObject; now: number },
): Promise<{ began: number; sides: NamedSum[] }> {
  const keys = collectionKeys(collectionId);
  const bytes = jsonBytes(config);
  const sides = [{ name: FILES.config, sha1: createHash("sha1").update(bytes).digest("hex") }];
  for (let began = now, tries = 0; tries < 60; began = (Math.floor(began / 1_000) + 1) * 1_000) {
    try {
      await store.put(`${keys.harvest(began)}${FILES.config}`, bytes, { ifAbsent: true });
      return { began, sides };
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      const claimed = isUnused(store, keys.harvest(began), bytes);
      if (await claimed.catch(() => Promise.reject(error))) return { began, sides };
      if (!(error instanceof ConflictError)) throw error;
      tries++;
    }
  }
  throw new OutsideError(`No free harvest folder was found from ${isoTime(now)} on`);
}

/**
 * Returns whether a folder was just claimed: by a put whose response was lost, or by a harvester killed right after.
 */
async function isUnused(store: Store, folder: string, config: Uint8Array): Promise<boolean> {
  const key = `${folder}${FILES.config}`;
  for await (const found of store.list(folder)) if (found.key !== key) return false;
  const found = await store.get(key);
  return found !== null && Buffer.from(found.bytes).equals(config);
}
