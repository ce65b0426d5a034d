/** How long many users take, by the program's own rate limiter against the sandbox's limits. */

import { RateLimits } from "../../../lib/sandbox/limits.ts";
import { Budget } from "../../../lib/twitter/http/rate_limits.ts";
import { NextClock } from "./next_clock.ts";

const WINDOW_MS = 900_000;

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
      budget.noteAnswer(
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
