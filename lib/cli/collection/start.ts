/** Starts a collection's harvest, and waits for its beginning. */

import { isoTime } from "../../base/clock.ts";
import { type Traits, traitsFor } from "../../collection/types/traits.ts";
import { startCommand, stopCommand } from "../../collection/commands.ts";
import { checkNotFrozen } from "../../collection/frozen.ts";
import { keepCollectionReadme } from "./readme.ts";
import { limitsAmong } from "../../collection/limits.ts";
import { outlast, type OutlastOptions } from "../../base/outage.ts";
import type { Json } from "../../base/json.ts";
import type { Job, Outcome, Runner, Started } from "../../runner/runner.ts";
import { lastWord } from "../../base/visible.ts";
import { noUsersText } from "../next_step.ts";
import type { Bucket, Context } from "../context.ts";
import { failureFor } from "../text/progress.ts";
import type { Output, Progress } from "../output.ts";

/** The description of `--yes` where a harvest starts. */
export const YES =
  "do not ask before a first harvest that costs more than 10 dollars (ask_above in twarc_cloud.ini)";

/**
 * Returns the job for a collection of a supported type.
 * @param given.what What is to be done with it.
 * @param given.options Those of the command, which include the limits of the harvest.
 * @param given.output Is told where there is nobody to collect.
 * @throws UserError for any other type, with the command for it.
 */
export async function jobFor(
  { store, collections }: Bucket,
  collectionId: string,
  willDo: (traits: Traits) => boolean,
  { what = "Start", options = {}, output }: {
    what?: "Start" | "Stop";
    options?: object;
    output?: Output;
  } = {},
): Promise<Job> {
  const { config } = await collections.load(collectionId);
  if (what === "Start") checkNotFrozen(collectionId, config);
  if (willDo(traitsFor(config.type))) {
    if (what === "Start") await keepCollectionReadme(store, config);
    const { reading } = (await import("../../collection/types/registry.ts")).planFor(config);
    const isEmpty = reading.kind === "timelines" && Object.keys(reading.users).length === 0;
    if (isEmpty) output?.note(noUsersText(collectionId));
    return { collectionId, flags: limitsAmong(options) };
  }
  const { UserError } = await import("../../base/errors.ts");
  const commandFor = what === "Start" ? startCommand : stopCommand;
  const command = commandFor({ id: collectionId, type: config.type });
  throw new UserError(`${collectionId} is a ${config.type} collection`, {
    hint: `${what} it with: ${command}`,
  });
}

/** Milliseconds to wait for a harvester's beginning: a container's image may be large, and capacity scarce. */
const BEGIN_TIMEOUT_MS = 900_000;
/** Maximum milliseconds between two checks of whether it has begun. */
const LOOK_MS = 1_000;

/**
 * Waits until a started harvester has the lease, or has ended well; one that cannot begin is withdrawn. It may take a
 * while until that is known.
 * @throws UserError or OutsideError with the reason if it fails, or does not begin.
 */
export async function untilBegun(
  started: Started,
  { pace }: { pace: number },
  context: Context,
): Promise<void> {
  const { output, clock, signal } = context;
  const { collectionId } = started;
  const end = clock.monotonic() + BEGIN_TIMEOUT_MS;
  const stop = `twarc-cloud collection ${started.withdraw ? "filter-stop" : "stop --now"} ${
    lastWord(collectionId)
  }`;
  let progress: Progress | undefined;
  try {
    while (!signal.aborted) {
      const { outcome, awaited } = await outlast(() => lookAt(started), patienceFor(context));
      if (outcome && outcome.exitCode !== 0) {
        await takeBack(started, output);
        throw failureFor(outcome, collectionId);
      }
      if (outcome || awaited === null) return;
      progress ??= await output.progress();
      progress.show(`${collectionId}: ${awaited}`);
      if (clock.monotonic() > end) throw await tooLate(collectionId, { awaited, stop });
      await clock.sleep(Math.min(pace, LOOK_MS), signal);
    }
  } finally {
    progress?.end();
  }
  output.note(`It keeps starting. Stop it with: ${stop}`);
  throw signal.reason;
}

/** Returns how a harvest has ended, if it has, and else what it is waiting for. */
async function lookAt(
  started: Started,
): Promise<{ outcome: Outcome | null; awaited: string | null }> {
  const outcome = await started.outcome();
  return { outcome, awaited: outcome ? null : await started.awaitedStep?.() ?? null };
}

/** Withdraws what cannot begin, so that it is not retried for ever; a failure to do so must not hide the reason. */
export async function takeBack(started: Started, output: Output): Promise<void> {
  const { TwarcCloudError } = await import("../../base/errors.ts");
  try {
    await started.withdraw?.();
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`The started harvester could not be stopped: ${error.message}`);
  }
}

