/** The ports to the sources of tweets, and the batches that a source passes to the recorder. */

import type { Clock } from "../base/clock.ts";
import type { ConfigUpdate } from "../collection/changeset.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { OutsideError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import type { Waits } from "../base/waits.ts";
import type { Gap, MissingTweet, StreamMessage } from "../twitter/api.ts";
import type { LeftOut } from "../twitter/v2/words.ts";
import type { Meter } from "./meter.ts";

/** The position of a walk: complete, or anything that its source can resume from. */
export type Position = Json | "whole";

/**
 * Returns whether nothing is left to do from a position: the walk is complete, or a stream that was ended in good
 * order.
 */
export function isDone(position: Position): boolean {
  if (position === "whole") return true;
  return typeof position === "object" && position !== null && "isStopped" in position;
}

/** Returns the error for an invalid position of a walk in a checkpoint. */
export function unreadablePosition(walk: string, cause?: unknown): OutsideError {
  return new OutsideError(`The checkpoint's position of ${walk} cannot be read`, {
    cause,
    hint: "It was written by another version of twarc-cloud: use that one to end the harvest.",
  });
}

/**
 * A position that takes some work, computed on use; it is the walk's position at its batch, though more was requested
 * since.
 */
export type LaterPosition = () => Position;

/** Returns a position as it is recorded. */
export function toPosition(position: Position | LaterPosition): Position {
  return typeof position === "function" ? position() : position;
}

/** The positions of walks, by walk: `user:12`, `search`, `stream`. */
export type Positions = Record<string, Position>;

/** A change of a user. */
export interface UserChange {
  user_id: string;
  screen_name?: string;
  change:
    | "screen name found"
    | "screen name changed"
    | "protected"
    | "suspended"
    | "not_found"
    | "returned";
  /** When it was found; ISO 8601. */
  at?: string;
  /** The name that the user had before. */
  old_screen_name?: string;
  /** The state that a user has returned from. */
  was?: string;
}

/** A user whose timeline could not be read, although others could, and why. */
export interface Unavailable {
  id: string;
  screen_name?: string;
  why: string;
}

/**
 * A span of a gap that was covered; times in milliseconds since 1970, ids as a gap's. One without times records that
 * the API returns nothing of the gap any more.
 */
export type FilledSpan = Pick<Gap, "from" | "to" | "since_id" | "until_id" | "user_id">;

/** The content of one response of the API. */
export interface Batch {
  /** The walk that it belongs to. */
  walk: string;
  /** The position of that walk after this batch. */
  position: Position | LaterPosition;
  /** Raw lines without a line break; a v2 line holds several tweets. */
  tweets: Uint8Array[];
  /** The tweets in these lines. */
  count: number;
  /** Set where none of these lines has half a character, as far as is known without another look. */
  isWellFormed?: true;
  users?: Uint8Array[];
  userChanges?: UserChange[];
  messages?: StreamMessage[];
  gap?: Gap;
  /** The span of a gap that a completed walk covered. */
  filled?: FilledSpan;
  /** The span that its walk covers by now, apart from gaps; times in milliseconds since 1970. */
  covered?: Pick<Gap, "from" | "to">;
  missing?: MissingTweet[];
  /** How many ids of a list were requested by now, and how many it has. */
  ids?: { done: number; of: number };
  /** Objects left out, as they are not public: tweets, and users whose timelines were not requested. */
  protected?: { tweets?: number; users?: number };
  /** A user whom the API did not return. */
  unavailable?: Unavailable;
  /** A user who is removed from the configuration, and for which state. */
  removed?: Unavailable;
  /** Whether its position is to be committed at once, although it may have no content. */
  isUrgent?: true;
  /**
   * The change of the configuration; a since_id comes with "whole" only, or with any batch of a walk that goes
   * forward, all of which is recorded up to there.
   */
  update?: ConfigUpdate;
}

/** A batch with a computed position. */
export type PlacedBatch = Batch & { position: Position };

/** A source of tweets. */
export interface TweetSource {
  /**
   * Yields the batches from `from` on. Ends when every walk is complete, when `max_records` is reached, or soon after
   * `signal` is aborted; throws the errors of the API port.
   */
  batches(from: Positions, signal: AbortSignal): AsyncIterable<Batch>;
}

/** Returns whether losing a batch in a crash would lose more than a position. */
export function hasContent(
  { count, users, userChanges, messages, missing, gap, filled, update, position }: Batch,
): boolean {
  const sides = [users, userChanges, messages, missing].some((lines) => lines && lines.length > 0);
  const isSpan = gap !== undefined || filled !== undefined;
  return count > 0 || sides || isSpan || update !== undefined || position === "whole";
}

/** Options of a source. */
export interface SourceOptions {
  clock: Clock;
  /** The ids of a collection that has a list of them, sorted, each once. */
  ids: () => Promise<BigUint64Array>;
  /** Milliseconds to wait for a network that worked before. */
  patienceMs: number;
  /** Up to when an earlier harvest covered all, in milliseconds since 1970. */
  reached?: number | undefined;
  /** Notified of the waits. */
  waits?: Waits | undefined;
  /** Awaited before a stream is reopened. @throws where another harvester has the collection by now */
  confirm?: () => Promise<void>;
  /** Counts the reads; absent where reading costs nothing. */
  meter?: Meter | undefined;
}

/** The network of a collection's tweets, opened with its keys. */
export interface Network {
  /** The parts of requests that it does not support. */
  readonly leftOut?: readonly LeftOut[];
  /** Opens the source of a configuration. @throws the errors of `ids` */
  openSource(config: CollectionConfig, options: SourceOptions): Promise<TweetSource>;
  /** Returns a failure with the network's explanation added, or unchanged. */
  explain(failure: unknown): Promise<unknown>;
}
