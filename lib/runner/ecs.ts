/** Harvesters as tasks and services of ECS on Fargate, for a bucket in S3. */

import { type FoundLock, locked, readLock } from "../bucket/lock.ts";
import { isoTime } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { checkedId } from "../collection/layout.ts";
import { ControlClient } from "../control.ts";
import { LockedError, TwarcCloudError, UnresponsiveError, UserError } from "../errors.ts";
import { readable } from "../log.ts";
import { lastWord } from "../visible.ts";
import { EcsDefinitions } from "./ecs_definitions.ts";
import { logLines } from "./ecs_logs.ts";
import { EcsOutcomes } from "./ecs_outcomes.ts";
import { EcsCluster } from "./ecs_client.ts";
import { EcsSchedules } from "./ecs_schedules.ts";
import { EcsServices } from "./ecs_services.ts";
import { EcsTasks, type HarvesterTask, type Placement } from "./ecs_tasks.ts";
import { infoOf, notRunning, tellStop } from "./live.ts";
import type {
  Failing,
  Job,
  LogOptions,
  NotStarted,
  Runner,
  RunnerOptions,
  Running,
  ScheduledJob,
  Started,
  StopOptions,
} from "./runner.ts";
import type { Schedule } from "./schedule.ts";
import { awsName, CONTROL_PORT, familyOf, tagsOf } from "./task_definition.ts";

