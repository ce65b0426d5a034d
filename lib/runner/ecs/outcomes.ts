/** How harvesters on Fargate ended, and which of them keep failing. */

import type { Clock } from "../../base/clock.ts";
import { lastHarvestOf, timeOf } from "../../bucket/last_harvest.ts";
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
import { CONTAINER, familyOf } from "./task_definition.ts";

/** Milliseconds for which ECS may not know a task that it has started: it is eventually consistent. */
const UNKNOWN_MS = 60_000;
/** Milliseconds by which a container's clock may be behind AWS's. */
const SKEW_MS = 60_000;
/** What stops a task that has not failed: a person, the end of its service, or that spare capacity is wanted back. */
const WANTED = /^(UserInitiated|ServiceSchedulerInitiated|SpotInterruption)$/;
/** What the ids of services' deployments begin with. */
const DEPLOYMENT = "ecs-svc/";
/** Events of a service that can start no task. */
const TROUBLE = /unable|failed|error|insufficient/i;

/** A task that was started for a harvest. */
export interface StartedTask {
  arn: string;
  collectionId: string;
  /** When it was started, by the monotonic clock. */
  began: number;
  /** What the last harvest before it had told of itself. */
  before: HarvestInfo | null;
}

/** What outcomes are looked for with. */
export interface OutcomesOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  tasks: EcsTasks;
  services: EcsServices;
  settings: RunnerSettings;
  store: Store;
  clock: Clock;
}

