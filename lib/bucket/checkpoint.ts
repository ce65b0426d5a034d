/** The writes of `checkpoint.json`, by which commits come true. */

import { Buffer } from "node:buffer";
import type { Clock } from "../base/clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Made } from "../collection/made.ts";
import { ConflictError, LockedError } from "../base/errors.ts";
import { jsonLineBytes } from "../base/json_bytes.ts";
import { giveBack } from "../base/memory.ts";
import type { Store, Version } from "../store/store.ts";
import { toDocument } from "./many.ts";
import {
  type CheckpointState,
  type Commit,
  freshState,
  type NamedSum,
  noCounts,
  parseCheckpoint,
} from "./checkpoint_state.ts";

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
      : freshState(type, holder, clock.now());
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
        const bytes = jsonLineBytes(toDocument(this.#state));
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
        ...freshState(type, holder, began),
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
    const bytes = jsonLineBytes(toDocument(next));
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
    const { holder, commits } = parseCheckpoint(found.bytes, this.#collectionId);
    if (holder !== next.holder && !this.#isOwn) {
      this.#isOutdated = true;
      throw conflict;
    }
    if (holder !== next.holder || commits > next.commits) throw takenOver(conflict);
    return found;
  }
}

function takenOver(cause: ConflictError): LockedError {
  return new LockedError("The lock of this collection was lost: another harvester took it over", {
    cause,
    hint: "What was committed is safe, and the harvest that holds the lock goes on.",
  });
}