/** Milliseconds between looks at something that changes. */
const POLL = 5_000;
/** Milliseconds that a harvester may take to stop. */
const STOP_TIMEOUT = 600_000;
/** Milliseconds that a harvester whose port cannot be reached is asked for. */
const SILENCE = 15_000;

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
  readonly #cluster: EcsCluster;
  readonly #tasks: EcsTasks;
  readonly #services: EcsServices;
  readonly #schedules: EcsSchedules;
  readonly #definitions: EcsDefinitions;
  readonly #outcomes: EcsOutcomes;

  /** @throws UserError where the settings have no cluster. */
  constructor(options: EcsOptions) {
    const { settings, bucket, clock, pollMs = POLL } = options;
    this.#options = options;
    this.pace = pollMs;
    this.#bucket = bucket.name;
    this.#cluster = new EcsCluster(settings.require("cluster"), settings.aws);
    this.#tasks = new EcsTasks(this.#cluster);
    this.#services = new EcsServices(this.#cluster);
    this.#schedules = new EcsSchedules(this.#bucket, {
      access: settings.aws,
      clock,
      deadLetters: settings.get("dead_letter_queue"),
    });
    const found = { bucket: this.#bucket, tasks: this.#tasks, settings };
    this.#definitions = new EcsDefinitions({ ...found, cluster: this.#cluster, env: options.env });
    this.#outcomes = new EcsOutcomes({
      ...found,
      services: this.#services,
      store: options.store,
      clock,
    });
  }

  async once(job: Job): Promise<Started> {
    const { collectionId } = job;
    const { text: bucket } = this.#options.bucket;
    const holder = await this.#free(collectionId);
    const before = await this.#outcomes.told(collectionId);
    const defined = await this.#definitions.define(job, { shutdown: true, keepSecret: false });
    const began = this.#options.clock.monotonic();
    const arn = await this.#tasks.run(defined.arn, {
      place: this.#place(),
      tags: this.#tags(collectionId),
    });
    const outcome = async () => {
      const outcome = await this.#outcomes.ofTask({ arn, collectionId, began, before });
      if (outcome) await this.#forget(collectionId, defined.secret);
      return outcome;
    };
    const awaited = () => this.#awaited(collectionId, holder);
    return { collectionId, bucket, status: "PENDING", outcome, awaited };
  }

  async start(job: Job): Promise<Started> {
    const { collectionId } = job;
    const { text: bucket } = this.#options.bucket;
    const before = await this.#free(collectionId);
    const name = this.#serviceOf(collectionId);
    await this.#untilDrained(name);
    const { arn } = await this.#definitions.define(job, { shutdown: false, keepSecret: false });
    await this.#services.serve(name, arn, { place: this.#place(), tags: this.#tags(collectionId) });
    let hasBegun = false;
    const awaited = async () => {
      const awaited = await this.#awaited(collectionId, before);
      hasBegun ||= awaited === null;
      return awaited;
    };
    // One that has begun goes on until it is stopped: what fails is started again.
    const outcome = async () => {
      if (!hasBegun) return await this.#outcomes.ofService(name);
      return await this.#services.isServed(name) ? null : { exitCode: 0 };
    };
    const withdraw = () => this.stop(collectionId);
    return { collectionId, bucket, status: "PENDING", outcome, awaited, withdraw };
  }

  async stop(collectionId: string, options: StopOptions = {}): Promise<void> {
    const name = this.#serviceOf(checkedId(collectionId));
    const isServed = await this.#services.isServed(name);
    const tasks = await this.#tasksOf(collectionId);
    if (!isServed && tasks.length === 0) throw notRunning(collectionId);
    const secret = await this.#definitions.secret(collectionId).catch(undefinedIfOurs);
    await this.#stopHarvest(collectionId, options);
    if (isServed) await this.#services.end(name);
    for (const { arn } of tasks) {
      await this.#tasks.end(arn, "Stopped by a command of twarc-cloud");
    }
    await this.#untilGone(collectionId, tasks.map(({ arn }) => arn), options);
    await this.#forget(collectionId, secret);
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

  async *failing(): AsyncGenerator<Failing> {
    yield* this.#outcomes.failing(async (collectionId) => {
      const lock = await this.#lock(collectionId);
      if (!lock?.live) return null;
      const since = Date.parse(lock.document?.acquired ?? "");
      return Number.isNaN(since) ? this.#options.clock.now() : since;
    });
  }

  async schedule(job: Job, schedule: Schedule): Promise<void> {
    const { settings } = this.#options;
    checkedId(job.collectionId);
    const { arn } = await this.#definitions.define(job, { shutdown: true, keepSecret: true });
    const { subnet, securityGroup, spot } = this.#place();
    await this.#schedules.put(job.collectionId, schedule, {
      cluster: await this.#cluster.arn(),
      role: settings.require("event_role_arn"),
      definition: arn.replace(/:\d+$/, ""),
      subnet,
      securityGroup,
      spot,
    });
  }

  scheduleOf(collectionId: string): Promise<ScheduledJob | null> {
    return this.#schedules.find(checkedId(collectionId));
  }

  async unschedule(collectionId: string): Promise<boolean> {
    const secret = await this.#definitions.secret(checkedId(collectionId)).catch(undefinedIfOurs);
    const wasScheduled = await this.#schedules.delete(collectionId);
    if (wasScheduled) await this.#forget(collectionId, secret);
    return wasScheduled;
  }

  scheduled(): AsyncIterable<ScheduledJob> {
    return this.#schedules.list();
  }

  notStarted(scheduled: ScheduledJob[]): Promise<NotStarted[]> {
    return this.#schedules.notStarted(scheduled);
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

  /** That nothing harvests a collection; whose lock it has, if any: of one that is gone. */
  async #free(collectionId: string): Promise<string | undefined> {
    const lock = await this.#lock(checkedId(collectionId));
    if (lock?.live && !lock.isDoubtful) throw locked(collectionId, lock.document);
    if (await this.#isStarted(collectionId)) throw startedAlready(collectionId);
    return lock?.document?.holder;
  }

  /** What is awaited until a harvester has the lease. @param before Who had it last. */
  async #awaited(collectionId: string, before: string | undefined): Promise<string | null> {
    const lock = await this.#lock(collectionId);
    if (lock?.live && lock.document?.holder !== before) return null;
    const [task] = await this.#tasksOf(collectionId);
    if (task) return `its task is ${task.status}`;
    const service = await this.#services.find(this.#serviceOf(collectionId)).catch(undefinedIfOurs);
    const [event] = service?.events ?? [];
    return event ? `it has no task yet: ${event.message}` : "it has no task yet";
  }

  /**
   * Deletes the control secret of a collection that nothing runs and nothing is scheduled for any more. One that
   * cannot be deleted is left to the next time: what was asked for is done.
   */
  async #forget(collectionId: string, secret: string | undefined): Promise<void> {
    if (secret === undefined) return;
    try {
      if (await this.#schedules.find(collectionId) || await this.#isStarted(collectionId)) return;
      await this.#definitions.forget(collectionId, secret);
    } catch (error) {
      if (!(error instanceof TwarcCloudError)) throw error;
    }
  }

  /** Whether a task or a service of the collection is there, though it has no lock yet. */
  async #isStarted(collectionId: string): Promise<boolean> {
    const tasks = await this.#tasksOf(collectionId);
    return tasks.length > 0 || await this.#services.isServed(this.#serviceOf(collectionId));
  }

  #place(): Placement {
    const { settings } = this.#options;
    return {
      subnet: settings.require("subnet"),
      securityGroup: settings.require("security_group"),
      spot: isYes(settings.get("spot") ?? "no", "spot"),
    };
  }

  #tags(collectionId: string) {
    return tagsOf(this.#bucket, collectionId);
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
    // An interface may be gone already, or not for this person to look at: nothing else depends on it.
    const address = await this.#tasks.addressOf(task.networkInterface).catch(undefinedIfOurs);
    return address ? new URL(`http://${address}:${CONTROL_PORT}/`) : null;
  }

  async #client(
    collectionId: string,
    task: HarvesterTask | undefined,
    lock: FoundLock | null,
  ): Promise<ControlClient | null> {
    const { clock } = this.#options;
    const url = await this.#address(task, lock);
    const secret = () => this.#definitions.secret(collectionId);
    return url ? new ControlClient(url, { collectionId, secret, clock }) : null;
  }

  /** Asks the harvester to stop, and waits until it has; one that cannot be reached is left to SIGTERM. */
  async #stopHarvest(collectionId: string, { signal, say }: StopOptions): Promise<void> {
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
      say?.(state === null ? "its harvester to answer" : "its harvester to stop");
      await clock.sleep(Math.min(this.pace, 1_000), signal);
    }
  }

  /** Waits until a service that was stopped is over: ECS makes no other of its name before. */
  async #untilDrained(name: string): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT;
    while (await this.#services.isDraining(name)) {
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
    { signal, say }: StopOptions,
  ): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const isLive = (await this.#lock(collectionId))?.live ?? false;
      const left = await this.#tasks.describe(arns);
      const going = left.find(({ status }) => status !== "STOPPED") ??
        (await this.#tasksOf(collectionId))[0];
      if (!isLive && !going) return;
      say?.(going ? `its task to end (it is ${going.status})` : "its lock to be given back");
      await clock.sleep(this.pace, signal);
    }
    throw new UnresponsiveError(`The harvester of ${collectionId} does not stop`, {
      hint: "Look at its task with the AWS website.",
    });
  }
}

/** What is only for show, or cleaned up later, ends nothing that has to work; throws what is no error of ours. */
function undefinedIfOurs(error: unknown): undefined {
  if (error instanceof TwarcCloudError) return undefined;
  throw error;
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
