/** The committed truth of a collection's harvests: positions, whole files, and what is still to be told. */

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
  /** The lease that wrote it, and how often: tells a write of one's own from another's. */
  holder: z.string(),
  commits: z.number(),
  /**
   * harvesting: files and positions are true, the harvest goes on or was cut; finished: it has ended,
   * projections may be missing; settled: all is told.
   */
  state: z.enum(["harvesting", "finished", "settled"]),
  type: z.string(),
  /** When the harvest began, in milliseconds since 1970; its folder follows from it. */
  began: z.number(),
  /** When it was to begin in place of another one, where that is another time: notes name it so. */
  planned: z.number().optional(),
  /** When the last commit was made, in milliseconds since 1970. */
  at: z.number(),
  positions: jsonObject,
  /** The whole tweets files in the harvest's folder. */
  files: z.array(z.object({
    name: z.string(),
    sha1: z.string(),
    bytes: z.number(),
    tweets: z.number(),
    /** The number of a segment, of which it is a piece: the whole segment takes its place. */
    pieceOf: z.number().optional(),
  })),
  /**
   * The files beside the tweets as they are in the store, where that is known for sure: after a harvest that was cut
   * they may have more.
   */
  sides: z.array(z.object({ name: z.string(), sha1: z.string() })).optional(),
  /** How many cuts of the harvest are in these files. */
  cuts: z.number().optional(),
  /**
   * What of these files was brought by harvests before, that another one cut short: when these began, and when the
   * oldest and the newest of the tweets were made, in milliseconds since 1970.
   */
  late: z.array(
    z.object({ began: z.number(), from: z.number(), to: z.number(), tweets: z.number() }),
  ).optional(),
  /** What the configuration is to learn. */
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
  /** What the harvests of a month were billed, where reading costs something. */
  spent: z.object({ month: z.string(), posts: z.number(), dollars: z.number() }).optional(),
  /** Up to when a harvest before covered all; ISO 8601. */
  reached: z.string().optional(),
  /** When the harvest ended, in milliseconds since 1970. */
  ended: z.number().optional(),
  outcome: z.enum(["complete", "stopped", "interrupted", "failed"]).optional(),
  reason: z.string().optional(),
  ended_by: endedBySchema.optional(),
  /** What made the harvest. */
  made: madeSchema.optional(),
  /** The exit code of a harvester that failed: who has to act. */
  exit_code: z.number().optional(),
  /** The last entry of the inventory, whose own is among them, once the harvest is settled. */
  inventory: z.object({ entries: z.number(), sha256: z.string() }).optional(),
  /** Set where it was made again from manifests: which cuts are in its files is not known. */
  isRestored: z.literal(true).optional(),
});

const { shape } = checkpointSchema;
/** What a commit changes. */
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
/** A whole tweets file in a harvest's folder. */
export type HarvestFile = CheckpointState["files"][number];
/** A file in a harvest's folder, and its checksum in hex. */
export type NamedSum = Pick<HarvestFile, "name" | "sha1">;
/** What a harvest has counted besides tweets. */
export type Counts = CheckpointState["counts"];

/** What a commit changes. */
export type Commit = z.infer<typeof commitSchema> & Pick<PerUser, "many">;

/** Counts of a harvest that has just begun. */
export function noCounts(walks: number): Counts {
  return { walks, walks_done: 0, users: 0, user_changes: 0, messages: {}, undelivered: 0, gaps: 0 };
}

/** How often a checkpoint is read again that a former holder still writes, or whose version does not fit. */
const TRIES = 5;

/** A collection's checkpoint, which only the holder of its lease writes. */
export class Checkpoint {
  readonly #store: Store;
  readonly #collectionId: string;
  readonly #key: string;
  readonly #clock: Clock;
  #state: CheckpointState;
  #version: Version | undefined;
  /** Whether what is there is this holder's, so that no former one can write it any more. */
  #isOwn = false;
  /** Whether a former holder has put it since it was read. */
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

  /** Reads the checkpoint of a collection; one without is settled and empty. */
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
   * Puts the checkpoint as it is under this holder, so that whatever a former one has still on its way meets a
   * conflict. Where that came first, the checkpoint is what it says. To be called once, by who holds the lease,
   * before anything follows from the checkpoint; from one that is settled nothing does, and `begin` is enough.
   * @param confirm Throws where the lease is not held: then it is another one that came first.
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

