/** The ports to where tweets come from, and what a source hands to the recorder. */

import type { Clock } from "../base/clock.ts";
import type { ConfigUpdate } from "../collection/changeset.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { OutsideError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import type { Waits } from "../base/waits.ts";
import type { Gap, MissingTweet, StreamMessage } from "../twitter/api.ts";
import type { LeftOut } from "../twitter/v2/words.ts";
import type { Meter } from "./meter.ts";

/** Where a walk stands: whole, or anything that its source can go on from. */
export type Position = Json | "whole";

/** Whether nothing is left to do from a position: the walk is whole, or a stream that was ended in good order. */
export function isDone(position: Position): boolean {
  if (position === "whole") return true;
  return typeof position === "object" && position !== null && "isStopped" in position;
}

/** That a checkpoint's position of a walk is none of ours. */
export function unreadablePosition(walk: string, cause?: unknown): OutsideError {
  return new OutsideError(`The checkpoint's position of ${walk} cannot be read`, {
    cause,
    hint: "It was written by another version of twarc-cloud: use that one to end the harvest.",
  });
}

/**
 * A position that takes some work, made when it is needed; it is where the walk stood at its batch, though more was asked
 * for since.
 */
export type LaterPosition = () => Position;

/** A position as it is recorded. */
export function positionOf(position: Position | LaterPosition): Position {
  return typeof position === "function" ? position() : position;
}

/** The positions of walks, by walk: `user:12`, `search`, `stream`. */
export type Positions = Record<string, Position>;

/** Something that was found to have changed about a user. */
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
 * A span of a gap that was asked for; times in milliseconds since 1970, ids as a gap's. One of no time says that the API
 * gives nothing of the gap any more.
 */
export type FilledSpan = Pick<Gap, "from" | "to" | "since_id" | "until_id" | "user_id">;

/** What one API answer brought, whole. */
export interface Batch {
  /** The walk that it belongs to. */
  walk: string;
  /** Where that walk stands after this batch. */
  position: Position | LaterPosition;
  /** Raw lines without a line break; a v2 line holds several tweets. */
  tweets: Uint8Array[];
  /** The tweets in these lines. */
  count: number;
  users?: Uint8Array[];
  userChanges?: UserChange[];
  messages?: StreamMessage[];
  gap?: Gap;
  /** What of a gap was asked for by a walk that is whole by now. */
  filled?: FilledSpan;
  /** The span that its walk covers by now, apart from gaps; times in milliseconds since 1970. */
  covered?: Pick<Gap, "from" | "to">;
  missing?: MissingTweet[];
  /** How many ids of a list were asked for by now, and how many it has. */
  ids?: { done: number; of: number };
  /** What was left out, as it is not public: tweets, and users whose timelines were not asked for. */
  protected?: { tweets?: number; users?: number };
  /** A user whom the API could not give. */
  unavailable?: Unavailable;
  /** A user who is taken out of the configuration, and for which state. */
  removed?: Unavailable;
  /** Whether its position is to be committed at once, although it may bring nothing. */
  isUrgent?: true;
  /**
   * What the configuration is to learn from it; a since_id comes with "whole" only, or with any batch of a walk that
   * goes forward, all of which is recorded up to there.
   */
  update?: ConfigUpdate;
}

/** What one answer brought, with a position that is made. */
export type PlacedBatch = Batch & { position: Position };

/** Where tweets come from. */
export interface TweetSource {
  /**
   * The batches from `from` on. Ends when every walk is whole, when `max_records` is reached, or
   * soon after `signal` is aborted; throws what the API port throws.
   */
  batches(from: Positions, signal: AbortSignal): AsyncIterable<Batch>;
}

/** Whether losing a batch in a crash would lose more than a position. */
export function hasContent(
  { count, users, userChanges, messages, missing, gap, filled, update, position }: Batch,
): boolean {
  const sides = [users, userChanges, messages, missing].some((lines) => lines && lines.length > 0);
  const isSpan = gap !== undefined || filled !== undefined;
  return count > 0 || sides || isSpan || update !== undefined || position === "whole";
}

/** What a source is opened with. */
export interface SourceOptions {
  clock: Clock;
  /** The ids of a collection that has a list of them, sorted, each once. */
  ids: () => Promise<BigUint64Array>;
  /** Milliseconds that a network is waited for that answered before. */
  patienceMs: number;
  /** Up to when a harvest before covered all, in milliseconds since 1970. */
  reached?: number | undefined;
  /** Told of the waits. */
  waits?: Waits | undefined;
  /** Awaited before a stream is opened again. @throws where somebody else has the collection by now */
  confirm?: () => Promise<void>;
  /** Counts what is read; absent where reading costs nothing. */
  meter?: Meter | undefined;
}

/** The network that a collection's tweets are on, opened with its keys. */
export interface Network {
  /** What it did not take of what it was asked for. */
  readonly leftOut?: readonly LeftOut[];
  /** Opens what a configuration asks for. @throws what `ids` throws */
  openSource(config: CollectionConfig, options: SourceOptions): Promise<TweetSource>;
  /** Returns a failure with what the network says about it beyond that, or as it is. */
  explain(failure: unknown): Promise<unknown>;
}
