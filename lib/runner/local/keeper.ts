/** Keeps a harvester of this machine alive: what ended by a fault is started again, until it is stopped. */

import { type Clock, isoTime } from "../../base/clock.ts";
import { LockedError, TwarcCloudError } from "../../base/errors.ts";
import { outlast, sentenceOf } from "../../base/outage.ts";
import type { Documents } from "./documents.ts";
import { type FoundKept, type Kept, readKept, writeKept } from "./kept.ts";
import type { Started } from "../runner.ts";

/** Milliseconds until a harvester is started again: at first, and at most. */
const [FIRST_WAIT_MS, MAX_WAIT_MS] = [1_000, 300_000];
/** Milliseconds after which a harvester has worked: the next fault is the first one again. */
const STEADY_MS = 600_000;
/** Milliseconds between looks at whether it still runs, and whether it is still wanted, where nothing else is said. */
const POLL_MS = 500;
/** Milliseconds for which a bucket that is away is waited for: one that does not come back was deleted. */
const PATIENCE_MS = 24 * 3_600_000;

/** What a keeper works with. */
export interface KeeperOptions {
  collectionId: string;
  /** The keeper's own id: where the document names another, that one has taken over. */
  id: string;
  /** This process, as locks name it. */
  process: Kept["process"];
  documents: Documents;
  clock: Clock;
  signal: AbortSignal;
  /** Starts the harvester; resolves once it has the lease, has ended, or takes long. */
  begin: (flags: Kept["flags"]) => Promise<Started>;
  /** Stops a harvester. */
  stop: () => Promise<void>;
  /** Whether somebody holds the collection's lock. */
  isHeld: () => Promise<boolean>;
  /** Why a harvest of the collection has ended by itself since a time, in milliseconds since 1970; null where none has. */
  endedWhy: (since: number) => Promise<string | null>;
  /** Gets a line for each thing that happens. */
  report: (line: string) => void;
  /** Milliseconds between looks at whether it still runs, and whether it is still wanted. */
  pollMs?: number;
}

/** How a harvester ended. */
interface End {
  exitCode: number;
  problem: string;
  /** Whether somebody else harvests the collection: that ends by itself. */
  isHeld: boolean;
  /** Whether its stream has come to an end of its own, such as its limit. */
  isOver?: boolean;
  /** Milliseconds that it was there. */
  lasted: number;
}

/**
 * Keeps a harvester alive until nobody wants it any more, another keeper has taken over, it ended by itself or because a
 * person has to change something, or the signal is aborted; then it goes on without its keeper.
 */
