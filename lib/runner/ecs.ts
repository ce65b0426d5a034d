/** Harvesters as tasks and services of ECS on Fargate, for a bucket in S3. */

import { randomBytes } from "node:crypto";
import { type FoundLock, locked, readLock } from "../bucket/lock.ts";
import { isoTime } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { checkedId } from "../collection/layout.ts";
import { ControlClient } from "../control.ts";
import { LockedError, UnresponsiveError, UserError } from "../errors.ts";
import { readable } from "../log.ts";
import { s3Name } from "../store/store.ts";
import { Parameters } from "../store/parameters.ts";
import { lastWord } from "../visible.ts";
import { logLines } from "./ecs_logs.ts";
import { EcsSchedules } from "./ecs_schedules.ts";
import { EcsTasks, type HarvesterTask, type Placement } from "./ecs_tasks.ts";
import { infoOf, notRunning, tellStop } from "./live.ts";
import type {
  Job,
  LogOptions,
  Outcome,
  Runner,
  RunnerOptions,
  Running,
  ScheduledJob,
  Started,
} from "./runner.ts";
import type { Schedule } from "./schedule.ts";
import {
  awsName,
  CONTAINER,
  CONTROL_PORT,
  definitionOf,
  familyOf,
  tagsOf,
} from "./task_definition.ts";

/** Milliseconds between looks at something that changes. */
const POLL = 5_000;
/** Milliseconds that a harvester may take to stop. */
const STOP_TIMEOUT = 600_000;
/** Milliseconds that a harvester whose port cannot be reached is asked for. */
const SILENCE = 15_000;

/** Milliseconds for which ECS may not know a task that it has started: it is eventually consistent. */
const UNKNOWN = 60_000;

/** What an EcsRunner is made with. */
export interface EcsOptions extends RunnerOptions {
  /** Milliseconds between looks at something that changes; 5,000 unless said. */
  pollMs?: number;
}

/** Runs harvesters on Fargate. */
export class EcsRunner implements Runner {
  readonly pace: number;
  readonly #options: EcsOptions;
  readonly #bucket: string;
  readonly #tasks: EcsTasks;
  readonly #schedules: EcsSchedules;
  readonly #parameters: Parameters;

  /** @throws UserError where the settings have no cluster. */
  constructor(options: EcsOptions) {
    const { settings, bucket, clock, pollMs = POLL } = options;
    this.#options = options;
    this.pace = pollMs;
    this.#bucket = s3Name(bucket);
    this.#tasks = new EcsTasks(settings.require("cluster"), settings.aws);
    this.#schedules = new EcsSchedules(this.#bucket, { access: settings.aws, clock });
    this.#parameters = new Parameters(this.#bucket, settings.aws);
  }

  async once(job: Job): Promise<Started> {
    const { collectionId, bucket } = job;
    const definition = await this.#define(job, true);
    const began = this.#options.clock.monotonic();
    const arn = await this.#tasks.run(definition, { place: this.#place(), tags: this.#tags(job) });
    const outcome = () => this.#outcome(arn, { collectionId, began });
    return { collectionId, bucket, status: "PENDING", outcome };
  }

  async start(job: Job): Promise<Started> {
    const { collectionId, bucket } = job;
    const definition = await this.#define(job, false);
    const name = this.#serviceOf(collectionId);
    await this.#untilDrained(name);
    await this.#tasks.serve(name, definition, { place: this.#place(), tags: this.#tags(job) });
    // A service goes on until it is stopped.
    const outcome = async () => await this.#tasks.isServed(name) ? null : { exitCode: 0 };
    return { collectionId, bucket, status: "PENDING", outcome };
  }

  async stop(collectionId: string, signal?: AbortSignal): Promise<void> {
    const name = this.#serviceOf(checkedId(collectionId));
    const isServed = await this.#tasks.isServed(name);
    const tasks = await this.#tasksOf(collectionId);
    if (!isServed && tasks.length === 0) throw notRunning(collectionId);
    await this.#stopHarvest(collectionId, signal);
    if (isServed) await this.#tasks.endService(name);
    for (const { arn } of tasks) {
      await this.#tasks.end(arn, "twarc-cloud was told to stop it");
    }
    await this.#untilGone(collectionId, tasks.map(({ arn }) => arn), signal);
  }

