/** The outcomes of harvesters on Fargate, and which of them keep failing. */

import type { Clock } from "../../base/clock.ts";
import { parseHarvestId, readLastHarvest } from "../../bucket/last_harvest.ts";
import { readLock } from "../../bucket/lock.ts";
import { type HarvestInfo, isTornOff } from "../../collection/harvest_info.ts";
import { TwarcCloudError, UserError } from "../../base/errors.ts";
import { readable } from "../../base/log.ts";
import type { Store } from "../../store/store.ts";
import { doneByAws, endedWell, harvestedNothing, isOutOfMemory } from "./endings.ts";
import { logLines } from "./logs.ts";
import type { EcsServices, HarvesterService } from "./services.ts";
import type { EcsTasks, HarvesterTask } from "./tasks.ts";
import type { Failing, Outcome, RunnerSettings } from "../runner.ts";
import { CONTAINER, familyFor } from "./task_definition.ts";

/** Milliseconds for which ECS may not return a task that it has started: it is eventually consistent. */
const UNKNOWN_MS = 60_000;
/** Milliseconds by which a container's clock may be behind AWS's. */
const SKEW_MS = 60_000;
/**
 * Matches the reasons of stops that are no failure: a person, the end of its service, or reclaimed spare capacity.
 */
const WANTED = /^(UserInitiated|ServiceSchedulerInitiated|SpotInterruption)$/;
/** The prefix of the ids of services' deployments. */
const DEPLOYMENT = "ecs-svc/";
/** Matches the events of a service that can start no task. */
const TROUBLE = /unable|failed|error|insufficient/i;

/** A task that was started for a harvest. */
export interface StartedTask {
  arn: string;
  collectionId: string;
  /** When it was started, by the monotonic clock. */
  began: number;
  /** The report of the last harvest before it. */
  before: HarvestInfo | null;
}

/** Options of EcsOutcomes. */
export interface OutcomesOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  tasks: EcsTasks;
  services: EcsServices;
  settings: RunnerSettings;
  store: Store;
  clock: Clock;
}

