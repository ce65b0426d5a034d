/** Starts a harvester that a keeper in the background keeps alive until it is stopped. */

import { type Clock, isoTime } from "../../base/clock.ts";
import { ConflictError } from "../../base/errors.ts";
import type { Documents } from "./documents.ts";
import { type FoundKept, type Kept, keptKey, readKept, writeKept } from "./kept.ts";
import type { Job, Outcome, Started } from "../runner.ts";

/** Milliseconds that a harvester may take to begin, and between polls whether it has. */
const [PATIENCE_MS, POLL_MS] = [120_000, 100];

/** Options of startKept(). */
export interface KeptStartOptions {
  /** As the person wrote it. */
  bucket: string;
  documents: Documents;
  clock: Clock;
  /**
   * Starts a keeper with an id in the background; returns a function for the outcome of its process, null while it
   * runs.
   */
  spawn: (keeper: string) => Promise<() => Promise<Outcome | null>>;
}

/**
 * Starts a keeper and its harvester, replacing another keeper. Where the harvester ends as it begins, it is not kept,
 * and that is the outcome; later the outcome is that it was stopped, or that a person has to start it again.
 * @throws OutsideError where no process can be started.
 */
export async function startKept(job: Job, options: KeptStartOptions): Promise<Started> {
  const { bucket, documents, clock, spawn } = options;
  const { collectionId, flags } = job;
  const keeper = crypto.randomUUID();
  const since = isoTime(clock.now());
  await writeKept(documents, {
    collection_id: collectionId,
    flags,
    since,
    keeper,
    state: "starting",
  });
  const start: Start = { collectionId, keeper, documents };
  try {
    const exited = await spawn(keeper);
    const failed = await failureAtBegin(start, { clock, exited });
    const outcome = failed ? () => Promise.resolve(failed) : () => readOutcome(start);
    if (failed) await forget(start);
    const withdraw = () => forget(start);
    return { collectionId, bucket, status: "RUNNING", outcome, withdraw };
  } catch (error) {
    await forget(start);
    throw error;
  }
}

/** Replaces a keeper that has ended; false where another process did. @throws OutsideError */
export async function reviveKept(
  { kept: { process: _, ...kept }, version }: FoundKept,
  { documents, spawn }: Pick<KeptStartOptions, "documents" | "spawn">,
): Promise<boolean> {
  const keeper = crypto.randomUUID();
  const state = "waiting";
  if (!await writeKept(documents, { ...kept, keeper, state }, version)) return false;
  await spawn(keeper);
  return true;
}

/** A start in progress. */
interface Start {
  collectionId: string;
  keeper: string;
  documents: Documents;
}

/** Returns the outcome of a harvester that ended as it began; null where it did not. */
async function failureAtBegin(
  start: Start,
  { clock, exited }: { clock: Clock; exited: () => Promise<Outcome | null> },
): Promise<Outcome | null> {
  const end = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const gone = await exited();
    const kept = await readOwn(start);
    if (kept?.state === "ended") return endedOutcome(kept);
    if (kept?.state !== "starting" || clock.monotonic() > end) return null;
    if (gone) return { exitCode: 3, ...gone.message ? { message: gone.message } : {} };
    await clock.sleep(POLL_MS);
  }
}

/** Returns the outcome; null while it is to be kept alive. */
async function readOutcome(start: Start): Promise<Outcome | null> {
  const kept = await readOwn(start);
  if (!kept) return { exitCode: 0 };
  return kept.state === "ended" ? endedOutcome(kept) : null;
}

function endedOutcome({ fault }: Kept): Outcome {
  const { exit_code: exitCode = 3, problem: message = "" } = fault ?? {};
  return { exitCode, message };
}

/** Returns the document of a start; null where it was stopped, or another one replaced it. */
async function readOwn({ documents, collectionId, keeper }: Start): Promise<Kept | null> {
  const found = await readKept(documents, collectionId);
  return found?.kept.keeper === keeper ? found.kept : null;
}

/** Ends keeping it alive, unless another process has started it meanwhile. */
async function forget({ documents, collectionId, keeper }: Start): Promise<void> {
  const found = await readKept(documents, collectionId);
  if (found?.kept.keeper !== keeper) return;
  try {
    await documents.delete(keptKey(collectionId), { ifVersion: found.version });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
