/** Keeps a harvester of this machine alive: after a fault it is restarted, until it is stopped. */

import { type Clock, isoTime } from "../../base/clock.ts";
import { errorSentence, LockedError, TwarcCloudError } from "../../base/errors.ts";
import { outlast } from "../../base/outage.ts";
import type { Documents } from "./documents.ts";
import { type FoundKept, type Kept, readKept, writeKept } from "./kept.ts";
import type { Started } from "../runner.ts";

/** Milliseconds until a harvester is restarted: at first, and at most. */
const [FIRST_WAIT_MS, MAX_WAIT_MS] = [1_000, 300_000];
/** Milliseconds after which a harvester counts as steady: the next fault is the first one again. */
const STEADY_MS = 600_000;
/** Milliseconds between polls whether it still runs, and is still to be kept, by default. */
const POLL_MS = 500;
/** Milliseconds to wait for an unavailable bucket: after that it counts as deleted. */
const PATIENCE_MS = 24 * 3_600_000;

/** Options of a keeper. */
export interface KeeperOptions {
  collectionId: string;
  /** The keeper's own id: where the document names another one, that has taken over. */
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
  /** Returns whether any process holds the collection's lock. */
  isHeld: () => Promise<boolean>;
  /**
   * Returns why a harvest of the collection has ended by itself since a time, in milliseconds since 1970; null where
   * none has.
   */
  endedWhy: (since: number) => Promise<string | null>;
  /** Called with a line for each event. */
  report: (line: string) => void;
  /** Milliseconds between polls whether it still runs, and is still to be kept. */
  pollMs?: number;
}

/** The end of a harvester. */
interface End {
  exitCode: number;
  problem: string;
  /** Whether another process harvests the collection: that ends by itself. */
  isHeld: boolean;
  /** Whether its stream has ended by itself, such as at its limit. */
  isOver?: boolean;
  /** Milliseconds that it ran. */
  lasted: number;
}

/**
 * Keeps a harvester alive until it is stopped, another keeper has taken over, it ended by itself or because a person
 * has to change something, or the signal is aborted; then it goes on without its keeper.
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

  /** Returns the document; null where the harvester was stopped, or another keeper has it. */
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
      const started = await this.#beginHarvester(kept);
      if (!("outcome" in started)) {
        kept = this.#after(kept, started);
      } else {
        if (await started.outcome() === null) kept = { ...kept, state: "running" };
        if (!await this.#write(kept)) return await this.#stopUnwanted();
        const end = await this.#waitForEnd(started, since);
        if (!await this.mine()) return;
        kept = this.#after(kept, { ...end, lasted: clock.monotonic() - began });
      }
      if (!await this.#write(kept) || kept.state === "ended") return;
      if (!await this.#isWantedAfter(kept.fault?.wait_ms ?? 0)) return;
    }
  }

  /** Starts the harvester; returns its end where it did not begin. */
  async #beginHarvester({ flags }: Kept): Promise<Started | End> {
    try {
      return await this.#options.begin(flags);
    } catch (error) {
      if (!(error instanceof TwarcCloudError)) throw error;
      const { exitCode } = error;
      const isHeld = error instanceof LockedError;
      return { exitCode, problem: errorSentence(error), isHeld, lasted: 0 };
    }
  }

  /** Waits until a harvester has ended; returns its end. */
  async #waitForEnd(started: Started, since: number): Promise<Omit<End, "lasted">> {
    const { clock, signal, isHeld, endedWhy, pollMs = POLL_MS } = this.#options;
    let outcome = await started.outcome();
    for (; !outcome; outcome = await started.outcome()) {
      await clock.sleep(pollMs, signal);
      signal.throwIfAborted();
    }
    const why = outcome.exitCode === 0 ? await this.#outlast(() => endedWhy(since)) : null;
    if (why !== null) {
      return { exitCode: 0, problem: errorSentence(new Error(why)), isHeld: false, isOver: true };
    }
    const { exitCode, message = "It ended without a stop request" } = outcome;
    const problem = errorSentence(new Error(message));
    return { exitCode, problem, isHeld: exitCode === 1 && await this.#outlast(isHeld) };
  }

  /** Stops a harvester that was stopped before it had begun. Where another keeper took over, that one handles it. */
  async #stopUnwanted(): Promise<void> {
    const { documents, collectionId, stop } = this.#options;
    if (!await this.#outlast(() => readKept(documents, collectionId))) await stop();
  }

  /** Returns the document of a harvester that has ended. */
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

  /** Waits; returns whether the harvester was to be kept, by this keeper, all the time. */
  async #isWantedAfter(ms: number): Promise<boolean> {
    const { clock, signal, pollMs = POLL_MS } = this.#options;
    for (let left = ms; left > 0; left -= pollMs) {
      await clock.sleep(Math.min(left, pollMs), signal);
      signal.throwIfAborted();
      if (!await this.mine()) return false;
    }
    return true;
  }

  /** Writes the document; false where it now belongs to another keeper. */
  async #write(kept: Kept): Promise<boolean> {
    const { documents } = this.#options;
    for (;;) {
      const found = await this.mine();
      if (!found) return false;
      // Where the response of a first try is lost, the second one is refused, and its write is found here.
      if (await this.#outlast(() => writeKept(documents, kept, found.version))) return true;
    }
  }

  /** Acts with the patience of a keeper: a bucket may be unavailable, or unreadable, for a day. */
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