/** The outcomes of the harvesters of one bucket. Methods throw UserError and OutsideError. */
export class EcsOutcomes {
  readonly #options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /**
   * Returns the outcome of the harvest that a task was started for: as the harvest reported it, or otherwise as AWS
   * reports the task's; null while it runs.
   */
  async ofTask({ arn, collectionId, began, before }: StartedTask): Promise<Outcome | null> {
    const { tasks, clock } = this.#options;
    const [task] = await tasks.describe([arn]);
    if (!task && clock.monotonic() - began < UNKNOWN_MS) return null;
    if (task && task.status !== "STOPPED") return null;
    const told = await this.readOwnOutcome(collectionId);
    const own = told?.harvest_timestamp === before?.harvest_timestamp ? null : told;
    const isStopped = own?.outcome === "stopped" && !isTornOff(own);
    if (own?.outcome === "complete" || isStopped) return { exitCode: 0 };
    if (task && endedWell(task)) {
      // An unreadable report may exist.
      const isEmpty = !own && await this.#begunLast(collectionId) < Infinity;
      return isEmpty ? harvestedNothing(collectionId) : { exitCode: 0 };
    }
    if (task) return await this.#ofEnded(task);
    if (own) return { exitCode: 3, message: own.reason ?? `The harvest was ${own.outcome}` };
    if (await this.#isHeld(collectionId)) return null;
    const message =
      "The outcome of the task is unknown: ECS remembers it for an hour, and no harvest has reported " +
      "since it was started";
    return { exitCode: 3, message };
  }

  /** Returns the report of a collection's last harvest; null where there is none, or it cannot be read. */
  async readOwnOutcome(collectionId: string): Promise<HarvestInfo | null> {
    try {
      return (await readLastHarvest(this.#options.store, collectionId))?.info ?? null;
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  }

  /**
   * Returns when the last harvest of a collection with a report began, in milliseconds since 1970: -Infinity where
   * there is none, Infinity where that cannot be read.
   */
  async #begunLast(collectionId: string): Promise<number> {
    try {
      const last = await readLastHarvest(this.#options.store, collectionId);
      return last ? parseHarvestId(last.info.harvest_timestamp) : -Infinity;
    } catch (error) {
      if (error instanceof UserError) return Infinity;
      throw error;
    }
  }

  async #isHeld(collectionId: string): Promise<boolean> {
    const { store, clock } = this.#options;
    return (await readLock(store, collectionId, { clock, isGone: () => null }))?.live ?? false;
  }

  /**
   * Returns how a service that has not begun fails; null where it may still begin. A service that no longer exists
   * was stopped, or has finished.
   */
  async ofService(name: string): Promise<Outcome | null> {
    const { services, tasks, bucket } = this.#options;
    const service = await services.find(name);
    if (service?.status !== "ACTIVE" || service.desired === 0) return { exitCode: 0 };
    const ended = await Array.fromAsync(tasks.listEnded(bucket, { service: name }));
    const begunLast = await this.#begunLast(service.collectionId);
    const last = ended.filter(({ startedBy }) => startedBy === service.deployment)
      .filter((task) => hasFailed(task, begunLast)).toSorted(byEnd).at(-1);
    if (!last && !service.givenUp) return null;
    const outcome = last
      ? await this.#ofEnded(last, begunLast)
      : { exitCode: 3, message: `The deployment of the service failed: ${service.givenUp}` };
    const [event] = service.events;
    if (outcome.exitCode === 1 || !event) return outcome;
    return { ...outcome, message: `${outcome.message}. Of the service: ${event.message}` };
  }

  /**
   * Yields repeated failures, as far as ECS remembers them: an hour of tasks, and the events of a service.
   * @param heldSince Since when a collection's lock is held, in milliseconds since 1970; null where it is free.
   */
  async *failing(
    heldSince: (collectionId: string) => Promise<number | null>,
  ): AsyncGenerator<Failing> {
    const { bucket, tasks, services } = this.#options;
    const ended = Map.groupBy(
      await Array.fromAsync(tasks.listEnded(bucket)),
      ({ collectionId }) => collectionId,
    );
    const shown = new Set<string>();
    for (const [collectionId, all] of ended) {
      const held = await heldSince(collectionId);
      const begunLast = all.some(endedWell) ? await this.#begunLast(collectionId) : Infinity;
      const failures = held === null
        ? lastFailures(all, begunLast)
        : await this.#restarts(all, { held, begunLast });
      const [first, last] = [failures[0], failures.at(-1)];
      if (!first || !last) continue;
      const { message = "" } = await this.#ofEnded(last, begunLast);
      shown.add(collectionId);
      yield { collectionId, since: first.stoppedAt ?? 0, times: failures.length, message };
    }
    for await (const service of services.list(bucket)) {
      if (shown.has(service.collectionId)) continue;
      const trouble = troubleFor(service);
      if (trouble && await heldSince(service.collectionId) === null) yield trouble;
    }
  }

  /**
   * Returns the failures of a service's harvesters before the current one, where there are several. Tasks that failed
   * beside it found the collection locked, as they should.
   */
  async #restarts(
    ended: HarvesterTask[],
    { held, begunLast }: { held: number; begunLast: number },
  ): Promise<HarvesterTask[]> {
    const failures = lastFailures(ended.filter(({ stoppedAt = 0 }) => stoppedAt < held), begunLast)
      .filter(({ startedBy }) => startedBy?.startsWith(DEPLOYMENT));
    if (failures.length < 2) return [];
    const { bucket, tasks } = this.#options;
    const running = new Set<string | undefined>();
    for await (const { startedBy } of tasks.list(bucket)) running.add(startedBy);
    return failures.filter(({ startedBy }) => running.has(startedBy));
  }

  /** @param begunLast When the last harvest with a report began. */
  async #ofEnded(task: HarvesterTask, begunLast = Infinity): Promise<Outcome> {
    const { exitCode, reason } = task;
    if (hasHarvestedNothing(task, begunLast)) return harvestedNothing(task.collectionId);
    const byAws = doneByAws(task);
    if (byAws) return byAws;
    if (exitCode === 0) return { exitCode };
    if (exitCode === undefined) {
      const why = reason ?? "AWS gave no reason";
      return { exitCode: 3, message: `The task was stopped: ${why.replace(/\.$/, "")}` };
    }
    const message = await this.#lastError(task) ??
      `The harvester ended with exit code ${exitCode}${reason ? `: ${reason}` : ""}`;
    return { exitCode, message };
  }

  /** Returns the last error in the log of a task, or the last line of one without an error. */
  async #lastError({ arn, collectionId }: HarvesterTask): Promise<string | undefined> {
    const { bucket, settings, clock } = this.#options;
    const group = settings.require("log_group");
    const id = arn.split("/").at(-1);
    const streams = `${familyFor(bucket, collectionId)}/${CONTAINER}/${id}`;
    const { signal } = new AbortController();
    const wanted = { group, streams, follow: false, signal };
    let last: string | undefined;
    try {
      for await (const line of logLines(wanted, { access: settings.aws, clock })) {
        const text = readable(line);
        if (text.startsWith("Error: ") || !last?.startsWith("Error: ")) last = text;
      }
    } catch (error) {
      // The task failed in any case.
      if (!(error instanceof TwarcCloudError)) throw error;
    }
    return last?.replace(/^Error: /, "");
  }
}

/**
 * Returns the latest failures that no success followed, oldest first. @param begunLast When the last harvest with a
 * report began.
 */
function lastFailures(tasks: HarvesterTask[], begunLast: number): HarvesterTask[] {
  const ended = tasks.filter(({ stopCode }) => !WANTED.test(stopCode ?? "")).toSorted(byEnd);
  return ended.slice(ended.findLastIndex((task) => !hasFailed(task, begunLast)) + 1);
}

function hasFailed(task: HarvesterTask, begunLast: number): boolean {
  const { status, exitCode, stopCode } = task;
  if (hasHarvestedNothing(task, begunLast)) return true;
  const isDone = exitCode === 0 && !isOutOfMemory(task);
  return status === "STOPPED" && !isDone && !WANTED.test(stopCode ?? "");
}

/** Returns whether a task ended well, though no harvest with a report began after it was created. */
function hasHarvestedNothing(task: HarvesterTask, begunLast: number): boolean {
  return endedWell(task) && begunLast < (task.createdAt ?? -Infinity) - SKEW_MS;
}

function byEnd(one: HarvesterTask, other: HarvesterTask): number {
  return (one.stoppedAt ?? 0) - (other.stoppedAt ?? 0);
}

/** Returns why a service has no task, by its events. */
function troubleFor(
  { collectionId, desired, running, givenUp, changed, events }: HarvesterService,
): Failing | undefined {
  if (running > 0 || desired === 0) return;
  const end = events.findIndex(({ message }) => !TROUBLE.test(message));
  const troubles = end < 0 ? events : events.slice(0, end);
  const [last, first] = [troubles[0], troubles.at(-1)];
  const since = first?.at ?? changed;
  const message = givenUp ?? last?.message;
  return message
    ? { collectionId, since, times: Math.max(troubles.length, 1), message }
    : undefined;
}
