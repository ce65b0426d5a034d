/** The presence of a bucket's scheduler, for other processes: an object that is renewed while it lives. */

import { z } from "zod";
import { holderIsGone, type ProcessId } from "../../bucket/process.ts";
import { type Clock, isoTime } from "../../base/clock.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import { parseAs } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import type { Documents } from "./documents.ts";
import { processSchema } from "./kept.ts";

/** Its key. */
const KEY = "runner/scheduler.json";
/** Milliseconds between two renewals, and those after which it has expired. */
const [EVERY_MS, ALIVE_MS] = [30_000, 120_000];

const presenceSchema = processSchema.extend({
  /** ISO 8601, UTC, as `renewed` is. */
  since: z.iso.datetime({ offset: true }),
  renewed: z.iso.datetime({ offset: true }),
});

/** A scheduler of a bucket. */
export type Presence = z.output<typeof presenceSchema>;

/**
 * Returns the scheduler that carries out a bucket's schedules, if one is known to live; otherwise null. @throws as
 * the store
 */
export async function findScheduler(documents: Documents, clock: Clock): Promise<Presence | null> {
  const found = await documents.get(KEY);
  if (!found) return null;
  const presence = parseAs(presenceSchema, found.bytes, KEY);
  const gone = holderIsGone(presence);
  const age = clock.now() - Date.parse(presence.renewed);
  return gone ?? Math.abs(age) > ALIVE_MS ? null : presence;
}

/** Shows that this process carries out a bucket's schedules, until the signal is aborted. Failures end nothing. */
export async function showPresence(
  documents: Documents,
  { clock, process, signal }: { clock: Clock; process: ProcessId; signal: AbortSignal },
): Promise<void> {
  const since = isoTime(clock.now());
  while (!signal.aborted) {
    await ignoringFaults(() =>
      documents.put(KEY, jsonBytes({ ...process, since, renewed: isoTime(clock.now()) }))
    );
    await clock.sleep(EVERY_MS, signal);
  }
  await ignoringFaults(async () => {
    const found = await findScheduler(documents, clock);
    if (found?.since === since && found.pid === process.pid) await documents.delete(KEY);
  });
}

async function ignoringFaults(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
  }
}
