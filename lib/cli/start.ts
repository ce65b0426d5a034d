/** Starting a collection's harvest, and seeing what becomes of it. */

import type { CollectionType } from "../collection/config.ts";
import type { Job, Started } from "../runner/runner.ts";
import type { Bucket, Context } from "./context.ts";
import { follow, summary } from "./follow.ts";

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
    hint: `Start it with: twarc-cloud ${command} ${collectionId}`,
  });
}

/** A harvest that failed as it began. @throws UserError, OutsideError */
export async function checkStarted(started: Started): Promise<void> {
  const outcome = await started.outcome();
  if (!outcome || outcome.exitCode === 0) return;
  const { OutsideError, UserError } = await import("../errors.ts");
  const message = outcome.message ?? `The harvester ended with exit code ${outcome.exitCode}`;
  throw outcome.exitCode === 1 ? new UserError(message) : new OutsideError(message);
}

/** Starts a harvest; one that is running already will do. */
export async function startUnlessRunning(
  runner: Awaited<ReturnType<Bucket["runner"]>>,
  job: Job,
  { output }: Context,
): Promise<void> {
  const { LockedError } = await import("../errors.ts");
  try {
    await checkStarted(await runner.once(job));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    output.note(`${job.collectionId} is being harvested already.`);
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
    output.note(`The harvest goes on. Stop it with: twarc-cloud collection stop ${collectionId}`);
    throw signal.reason;
  }
  const last = await opened.collections.lastHarvest(collectionId);
  if (!last) return;
  const { outcome = "done", reason } = last.info;
  output.line(`${collectionId}: ${outcome}. ${summary(last.info)}`);
  if (outcome !== "complete" && reason) output.line(reason);
}
