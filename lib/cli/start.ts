/** Starting a collection's harvest, and seeing what becomes of it. */

import type { CollectionType } from "../collection/config.ts";
import { outlast, type OutlastOptions } from "../outage.ts";
import type { Job, Started } from "../runner/runner.ts";
import { lastWord } from "../visible.ts";
import type { Bucket, Context } from "./context.ts";
import { failureOf, follow, summary } from "./follow.ts";

/** The job for a collection of one of these types. @throws UserError for any other. */
export async function jobFor(
  { collections, settings }: Bucket,
  collectionId: string,
  types: CollectionType[],
): Promise<Job> {
  const { config } = await collections.load(collectionId);
  if (types.includes(config.type)) return { bucket: settings.bucket, collectionId, flags: {} };
  const { UserError } = await import("../errors.ts");
  const command = config.type === "filter" ? "collection filter-start" : "collection once";
  throw new UserError(`${collectionId} is a ${config.type} collection`, {
    hint: `Start it with: twarc-cloud ${command} ${lastWord(collectionId)}`,
  });
}

/**
 * Looks whether a harvest that was started failed as it began; it is started, though nobody may say so for a while.
 * @throws UserError, OutsideError
 */
export async function checkStarted(started: Started, context: Context): Promise<void> {
  const outcome = await outlast(() => started.outcome(), patienceOf(context));
  if (outcome && outcome.exitCode !== 0) throw failureOf(outcome);
}

/** Patience that says on the terminal what it waits for. */
function patienceOf({ output, clock, signal }: Context): OutlastOptions {
  return { clock, signal, say: (line) => output.note(line) };
}

/** Starts a harvest; one that is running already will do. */
export async function startUnlessRunning(
  runner: Awaited<ReturnType<Bucket["runner"]>>,
  job: Job,
  context: Context,
): Promise<void> {
  const { LockedError } = await import("../errors.ts");
  try {
    await checkStarted(await runner.once(job), context);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    context.output.note(`${job.collectionId} is being harvested already.`);
  }
}

/**
 * Follows a harvest to its end, and tells what it brought. Where the person goes first, it goes on.
 * @throws UserError or OutsideError where it failed.
 */
export async function waitFor(
  opened: Bucket,
  started: Started,
  context: Context,
): Promise<void> {
  const { output, clock, signal } = context;
  const { collectionId } = started;
  const runner = await opened.runner();
  if (!await follow({ runner, started, output, clock, signal })) {
    output.note(
      `The harvest goes on. Stop it with: twarc-cloud collection stop ${lastWord(collectionId)}`,
    );
    throw signal.reason;
  }
  const ask = () => opened.collections.lastHarvest(collectionId);
  const last = await outlast(ask, patienceOf(context));
  if (!last) return;
  const { outcome = "done", reason } = last.info;
  output.line(`${collectionId}: ${outcome}. ${summary(last.info)}`);
  if (outcome !== "complete" && reason) output.line(reason);
}

/**
 * Stops a harvest, and waits until it has stopped, also while nobody can be asked whether it has.
 * @throws UserError where none runs; UnresponsiveError where it does not stop.
 */
export async function stopHarvest(
  runner: Awaited<ReturnType<Bucket["runner"]>>,
  collectionId: string,
  context: Context,
): Promise<void> {
  const { UserError } = await import("../errors.ts");
  let isAgain = false;
  const stop = async () => {
    try {
      await runner.stop(collectionId, context.signal);
    } catch (error) {
      // What a try began that failed in its middle may be done by now.
      const mayBeDone = isAgain && error instanceof UserError;
      isAgain = true;
      if (!mayBeDone || await runner.info(collectionId)) throw error;
    }
  };
  await outlast(stop, patienceOf(context));
}
