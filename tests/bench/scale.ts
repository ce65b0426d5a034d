// deno-lint-ignore-file no-console
/**
 * How long many users take, by the program's own rate limiter against the sandbox's limits, on a clock that goes on to
 * whatever is next: `deno task bench-scale`. The numbers are those of docs/scale.md.
 */

import type { Clock } from "../../lib/base/clock.ts";
import { RateLimits } from "../../lib/sandbox/limits.ts";
import { Budget } from "../../lib/twitter/http/rate_limits.ts";
import { table } from "./table.ts";

const [WINDOW_MS, HOUR_MS] = [900_000, 3_600_000];

/** Users whose timelines are read. */
export interface Reading {
  users: number;
  /** Requests that each of them takes. */
  pages: number;
  /** An endpoint of the API, and as whom it is asked. */
  path: string;
  as: "app" | "user";
  /** Sets of keys, each with its share of the users and a harvester of its own. */
  keys: number;
  /** Requests that are under way at the same time with a set of keys, and how long each takes. */
  atOnce: number;
  latencyMs: number;
}

/** A clock that goes on to the next sleeper once nobody has anything else to do. */
export class NextClock implements Clock {
  #now = 0;
  /** Who sleeps until when: those of one time together. */
  readonly #sleepers = new Map<number, (() => void)[]>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    const at = this.#now + Math.max(ms, 1);
    return new Promise((resolve) => {
      const beside = this.#sleepers.get(at);
      if (beside) beside.push(resolve);
      else this.#sleepers.set(at, [resolve]);
    });
  }

  /** Lets time pass until `done` is settled. */
  async until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ended = done.finally(() => isDone = true);
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = Math.min(...this.#sleepers.keys());
      if (isDone || next === Infinity) break;
      this.#now = next;
      const woken = this.#sleepers.get(next) ?? [];
      this.#sleepers.delete(next);
      for (const wake of woken) wake();
    }
    await ended;
  }
}

/** Reads them all with one set of keys' share. @returns Milliseconds, and how often a limit was exceeded */
export async function simulated(reading: Reading): Promise<{ ms: number; exceeded: number }> {
  const { path, as, pages, atOnce, latencyMs } = reading;
  const clock = new NextClock();
  const limits = new RateLimits(clock, { windowMs: WINDOW_MS });
  const budget = new Budget(path, { clock });
  const never = new AbortController().signal;
  let left = Math.ceil(reading.users / reading.keys) * pages;
  let exceeded = 0;
  const reader = async () => {
    while (left-- > 0) {
      await budget.turn(never);
      await clock.sleep(latencyMs);
      const state = limits.count({ method: "GET", path }, { token: "t", kind: as });
      if (state.isExceeded) exceeded++;
      budget.answered(
        new Headers({
          "x-rate-limit-remaining": `${state.remaining}`,
          "x-rate-limit-reset": `${state.reset}`,
        }),
      );
    }
  };
  await clock.until(Promise.all(Array.from({ length: atOnce }, reader)));
  return { ms: clock.now(), exceeded };
}

/** The same by the model: whole windows, or what the answers take where that is longer. */
export function modelled(
  { users, pages, keys, atOnce, latencyMs }: Reading,
  perWindow: number,
): number {
  const requests = Math.ceil(users / keys) * pages;
  const byLatency = requests / atOnce * latencyMs;
  const windows = Math.ceil(requests / perWindow) - 1;
  const last = (requests - windows * perWindow) / atOnce * latencyMs;
  return Math.max(byLatency, windows * WINDOW_MS + last);
}

/** What the API allows in a window, as the sandbox has it. */
export function limitOf({ path, as }: Reading): number {
  const limits = new RateLimits({ now: () => 0, monotonic: () => 0, sleep: () => never() }, {});
  return limits.count({ method: "GET", path }, { token: "t", kind: as }).limit;
}

function never(): Promise<void> {
  return new Promise(() => {});
}

const USUAL = { users: 1_000_000, pages: 1, atOnce: 16, latencyMs: 250 };
const CASES: [string, Reading][] = [
  ["1.1", "/1.1/statuses/user_timeline.json"],
  ["2", "/2/users/1/tweets"],
].flatMap(([api, path = ""]) =>
  [1, 10].map((keys): [string, Reading] => [`version ${api}`, { ...USUAL, path, as: "app", keys }])
);

if (import.meta.main) {
  const rows: string[][] = [];
  for (const [name, reading] of CASES) {
    const { ms, exceeded } = await simulated(reading);
    const hours = (ms: number) => (ms / HOUR_MS).toFixed(1);
    const model = modelled(reading, limitOf(reading));
    rows.push([name, `${reading.keys}`, hours(model), hours(ms), `${exceeded}`]);
  }
  const head = [
    "1,000,000 users, a request each",
    "sets of keys",
    "model, h",
    "simulated, h",
    "429",
  ];
  console.log(table(head, rows));
}