export async function keepAlive(options: KeeperOptions): Promise<void> {
  const { signal, process } = options;
  const keeper = new Keeper(options);
  try {
    const kept = await keeper.mine();
    if (kept) await keeper.keep({ ...kept.kept, ...(process ? { process } : {}) });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

class Keeper {
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Returns the document; null where nobody wants the harvester any more, or another keeper has it. */
  async mine(): Promise<FoundKept | null> {
    const { documents, collectionId, id } = this.#options;
    const found = await this.#outlast(() => readKept(documents, collectionId));
    return found?.kept.keeper === id ? found : null;
  }

  /** Writes the document, and keeps its harvester alive. */
  async keep(first: Kept): Promise<void> {
    let kept = first;
    if (!await this.#write(kept)) return;
    for (;;) {
      const { clock } = this.#options;
      const [began, since] = [clock.monotonic(), clock.now()];
      const started = await this.#begun(kept);
      if (!("outcome" in started)) {
        kept = this.#after(kept, started);
      } else {
        if (await started.outcome() === null) kept = { ...kept, state: "running" };
        if (!await this.#write(kept)) return await this.#stopUnwanted();
        const end = await this.#endOf(started, since);
        if (!await this.mine()) return;
        kept = this.#after(kept, { ...end, lasted: clock.monotonic() - began });
      }
      if (!await this.#write(kept) || kept.state === "ended") return;
      if (!await this.#isWantedAfter(kept.fault?.wait_ms ?? 0)) return;
    }
  }

  /** Starts the harvester; how it ended where it did not begin. */
  async #begun({ flags }: Kept): Promise<Started | End> {
    try {
      return await this.#options.begin(flags);
    } catch (error) {
      if (!(error instanceof TwarcCloudError)) throw error;
      const { exitCode } = error;
      const isHeld = error instanceof LockedError;
      return { exitCode, problem: sentenceOf(error), isHeld, lasted: 0 };
    }
  }

  /** Waits until a harvester has ended; how it did. */
  async #endOf(started: Started, since: number): Promise<Omit<End, "lasted">> {
    const { clock, signal, isHeld, endedWhy, pollMs = POLL_MS } = this.#options;
    let outcome = await started.outcome();
    for (; !outcome; outcome = await started.outcome()) {
      await clock.sleep(pollMs, signal);
      signal.throwIfAborted();
    }
    const why = outcome.exitCode === 0 ? await this.#outlast(() => endedWhy(since)) : null;
    if (why !== null) {
      return { exitCode: 0, problem: sentenceOf(new Error(why)), isHeld: false, isOver: true };
    }
    const { exitCode, message = "It was ended, though nobody stopped it" } = outcome;
    const problem = sentenceOf(new Error(message));
    return { exitCode, problem, isHeld: exitCode === 1 && await this.#outlast(isHeld) };
  }

  /** Who stopped it while it began found nothing to stop. Where another keeper took over, that one sees to it. */
  async #stopUnwanted(): Promise<void> {
    const { documents, collectionId, stop } = this.#options;
    if (!await this.#outlast(() => readKept(documents, collectionId))) await stop();
  }

  /** Returns what is to be written down of a harvester that has ended. */
  #after(kept: Kept, { exitCode, problem, isHeld, isOver = false, lasted }: End): Kept {
    const now = this.#options.clock.now();
    const before = lasted >= STEADY_MS ? undefined : kept.fault;
    const tries = (before?.tries ?? 0) + 1;
    const fault = { since: before?.since ?? isoTime(now), tries, problem, exit_code: exitCode };
    const isPersons = isOver || exitCode === 1 || exitCode === 2;
    if (!isHeld && (isPersons || kept.state === "starting")) {
      this.#report(`The harvester ended: ${problem} It is not started again by itself.`);
      return { ...kept, state: "ended", fault };
    }
    const wait_ms = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS);
    const next = isoTime(now + wait_ms);
    this.#report(`The harvester ended: ${problem} It is started again at ${next}.`);
    return { ...kept, state: "waiting", fault: { ...fault, next, wait_ms } };
  }

  /** Waits; whether it is still wanted, by this keeper, all the time. */
  async #isWantedAfter(ms: number): Promise<boolean> {
    const { clock, signal, pollMs = POLL_MS } = this.#options;
    for (let left = ms; left > 0; left -= pollMs) {
      await clock.sleep(Math.min(left, pollMs), signal);
      signal.throwIfAborted();
      if (!await this.mine()) return false;
    }
    return true;
  }

  /** Writes the document; false where it is not this keeper's any more. */
  async #write(kept: Kept): Promise<boolean> {
    const { documents } = this.#options;
    for (;;) {
      const found = await this.mine();
      if (!found) return false;
      // Where the answer of a first try is lost, the second one is refused, and what it wrote is found here.
      if (await this.#outlast(() => writeKept(documents, kept, found.version))) return true;
    }
  }

  /** With the patience of a keeper: a bucket may be away, or not be its owner's to read, for a day. */
  async #outlast<T>(act: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#options;
    const end = clock.monotonic() + PATIENCE_MS;
    const say = (line: string) => this.#report(line);
    const passes = (failure: unknown) =>
      failure instanceof TwarcCloudError && clock.monotonic() < end;
    return await outlast(act, { clock, signal, say, passes });
  }

  #report(line: string): void {
    this.#options.report(`${isoTime(this.#options.clock.now())} ${line}`);
  }
}