  async *running(): AsyncGenerator<Running> {
    for await (const task of this.#tasks.list(this.#bucket)) {
      const { collectionId, status } = task;
      const control = await this.#address(task, await this.#lock(collectionId));
      yield { collectionId, bucket: this.#bucket, status, ...(control ? { control } : {}) };
    }
  }

  async info(collectionId: string): Promise<HarvestInfo | null> {
    const lock = await this.#lock(collectionId);
    const [task] = await this.#tasksOf(collectionId);
    if (!lock?.live) return task ? this.#begun(collectionId) : null;
    const control = await this.#client(collectionId, task, lock);
    return await infoOf(collectionId, lock, control);
  }

  async schedule(job: Job, schedule: Schedule): Promise<void> {
    const { settings } = this.#options;
    const definition = await this.#define(job, true, { isRunningFine: true });
    const { subnet, securityGroup, spot } = this.#place();
    await this.#schedules.put(job.collectionId, schedule, {
      cluster: await this.#tasks.clusterArn(),
      role: settings.require("event_role_arn"),
      definition: definition.replace(/:\d+$/, ""),
      subnet,
      securityGroup,
      spot,
    });
  }

  unschedule(collectionId: string): Promise<boolean> {
    return this.#schedules.delete(checkedId(collectionId));
  }

  scheduled(): AsyncIterable<ScheduledJob> {
    return this.#schedules.list();
  }

  async *logs(collectionId: string, options: LogOptions): AsyncGenerator<string> {
    const { settings, clock } = this.#options;
    const group = settings.require("log_group");
    const streams = `${familyOf(this.#bucket, checkedId(collectionId))}/`;
    let isEmpty = true;
    for await (
      const line of logLines({ group, streams, ...options }, { access: settings.aws, clock })
    ) {
      isEmpty = false;
      yield readable(line);
    }
    if (!isEmpty || options.follow) return;
    throw new UserError(`There is no log of ${collectionId} yet`, {
      hint: `It begins with the first harvest: twarc-cloud collection once ${
        lastWord(collectionId)
      }`,
    });
  }

  /** What is known of a harvester whose container is being started. */
  #begun(collection_id: string): HarvestInfo {
    const harvest_timestamp = isoTime(this.#options.clock.now());
    return { collection_id, harvest_timestamp, tweets: 0, files: 0, file_bytes: 0 };
  }

  /** The definition of a collection's task, with a new control secret, where nothing runs. */
  async #define(
    job: Job,
    shutdown: boolean,
    { isRunningFine = false } = {},
  ): Promise<string> {
    const { settings, env } = this.#options;
    const { collectionId } = job;
    const lock = await this.#lock(checkedId(collectionId));
    const isHeld = lock?.live && !lock.isDoubtful;
    const isRunning = isHeld || await this.#isStarted(collectionId);
    if (isRunning && !isRunningFine) {
      throw isHeld ? locked(collectionId, lock.document) : startedAlready(collectionId);
    }
    const secret = secretOf(collectionId);
    // Where it is fine that something runs, it may be about to: it has the secret that is there.
    if (!isRunningFine || await this.#parameters.get(secret) === null) {
      await this.#parameters.put(secret, randomBytes(32).toString("hex"));
    }
    const secrets: Record<string, string> = {
      TWARC_CLOUD_SECRET: this.#parameters.nameOf(secret),
    };
    const honeybadger = settings.get("honeybadger_key");
    if (honeybadger) {
      await this.#parameters.put("honeybadger-key", honeybadger);
      secrets.HONEYBADGER_API_KEY = this.#parameters.nameOf("honeybadger-key");
    }
    const region = settings.aws.region ?? "";
    const definition = definitionOf({
      job: { ...job, bucket: this.#bucket },
      shutdown,
      settings,
      region,
      env: {
        TWARC_CLOUD_HOST: "0.0.0.0",
        TWARC_CLOUD_PORT: `${CONTROL_PORT}`,
        TWARC_CLOUD_LOG: "json",
        ...(region ? { AWS_REGION: region } : {}),
        ...(env.TWITTER_API_URL ? { TWITTER_API_URL: env.TWITTER_API_URL } : {}),
      },
      secrets,
    });
    return await this.#tasks.define(definition);
  }

  /** Whether a task or a service of the collection is there, though it has no lock yet. */
  async #isStarted(collectionId: string): Promise<boolean> {
    const tasks = await this.#tasksOf(collectionId);
    return tasks.length > 0 || await this.#tasks.isServed(this.#serviceOf(collectionId));
  }

  #place(): Placement {
    const { settings } = this.#options;
    return {
      subnet: settings.require("subnet"),
      securityGroup: settings.require("security_group"),
      spot: isYes(settings.get("spot") ?? "no", "spot"),
    };
  }

  #tags(job: Job) {
    return tagsOf({ ...job, bucket: this.#bucket });
  }

  /** ECS allows 255 characters. */
  #serviceOf(collectionId: string): string {
    return awsName(`${this.#bucket}_${collectionId}`, 255);
  }

  async #tasksOf(collectionId: string): Promise<HarvesterTask[]> {
    const all = await Array.fromAsync(this.#tasks.list(this.#bucket));
    return all.filter((task) => task.collectionId === collectionId);
  }

  async #lock(collectionId: string): Promise<FoundLock | null> {
    const { store, clock } = this.#options;
    return await readLock(store, collectionId, { clock, isGone: () => null });
  }

  /** Where a harvester's control server answers: as its lock says, or at its public address. */
  async #address(task: HarvesterTask | undefined, lock: FoundLock | null): Promise<URL | null> {
    const told = lock?.live ? lock.document?.control : undefined;
    if (told && new URL(told).hostname !== "0.0.0.0") return new URL(told);
    if (!task?.networkInterface) return null;
    const address = await this.#tasks.addressOf(task.networkInterface);
    return address ? new URL(`http://${address}:${CONTROL_PORT}/`) : null;
  }

  async #client(
    collectionId: string,
    task: HarvesterTask | undefined,
    lock: FoundLock | null,
  ): Promise<ControlClient | null> {
    const { clock } = this.#options;
    const url = await this.#address(task, lock);
    const secret = async () => await this.#parameters.get(secretOf(collectionId)) ?? undefined;
    return url ? new ControlClient(url, { collectionId, secret, clock }) : null;
  }

  /** Asks the harvester to stop, and waits until it has; one that cannot be reached is left to SIGTERM. */
  async #stopHarvest(collectionId: string, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT;
    let heard = clock.monotonic();
    let isTold = false;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const lock = await this.#lock(collectionId);
      if (!lock?.live) return;
      const [task] = await this.#tasksOf(collectionId);
      const control = await this.#client(collectionId, task, lock);
      if (!control) return;
      const state = await tellStop(control, isTold);
      if (state === true) return;
      isTold ||= state !== null;
      if (state !== null) heard = clock.monotonic();
      if (clock.monotonic() - heard > SILENCE) return;
      await clock.sleep(Math.min(this.pace, 1_000), signal);
    }
  }

  /** Waits until a service that was stopped is over: ECS makes no other of its name before. */
  async #untilDrained(name: string): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT;
    while (await this.#tasks.isDraining(name)) {
      if (clock.monotonic() > end) {
        throw new UnresponsiveError(`The service of the harvest before is still draining`, {
          hint: "Try again in some minutes.",
        });
      }
      await clock.sleep(this.pace);
    }
  }

  /** Waits until tasks have ended, and the lock with them. */
  async #untilGone(
    collectionId: string,
    arns: string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const isLive = (await this.#lock(collectionId))?.live ?? false;
      const left = await this.#tasks.describe(arns);
      const isOver = left.every(({ status }) => status === "STOPPED");
      if (!isLive && isOver && (await this.#tasksOf(collectionId)).length === 0) return;
      await clock.sleep(this.pace, signal);
    }
    throw new UnresponsiveError(`The harvester of ${collectionId} does not stop`, {
      hint: "Look at its task with the AWS website.",
    });
  }

  /** How a task ended; null while it runs. @param began By the monotonic clock. */
  async #outcome(
    arn: string,
    { collectionId, began }: { collectionId: string; began: number },
  ): Promise<Outcome | null> {
    const [task] = await this.#tasks.describe([arn]);
    if (!task && this.#options.clock.monotonic() - began < UNKNOWN) return null;
    if (task && task.status !== "STOPPED") return null;
    const { exitCode, reason = "AWS does not say why" } = task ?? {};
    if (exitCode === undefined) return { exitCode: 3, message: `The task was stopped: ${reason}` };
    if (exitCode === 0) return { exitCode };
    const message = await this.#lastError(arn, collectionId) ??
      `The harvester ended with exit code ${exitCode}`;
    return { exitCode, message };
  }

  /** The last error that the log of a task tells. */
  async #lastError(arn: string, collectionId: string): Promise<string | undefined> {
    const { settings, clock } = this.#options;
    const group = settings.require("log_group");
    const id = arn.split("/").at(-1);
    const streams = `${familyOf(this.#bucket, collectionId)}/${CONTAINER}/${id}`;
    const { signal } = new AbortController();
    const wanted = { group, streams, follow: false, signal };
    const lines = await Array.fromAsync(logLines(wanted, { access: settings.aws, clock }));
    return lines.map(readable).findLast((line) => line.startsWith("Error: "))?.replace(
      /^Error: /,
      "",
    );
  }
}

function startedAlready(collectionId: string): LockedError {
  return new LockedError(`A harvest of ${collectionId} has been started already`, {
    hint: "A container takes a minute to begin: see it with `twarc-cloud harvest list`.",
  });
}

/** A setting that is a yes or a no. @throws UserError for anything else. */
function isYes(value: string, name: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new UserError(`${name} in twarc_cloud.ini is ${JSON.stringify(value)}`, {
    hint: "It is true or false.",
  });
}

/** The name of the parameter with a collection's control secret. */
export function secretOf(collectionId: string): string {
  return `control-secrets/${collectionId}`;
}
