/** A store that neither accepts nor refuses what it is given. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";

const log = getLogger(["twarc-cloud", "harvest"]);
/** Milliseconds without an answer after which that is logged. */
const SILENCE_MS = 60_000;

/** Acts on a store, and logs where that takes long. @throws as the action */
export async function watchStore(clock: Clock, act: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const watching = logSilence(clock, over.signal);
  try {
    await act();
  } finally {
    over.abort();
    await watching;
  }
}

async function logSilence(clock: Clock, over: AbortSignal): Promise<void> {
  await clock.sleep(SILENCE_MS, over);
  if (over.aborted) return;
  log.warn("The bucket is slow to respond: new tweets are buffered on this machine's disk");
}
