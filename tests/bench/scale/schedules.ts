/**
 * A day of many scheduled collections on Fargate: when each is due, which tasks are started within its quotas, and how
 * long they wait for limits that they share without knowing of each other.
 */

import { RateLimits } from "../../../lib/sandbox/limits.ts";
import { nextTime } from "../../../lib/runner/schedule.ts";
import { Budget } from "../../../lib/twitter/http/rate_limits.ts";
import { NextClock } from "./next_clock.ts";
import type { OneRun } from "./one_run.ts";

/**
 * Tasks that Fargate starts at once, and a second after that.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
 */
const STARTS = { burst: 100, perSecond: 20 };
/** When a run is tried again that could not be started: about so much later, ten times, and for an hour at most. */
const RETRY = { everyMs: 360_000, times: 10, ageMs: 3_600_000 };
/** Milliseconds from when a task is billed until the program begins, and the least that is billed. */
const [BEFORE_MS, LEAST_MS] = [20_000, 60_000];
const LATENCY_MS = 250;
/** Milliseconds between renewals of a lease, each of which is a write. */
const LEASE_MS = 20_000;
const WINDOW_MS = 900_000;
const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

/** Collections with one schedule. */
export interface Fleet {
  collections: number;
  expression: string;
  /** What a run of one of them asks for. */
  run: OneRun;
  /** Sets of keys, each for as many collections. */
  keys: number;
  /** Tasks that may run at the same time: a quota of vCPUs. */
  most: number;
}

/** What came of a day of it. */
export interface DayOfFleet {
  /** Runs that were started, and that could not be for an hour. */
  begun: number;
  dropped: number;
  /** Requests that the API refused (429). */
  refused: number;
  /** Tasks at the same time, at most. */
  atOnce: number;
  /** Milliseconds from the first run's time until the last one ended. */
  tookMs: number;
  /** Milliseconds of tasks that are billed. */
  billedMs: number;
  /** Writes to S3. */
  puts: number;
}

/** Plays the day after the one in which the collections were scheduled, one after the other. */
export async function dayOf(fleet: Fleet): Promise<DayOfFleet> {
  const day = new Day(fleet);
  return await day.play();
}

class Day {
  readonly #fleet: Fleet;
  readonly #clock = new NextClock(START);
  readonly #limits: RateLimits;
  readonly #never = new AbortController().signal;
  #tokens = STARTS.burst;
  #filledAt = 0;
  #running = 0;
  #first = Infinity;
  #last = 0;
  readonly #seen = { begun: 0, dropped: 0, refused: 0, atOnce: 0, billedMs: 0, puts: 0 };

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#limits = new RateLimits(this.#clock, { windowMs: WINDOW_MS });
  }

  async play(): Promise<DayOfFleet> {
    const { collections } = this.#fleet;
    const all = Array.from({ length: collections }, (_, i) => this.#collection(i));
    await this.#clock.until(Promise.all(all));
    return { ...this.#seen, tookMs: this.#last - this.#first };
  }

  /** One collection, from when its schedule was made until the run after that has ended. */
  async #collection(number: number): Promise<void> {
    const { collections, expression, keys } = this.#fleet;
    let due = START - DAY_MS + number / collections * DAY_MS;
    while (due < START) due = nextTime({ expression }, due) ?? Infinity;
    await this.#clock.sleep(due - this.#clock.now());
    this.#first = Math.min(this.#first, due);
    if (!await this.#started(number)) {
      this.#seen.dropped++;
      return;
    }
    this.#seen.begun++;
    this.#seen.atOnce = Math.max(this.#seen.atOnce, ++this.#running);
    const began = this.#clock.now();
    await this.#clock.sleep(BEFORE_MS);
    await this.#harvest(`${number % keys}`);
    const took = this.#clock.now() - began;
    this.#running--;
    this.#seen.billedMs += Math.max(took, LEAST_MS);
    this.#seen.puts += this.#fleet.run.puts + Math.floor(took / LEASE_MS);
    this.#last = Math.max(this.#last, this.#clock.now());
  }

  /** Whether a task is started, within the quotas, before its run is given up. */
  async #started(number: number): Promise<boolean> {
    const due = this.#clock.now();
    for (let tries = 0; tries <= RETRY.times; tries++) {
      if (this.#clock.now() - due > RETRY.ageMs) break;
      if (this.#running < this.#fleet.most && this.#takeToken()) return true;
      // No two wait as long, as with the random part that AWS's retries have.
      await this.#clock.sleep(RETRY.everyMs * (0.5 + fraction(number * 31 + tries)));
    }
    return false;
  }

  #takeToken(): boolean {
    const now = this.#clock.monotonic();
    const filled = this.#tokens + (now - this.#filledAt) / 1_000 * STARTS.perSecond;
    [this.#tokens, this.#filledAt] = [Math.min(filled, STARTS.burst), now];
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Asks what a harvest asks, each limit as far as this harvest knows it. */
  async #harvest(token: string): Promise<void> {
    const budgets = new Map<string, Budget>();
    for (const { path, as } of this.#fleet.run.requests) {
      const endpoint = path.replace(/\/\d+(?=\/|$)/g, "/:id");
      const budget = budgets.get(endpoint) ?? new Budget(endpoint, { clock: this.#clock });
      budgets.set(endpoint, budget);
      while (!await this.#asked(budget, path, { token, kind: as }));
    }
  }

  /** Whether a request was answered with what it asks for, and not refused. */
  async #asked(
    budget: Budget,
    path: string,
    asker: { token: string; kind: "app" | "user" },
  ): Promise<boolean> {
    await budget.turn(this.#never);
    await this.#clock.sleep(LATENCY_MS);
    const { remaining, reset, isExceeded } = this.#limits.count({ method: "GET", path }, asker);
    const headers = { "x-rate-limit-remaining": `${remaining}`, "x-rate-limit-reset": `${reset}` };
    budget.noteAnswer(new Headers(headers));
    if (isExceeded) this.#seen.refused++;
    return !isExceeded;
  }
}

/** A part of one that looks like chance, the same in each run (Park and Miller, 1988). */
function fraction(seed: number): number {
  return (seed + 1) * 48_271 % 2_147_483_647 % 10_007 / 10_007;
}