  /** Takes what a former holder has put since it was read. */
  async #adopt(confirm: () => Promise<void>): Promise<void> {
    const found = await this.#store.get(this.#key);
    await confirm();
    const { holder } = this.#state;
    if (found) this.#state = { ...parseCheckpoint(found.bytes, this.#collectionId), holder };
    this.#version = found?.version;
    this.#isOutdated = false;
  }

  /**
   * The checkpoint as another holder has put it; null where none has, so that what this one has on its way may
   * still be done.
   */
  async ofAnother(): Promise<CheckpointState | null> {
    const found = await this.#store.get(this.#key);
    const state = found && parseCheckpoint(found.bytes, this.#collectionId);
    return state && state.holder !== this.#state.holder ? state : null;
  }

  /** What is committed. */
  get state(): Readonly<CheckpointState> {
    return this.#state;
  }

  /**
   * The one write that makes it true.
   * @throws LockedError where another harvester has taken the collection over.
   */
  async commit(change: Commit): Promise<void> {
    const { commits } = this.#state;
    await this.#put({ ...this.#state, ...change, commits: commits + 1, at: this.#clock.now() });
  }

  /**
   * Begins a new harvest with the positions that the one before left.
   * @param options.planned When it was to begin.
   * @returns False where it was not fenced, and a former holder has put it since it was read: it has to be fenced
   *   then, and is what that one says.
   * @throws LockedError where another harvester has taken the collection over.
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
        // One's own commit before this one, or an earlier try that said less, whose answer was lost as well.
        if (tries === TRIES) throw error;
      }
    }
    giveBack(bytes);
    this.#isOwn = true;
    this.#state = next;
  }

  /**
   * What is there where a condition was not met: a write whose answer was lost and that was tried again meets itself.
   * That is no conflict: nobody else writes under this holder.
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

/** What a collection's checkpoint says; null where there is none. @throws UserError where it is damaged */
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
 * The checksum of what a settled checkpoint says, in hex: of all but who wrote it, when and how often. Members are in
 * the order in which they are parsed, whoever made them.
 */
export function checkpointSum(state: CheckpointState): string {
  const { positions, update: { update, delete: deleted } } = state;
  const bytes = jsonLineBytes([summedSchema.parse(state), positions, update, deleted]);
  const sum = sha1Of(bytes);
  giveBack(bytes);
  return sum;
}

/** Whether a checkpoint says nothing, as after a power cut; one of a later version of this program is not damaged. */
export function isDamagedCheckpoint(bytes: Uint8Array): boolean {
  const json = jsonOrNull(new TextDecoder().decode(bytes));
  const { data } = z.looseObject({ format: z.number() }).safeParse(json);
  return data === undefined || data.format === 1 && !checkpointSchema.safeParse(json).success;
}

/** @throws UserError that says what to do about a checkpoint that is damaged: no harvest begins on one. */
function parseCheckpoint(bytes: Uint8Array, collectionId: string): CheckpointState {
  try {
    return parseAs(checkpointSchema, bytes, collectionKeys(collectionId).checkpoint);
  } catch (cause) {
    throw new UserError(messageOf(cause), {
      cause,
      hint: isDamagedCheckpoint(bytes)
        ? "Make a new one from the files that are there with: twarc-cloud collection verify --repair " +
          lastWord(collectionId)
        : "It was written by another version of twarc-cloud: use that one.",
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
 * Claims a folder for a harvest that begins now: by a conditional put of its collection.json; where
 * the second is taken, the next one. The checkpoint is fenced: no other harvester begins in a folder.
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

/** Whether a folder was only just claimed: by a put whose answer was lost, or by a harvester that was killed there. */
async function isUnused(store: Store, folder: string, config: Uint8Array): Promise<boolean> {
  const key = `${folder}${FILES.config}`;
  for await (const found of store.list(folder)) if (found.key !== key) return false;
  const found = await store.get(key);
  return found !== null && Buffer.from(found.bytes).equals(config);
}
