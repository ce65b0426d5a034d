/** How harvesters on Fargate ended, and which of them keep failing. */

import type { Clock } from "../clock.ts";
import { TwarcCloudError } from "../errors.ts";
import { readable } from "../log.ts";
import { logLines } from "./ecs_logs.ts";
import type { EcsServices, HarvesterService } from "./ecs_services.ts";
import type { EcsTasks, HarvesterTask } from "./ecs_tasks.ts";
import type { Failing, Outcome, RunnerSettings } from "./runner.ts";
import { CONTAINER, familyOf } from "./task_definition.ts";

/** Milliseconds for which ECS may not know a task that it has started: it is eventually consistent. */
const UNKNOWN = 60_000;
/** What stops a task that has not failed: a person, the end of its service, or that spare capacity is wanted back. */
const WANTED = /^(UserInitiated|ServiceSchedulerInitiated|SpotInterruption)$/;
/** What the ids of services' deployments begin with. */
const DEPLOYMENT = "ecs-svc/";
/** Events of a service that can start no task. */
const TROUBLE = /unable|failed|error|insufficient/i;

/** What outcomes are looked for with. */
export interface OutcomesOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  tasks: EcsTasks;
  services: EcsServices;
  settings: RunnerSettings;
  clock: Clock;
}

/** How the harvesters of one bucket fare. Methods throw UserError and OutsideError. */
export class EcsOutcomes {
  readonly #options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** How a task ended; null while it runs. @param began When it was started, by the monotonic clock. */
  async ofTask(arn: string, began: number): Promise<Outcome | null> {
    const { tasks, clock } = this.#options;
    const [task] = await tasks.describe([arn]);
    if (!task && clock.monotonic() - began < UNKNOWN) return null;
    if (!task) return { exitCode: 3, message: "ECS knows nothing of the task any more" };
    return task.status === "STOPPED" ? await this.#ofEnded(task) : null;
  }

  /** How a service fails that has not begun; null where it may begin yet. One that is no more was stopped. */
  async ofService(name: string): Promise<Outcome | null> {
    const { services, tasks, bucket } = this.#options;
    const service = await services.find(name);
    if (service?.status !== "ACTIVE") return { exitCode: 0 };
    const ended = await Array.fromAsync(tasks.ended(bucket, { service: name }));
    const last = ended.filter(({ startedBy }) => startedBy === service.deployment)
      .filter(hasFailed).toSorted(byEnd).at(-1);
    if (!last && !service.givenUp) return null;
    const outcome = last
      ? await this.#ofEnded(last)
      : { exitCode: 3, message: `The service was given up: ${service.givenUp}` };
    const [event] = service.events;
    if (outcome.exitCode === 1 || !event) return outcome;
    return { ...outcome, message: `${outcome.message}. Of the service: ${event.message}` };
  }

  /**
   * What keeps failing, as far as ECS remembers it: an hour of tasks, and what happened to a service.
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
      const failures = held === null ? lastFailures(all) : await this.#restarts(all, held);
      const [first, last] = [failures[0], failures.at(-1)];
      if (!first || !last) continue;
      const { message = "" } = await this.#ofEnded(last);
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
   * The failures of a service's harvesters before the one that goes on now, where they are several. What failed
   * beside it found the collection locked, as it should be.
   */
  async #restarts(ended: HarvesterTask[], held: number): Promise<HarvesterTask[]> {
    const failures = lastFailures(ended.filter(({ stoppedAt = 0 }) => stoppedAt < held))
      .filter(({ startedBy }) => startedBy?.startsWith(DEPLOYMENT));
    if (failures.length < 2) return [];
    const { bucket, tasks } = this.#options;
    const running = new Set<string | undefined>();
    for await (const { startedBy } of tasks.list(bucket)) running.add(startedBy);
    return failures.filter(({ startedBy }) => running.has(startedBy));
  }

  async #ofEnded(task: HarvesterTask): Promise<Outcome> {
    const { exitCode, reason, stopCode } = task;
    if (exitCode === 0) return { exitCode };
    const why = reason ?? "AWS does not say why";
    if (exitCode === undefined) {
      const what = stopCode === "TaskFailedToStart" ? "could not start" : "was stopped";
      return { exitCode: 3, message: `The task ${what}: ${why.replace(/\.$/, "")}` };
    }
    const message = await this.#lastError(task) ??
      `The harvester ended with exit code ${exitCode}${reason ? `: ${reason}` : ""}`;
    return { exitCode, message };
  }

  /** The last error in the log of a task, or the last line of one that has none. */
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

/** The failures after which nothing went well, oldest first. */
function lastFailures(tasks: HarvesterTask[]): HarvesterTask[] {
  const ended = tasks.filter(({ stopCode }) => !WANTED.test(stopCode ?? "")).toSorted(byEnd);
  return ended.slice(ended.findLastIndex((task) => !hasFailed(task)) + 1);
}

function hasFailed({ status, exitCode, stopCode }: HarvesterTask): boolean {
  return status === "STOPPED" && exitCode !== 0 && !WANTED.test(stopCode ?? "");
}

function byEnd(one: HarvesterTask, other: HarvesterTask): number {
  return (one.stoppedAt ?? 0) - (other.stoppedAt ?? 0);
}

/** Why a service has no task, as its events have it. */
function troubleOf(
  { collectionId, running, givenUp, changed, events }: HarvesterService,
): Failing | undefined {
  if (running > 0) return;
  const end = events.findIndex(({ message }) => !TROUBLE.test(message));
  const troubles = end < 0 ? events : events.slice(0, end);
  const [last, first] = [troubles[0], troubles.at(-1)];
  const since = first?.at ?? changed;
  const message = givenUp ?? last?.message;
  return message
    ? { collectionId, since, times: Math.max(troubles.length, 1), message }
    : undefined;
}
