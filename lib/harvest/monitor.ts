/** Logs the progress of a harvest and its use of memory. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";

const log = getLogger(["twarc-cloud", "harvest"]);
const MINUTE = 60_000;

/** Options of monitor(). */
export interface Monitored {
  info: () => { tweets: number; files: number };
  clock: Clock;
  signal: AbortSignal;
}

/** Logs memory and rate every minute, until the signal is aborted; never rejects. */
export async function monitor({ info, clock, signal }: Monitored): Promise<void> {
  for (let before = 0;;) {
    await clock.sleep(MINUTE, signal);
    if (signal.aborted) return;
    try {
      const { tweets, files } = info();
      log.info("{tweets} tweets ({rate} a minute), {files} files, {mb} MB of memory", {
        tweets,
        rate: tweets - before,
        files,
        mb: Math.round(Deno.memoryUsage().rss / 2 ** 20),
      });
      before = tweets;
    } catch (error) {
      log.warn("The progress of the harvest cannot be shown: {problem}", {
        problem: errorMessage(error),
      });
    }
  }
}