async function tooLate(
  collectionId: string,
  { awaited, stop }: { awaited: string; stop: string },
): Promise<Error> {
  const { OutsideError } = await import("../../base/errors.ts");
  const minutes = BEGIN_TIMEOUT_MS / 60_000;
  return new OutsideError(
    `The harvest of ${collectionId} has not begun after ${minutes} minutes: ${awaited}`,
    { hint: `It keeps trying. Stop it with: ${stop}` },
  );
}

/** Returns retry options that report waits on the terminal. */
export function patienceFor({ output, clock, signal }: Context): OutlastOptions {
  return { clock, signal, say: (line) => output.note(line) };
}

/**
 * Starts a harvester, as soon as there is capacity.
 * @throws What starting throws, and the signal's reason when it is aborted.
 */
export async function startWithRoom(
  start: () => Promise<Started>,
  context: Context,
): Promise<Started> {
  const { CapacityError } = await import("../../base/errors.ts");
  const passes = (failure: unknown) => failure instanceof CapacityError;
  return await outlast(start, { ...patienceFor(context), passes });
}

/** Starts a harvest, unless one is running already. */
export async function startUnlessRunning(
  runner: Awaited<ReturnType<Bucket["runner"]>>,
  job: Job,
  context: Context,
): Promise<void> {
  const { LockedError } = await import("../../base/errors.ts");
  try {
    await untilBegun(await startWithRoom(() => runner.once(job), context), runner, context);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    context.output.note(`${job.collectionId} is already being harvested.`);
  }
}

/**
 * Stops a harvest and waits until it has stopped, even while that cannot be checked; shows what it waits for, and since
 * when.
 * @param wasSeen Whether it was seen running: it may have ended by itself since.
 * @throws UserError if none runs; UnresponsiveError if it does not stop.
 */
export async function stopHarvest(
  runner: Pick<Runner, "stop" | "info">,
  collectionId: string,
  context: Context,
  wasSeen = false,
): Promise<void> {
  const { UserError } = await import("../../base/errors.ts");
  const { signal, clock, output } = context;
  const progress = await output.progress();
  let waiting = { for: "its harvester to be found", since: clock.now() };
  const say = (awaited: string) => {
    if (awaited !== waiting.for) waiting = { for: awaited, since: clock.now() };
  };
  const show = () => {
    const since = isoTime(waiting.since);
    progress.show(`${collectionId}: waiting since ${since} for ${waiting.for}`);
  };
  let isAgain = wasSeen;
  const stop = async () => {
    try {
      await runner.stop(collectionId, { signal, say });
    } catch (error) {
      // An earlier try that failed half-way may have succeeded.
      const mayBeDone = isAgain && error instanceof UserError;
      isAgain = true;
      if (!mayBeDone || await runner.info(collectionId)) throw error;
    }
  };
  try {
    const patient = { ...patienceFor(context), say: (line: string) => progress.note(line) };
    await whileShowing(show, { clock, signal }, () => outlast(stop, patient));
  } finally {
    progress.end();
    if (signal.aborted) {
      output.note(`${collectionId} may still be stopping: the same command waits for its end.`);
    }
  }
}

/** Updates the display each second while work goes on, even without responses. */
async function whileShowing(
  show: () => void,
  { clock, signal }: Pick<Context, "clock" | "signal">,
  work: () => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const isOver = AbortSignal.any([over.signal, signal]);
  const showing = async () => {
    while (!isOver.aborted) {
      await clock.sleep(LOOK_MS, isOver);
      if (!isOver.aborted) show();
    }
  };
  const shown = showing();
  try {
    await work();
  } finally {
    over.abort();
    await shown;
  }
}

/** Returns the message for a person who stops following a harvest. */
export function goesOn(collection: { id: string; type?: Json | undefined }): string {
  return `The harvest continues. Stop it with: ${stopCommand(collection)}`;
}

/** Returns the message after the end of a harvest. */
export function lookAtLast(collectionId: string): string {
  return `See what it collected with: twarc-cloud harvest last ${lastWord(collectionId)}`;
}

/** Returns whether a collection is being harvested, or a harvester is kept alive for it. */
export async function isHarvested(
  runner: Pick<Runner, "documents" | "info">,
  collectionId: string,
): Promise<boolean> {
  const { isKept } = await import("../../runner/local/kept.ts");
  const { documents } = runner;
  const isWanted = documents !== undefined && await isKept(documents, collectionId);
  return isWanted || await runner.info(collectionId) !== null;
}
