/** Counts of a harvest besides its tweets. */

import { isoTime } from "../base/clock.ts";
import type { Span } from "../base/spans.ts";
import { type Counts, noCounts } from "../bucket/checkpoint_state.ts";
import { hasHalves } from "../format/surrogates.ts";
import type { Batch, Network } from "../source/source.ts";
import type { Meter } from "../source/meter.ts";

/** Sources of other counts. */
export interface TallyOptions {
  /** Knows what is billed; absent where nothing is. */
  meter?: Meter | undefined;
  /** Knows which parts of a request the API left out. */
  network?: Pick<Network, "leftOut"> | undefined;
}

/** Counts the content of batches. */
export class Tally {
  readonly #counts: Counts;
  readonly #options: TallyOptions;
  /** Tweets that a stream's connection reports as not delivered: it starts at 0 with each connection. */
  #undelivered = 0;
  #covered: Span | undefined;
  /** Earlier spans belong to another harvest. */
  #least = -Infinity;

  /** @param walks How many there are, as far as is known. */
  constructor(walks: number, options: TallyOptions) {
    this.#counts = noCounts(walks);
    this.#options = options;
  }

  /** Returns that of the next harvest, on the same connection. @param began When that begins. */
  next(began: number): Tally {
    const next = new Tally(1, this.#options);
    next.#undelivered = this.#undelivered;
    next.#least = began;
    if (this.#covered) next.addCovered({ from: began, to: began });
    return next;
  }

  /** Records that a stream goes on until a time, at which this harvest ends. */
  coverUntil(to: number): void {
    if (this.#covered) this.addCovered({ ...this.#covered, to });
  }

  /** Adds a covered span. */
  addCovered({ from, to }: Span): void {
    const { from: first = from, to: last = to } = this.#covered ?? {};
    this.#covered = { from: Math.max(Math.min(first, from), this.#least), to: Math.max(last, to) };
  }

  /** The counts so far, the bill, and the parts of requests that the API left out. */
  get counts(): Counts {
    const { meter, network: { leftOut = [] } = {} } = this.#options;
    return {
      ...this.#counts,
      ...(leftOut.length > 0 ? { left_out: [...leftOut] } : {}),
      ...(this.#covered ? { covered: toCovered(this.#covered) } : {}),
      ...(meter ? { billed: meter.harvestBill } : {}),
    };
  }

  /** Counts a batch's content besides tweets. */
  add(batch: Batch): void {
    const { users = [], userChanges = [], messages = [], gap, missing = [] } = batch;
    const counts = this.#counts;
    counts.users += users.length;
    counts.user_changes += userChanges.length;
    counts.gaps += gap ? 1 : 0;
    const { unavailable, removed, ids } = batch;
    if (batch.covered) this.addCovered(batch.covered);
    const odd = batch.isWellFormed ? 0 : batch.tweets.filter(hasHalves).length;
    if (odd > 0) counts.odd_lines = (counts.odd_lines ?? 0) + odd;
    if (ids) Object.assign(counts, { ids_done: ids.done, ids: ids.of });
    if (unavailable) (counts.unavailable ??= []).push(unavailable);
    if (removed) (counts.removed_users ??= []).push(removed);
    if (batch.protected) {
      const { tweets = 0, users = 0 } = batch.protected;
      const counted = counts.protected ??= { tweets: 0, users: 0 };
      counted.tweets += tweets;
      counted.users += users;
    }
    for (const { why } of missing) {
      const counted = counts.missing ??= {};
      counted[why] = (counted[why] ?? 0) + 1;
    }
    for (const { kind, undelivered } of messages) {
      const counted = Object.hasOwn(counts.messages, kind) && counts.messages[kind] || 0;
      counts.messages[kind] = counted + 1;
      if (undelivered === undefined) continue;
      const more = undelivered - this.#undelivered;
      counts.undelivered += more < 0 ? undelivered : more;
      this.#undelivered = undelivered;
    }
  }

  /** Counts a gap that is in no batch. */
  addGap(): void {
    this.#counts.gaps++;
  }

  /** Counts walks that were begun, and one more that may be complete. */
  addWalk(begun: number, isWhole: boolean): void {
    if (isWhole) this.#counts.walks_done++;
    this.#counts.walks = Math.max(this.#counts.walks, begun);
  }
}

function toCovered({ from, to }: Span): NonNullable<Counts["covered"]> {
  return { from: isoTime(from), to: isoTime(to) };
}