/** How the harvesters of one bucket fare. Methods throw UserError and OutsideError. */
export class EcsOutcomes {
  readonly #options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /**
   * Returns how a harvest ended that a task was started for: as the harvest itself has told, or else as AWS tells of the task;
   * null while it runs.
   */
  async ofTask({ arn, collectionId, began, before }: StartedTask): Promise<Outcome | null> {
    const { tasks, clock } = this.#options;
    const [task] = await tasks.describe([arn]);
    if (!task && clock.monotonic() - began < UNKNOWN_MS) return null;
    if (task && task.status !== "STOPPED") return null;
    const told = await this.told(collectionId);
    const own = told?.harvest_timestamp === before?.harvest_timestamp ? null : told;
    const isStopped = own?.outcome === "stopped" && !isTornOff(own);
    if (own?.outcome === "complete" || isStopped) return { exitCode: 0 };
    if (task && endedWell(task)) {
      // What cannot be read may have been told.
      const isEmpty = !own && await this.#begunLast(collectionId) < Infinity;
      return isEmpty ? harvestedNothing(collectionId) : { exitCode: 0 };
    }
    if (task) return await this.#ofEnded(task);
    if (own) return { exitCode: 3, message: own.reason ?? `The harvest was ${own.outcome}` };
    if (await this.#isHeld(collectionId)) return null;
    const message =
      "It is not known how the task ended: ECS remembers it for an hour, and no harvest has reported " +
      "since it was started";
    return { exitCode: 3, message };
  }

  /** Returns what a collection's last harvest has told of itself; null where none has, or it cannot be read. */
  async told(collectionId: string): Promise<HarvestInfo | null> {
    try {
      return (await lastHarvestOf(this.#options.store, collectionId))?.info ?? null;
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  }

  /**
   * Returns when the last harvest of a collection began that has told of itself, in milliseconds since 1970: -Infinity where
   * none has, Infinity where that cannot be read.
   */
  async #begunLast(collectionId: string): Promise<number> {
    try {
      const last = await lastHarvestOf(this.#options.store, collectionId);
      return last ? timeOf(last.info.harvest_timestamp) : -Infinity;
    } catch (error) {
      if (error instanceof UserError) return Infinity;
      throw error;
    }
  }

  async #isHeld(collectionId: string): Promise<boolean> {
    const { store, clock } = this.#options;
    return (await readLock(store, collectionId, { clock, isGone: () => null }))?.live ?? false;
  }

  /** Returns how a service fails that has not begun; null where it may begin yet. One that is no more was stopped, or is over. */
  async ofService(name: string): Promise<Outcome | null> {
    const { services, tasks, bucket } = this.#options;
    const service = await services.find(name);
    if (service?.status !== "ACTIVE" || service.desired === 0) return { exitCode: 0 };
    const ended = await Array.fromAsync(tasks.ended(bucket, { service: name }));
    const begunLast = await this.#begunLast(service.collectionId);
    const last = ended.filter(({ startedBy }) => startedBy === service.deployment)
      .filter((task) => hasFailed(task, begunLast)).toSorted(byEnd).at(-1);
    if (!last && !service.givenUp) return null;
    const outcome = last
      ? await this.#ofEnded(last, begunLast)
      : { exitCode: 3, message: `The service was given up: ${service.givenUp}` };
    const [event] = service.events;
    if (outcome.exitCode === 1 || !event) return outcome;
    return { ...outcome, message: `${outcome.message}. Of the service: ${event.message}` };
  }

  /**
   * Yields what keeps failing, as far as ECS remembers it: an hour of tasks, and what happened to a service.
   * @param heldSince Since when a collection's lock is held, in milliseconds since 1970; null where it is free.
   */
  async *failing(
    heldSince: (collectionId: string) => Promise<number | null>,
  ): AsyncGenerator<Failing> {
    const { bucket, tasks, services } = this.#options;
    const ended = Map.groupBy(
      await Array.fromAsync(tasks.ended(bucket)),
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
      const trouble = troubleOf(service);
      if (trouble && await heldSince(service.collectionId) === null) yield trouble;
    }
  }

  /**
   * Returns the failures of a service's harvesters before the one that goes on now, where they are several. What failed
   * beside it found the collection locked, as it should be.
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

  /** @param begunLast When the last harvest began that has told of itself. */
  async #ofEnded(task: HarvesterTask, begunLast = Infinity): Promise<Outcome> {
    const { exitCode, reason } = task;
    if (hasHarvestedNothing(task, begunLast)) return harvestedNothing(task.collectionId);
    const byAws = doneByAws(task);
    if (byAws) return byAws;
    if (exitCode === 0) return { exitCode };
    if (exitCode === undefined) {
      const why = reason ?? "AWS does not say why";
      return { exitCode: 3, message: `The task was stopped: ${why.replace(/\.$/, "")}` };
    }
    const message = await this.#lastError(task) ??
      `The harvester ended with exit code ${exitCode}${reason ? `: ${reason}` : ""}`;
    return { exitCode, message };
  }

  /** Returns the last error in the log of a task, or the last line of one that has none. */
  async #lastError({ arn, collectionId }: HarvesterTask): Promise<string | undefined> {
    const { bucket, settings, clock } = this.#options;
    const group = settings.require("log_group");
    const id = arn.split("/").at(-1);
    const streams = `${familyOf(bucket, collectionId)}/${CONTAINER}/${id}`;
    const { signal } = new AbortController();
    const wanted = { group, streams, follow: false, signal };
    let last: string | undefined;
    try {
      for await (const line of logLines(wanted, { access: settings.aws, clock })) {
        const text = readable(line);
        if (text.startsWith("Error: ") || !last?.startsWith("Error: ")) last = text;
      }
    } catch (error) {
      // That it failed is known all the same.
      if (!(error instanceof TwarcCloudError)) throw error;
    }
    return last?.replace(/^Error: /, "");
  }
}

/** Returns the failures after which nothing went well, oldest first. @param begunLast When the last harvest began that has told of itself. */
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

/** Returns whether a task ended well, and no harvest has told of itself that began after it was made. */
function hasHarvestedNothing(task: HarvesterTask, begunLast: number): boolean {
  return endedWell(task) && begunLast < (task.createdAt ?? -Infinity) - SKEW_MS;
}

function byEnd(one: HarvesterTask, other: HarvesterTask): number {
  return (one.stoppedAt ?? 0) - (other.stoppedAt ?? 0);
}

/** Returns why a service has no task, as its events have it. */
function troubleOf(
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
