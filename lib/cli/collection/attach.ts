/** Attaches to a harvest that already runs, and follows it to its end. */

import { LockedError, OutsideError } from "../../base/errors.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import type { Json } from "../../base/json.ts";
import { outlast } from "../../base/outage.ts";
import type { Job, Outcome, Runner, Started } from "../../runner/runner.ts";
import { lastWord } from "../../base/visible.ts";
import type { Bucket, Context } from "../context.ts";
import { follow, summary } from "../text/progress.ts";
import { untilOpen } from "./stream_open.ts";
import { tellEnd, waitFor } from "./outcome.ts";
import { goesOn, patienceFor, startWithRoom, untilBegun } from "./start.ts";

/**
 * Starts a harvest that ends when it is done; with `wait` follows it, or one that already runs, to its end.
 * @throws LockedError with the other's progress, without `wait`; what starting and following throw.
 */
export async function harvestOnce(
  opened: Bucket,
  job: Job,
  { wait, expected }: { wait: boolean; expected?: number | undefined },
  context: Context,
): Promise<void> {
  const { output } = context;
  const { collectionId } = job;
  const runner = await opened.runner();
  const started = await begunOrRunning(
    runner,
    { start: () => runner.once(job), collectionId },
    context,
  );
  if ("running" in started) {
    const { running } = started;
    if (!wait) throw busy(started);
    const since = running.harvest_timestamp;
    output.note(
      `${collectionId} is already being harvested, since ${since}: attached to that harvest.`,
    );
    const { json: { type } } = await opened.collections.loadJson(collectionId);
    return await followRunning(opened, { found: running, type }, context);
  }
  output.line("Started");
  if (wait) {
    try {
      return await waitFor(opened, { ...started, expected }, context);
    } catch (error) {
      // A container takes a while to begin: another one was first.
      if (!(error instanceof LockedError)) throw error;
      return await harvestOnce(opened, job, { wait, expected }, context);
    }
  }
  output.note(`Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}`);
}

/**
 * Starts a harvester that is kept alive, and briefly waits until its stream is open.
 * @returns What it waits for, if it is not open by then; else null.
 * @throws LockedError with the other's progress if one already runs; what starting throws; UserError or OutsideError if
 * the API refuses the stream.
 */
export async function startStream(
  runner: Runner,
  job: Job,
  context: Context,
): Promise<string | null> {
  const { collectionId } = job;
  const say = (line: string) => context.output.note(`${line}.`);
  const start = () => runner.start(job, { say });
  const started = await begunOrRunning(runner, { start, collectionId }, context);
  if ("running" in started) throw busy(started);
  return await untilOpen(started.started, runner, context);
}

/** A harvest that already runs, and the error of starting another. */
interface Busy {
  running: HarvestInfo;
  error: LockedError;
}

/** Number of starts, where each finds another harvest that has ended a moment later. */
const STARTS = 5;

/** Returns the started harvest, or the status of one that already runs, also where both were started at the same moment. */
async function begunOrRunning(
  runner: Runner,
  { start, collectionId }: { start: () => Promise<Started>; collectionId: string },
  context: Context,
): Promise<{ started: Started } | Busy> {
  for (let starts = 1;; starts++) {
    try {
      const started = await startWithRoom(start, context);
      await untilBegun(started, runner, context);
      return { started };
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      const running = await runner.info(collectionId);
      if (running) return { running, error };
      if (starts === STARTS) throw error;
    }
  }
}

/** Returns the error for a collection that is being harvested, with its progress. */
function busy({ running, error }: Busy): LockedError {
  const hint = `Follow it with: twarc-cloud harvest running --follow ${
    lastWord(running.collection_id)
  }`;
  return new LockedError(`${error.message}: ${summary(running)}`, { hint, cause: error });
}

/**
 * Follows a harvest that was started elsewhere to its end, and shows its result. If the person leaves first, it goes
 * on.
 * @param what.found Its first status.
 * @param what.type The collection's type.
 * @throws OutsideError if it failed, was stopped before it was done, or its harvester is gone.
 */
export async function followRunning(
  opened: Bucket,
  { found, type }: { found: HarvestInfo; type: Json | undefined },
  context: Context,
): Promise<void> {
  const { collection_id: collectionId } = found;
  const runner = await opened.runner();
  let last = found;
  let now: HarvestInfo | null = found;
  const started = {
    collectionId,
    async outcome(): Promise<Outcome | null> {
      now = await runner.info(collectionId);
      last = now ?? last;
      return now && now.state !== "stopped" ? null : { exitCode: 0 };
    },
  };
  const watched = { pace: runner.pace, info: () => Promise.resolve(now) };
  if (!await follow({ ...context, runner: watched, started })) {
    context.output.note(goesOn({ id: collectionId, type }));
    throw context.signal.reason;
  }
  const ended = await outlast(
    () => opened.collections.lastHarvest(collectionId),
    patienceFor(context),
  );
  const { parseHarvestId } = await import("../../bucket/last_harvest.ts");
  if (
    !ended || parseHarvestId(ended.info.harvest_timestamp) < parseHarvestId(last.harvest_timestamp)
  ) {
    throw goneError(collectionId);
  }
  await tellEnd(ended, opened.settings.bucket, context);
}

function goneError(collectionId: string): OutsideError {
  return new OutsideError(
    `The harvester of ${collectionId} has gone before its harvest ended`,
    {
      hint:
        "What was committed is safe, and the next harvest resumes from there. See its last messages with: " +
        `twarc-cloud harvest logs ${lastWord(collectionId)}`,
    },
  );
}
