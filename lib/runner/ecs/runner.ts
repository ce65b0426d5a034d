/** Harvesters as tasks and services of ECS on Fargate, for a bucket in S3. */

import { ifOurs, LockedError, TwarcCloudError, UserError } from "../../base/errors.ts";
import { endedWhy } from "../../bucket/last_harvest.ts";
import { lockedError } from "../../bucket/lock.ts";
import { isoTime } from "../../base/clock.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { toFlags } from "../../collection/limits.ts";
import { checkedId } from "../../collection/layout.ts";
import { readable } from "../../base/log.ts";
import { EcsDefinitions } from "./definitions.ts";
import { logLines } from "./logs.ts";
import { EcsOutcomes } from "./outcomes.ts";
import { EcsCluster } from "./client.ts";
import { EcsHarvesters } from "./harvesters.ts";
import { EcsSchedules } from "./schedules.ts";
import { EcsServices } from "./services.ts";
import { EcsTasks, type Placement } from "./tasks.ts";
import { logBefore, loggedElsewhere, noLog, notRunning, readInfo, saidBy } from "../live.ts";
import { harvesterArgs } from "../argv.ts";
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
} from "../runner.ts";
import type { Schedule } from "../schedule.ts";
import { familyFor, tagsFor } from "./task_definition.ts";

/** Milliseconds between polls. */
const POLL_MS = 5_000;

/** Options of EcsRunner. */
export interface EcsOptions extends RunnerOptions {
  /** Milliseconds between polls; by default 5,000. */
  pollMs?: number;
  /** The port of control servers, where the lock does not name one; by default 80. */
  controlPort?: number;
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
  readonly #harvesters: EcsHarvesters;

  /** @throws UserError where the settings have no cluster. */
  constructor(options: EcsOptions) {
    const { settings, bucket, clock, pollMs = POLL_MS } = options;
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
      isOriginal: settings.isOriginal,
    });
    const found = { bucket: this.#bucket, tasks: this.#tasks, settings };
    this.#definitions = new EcsDefinitions({ ...found, cluster: this.#cluster, env: options.env });
    this.#outcomes = new EcsOutcomes({
      ...found,
      services: this.#services,
      store: options.store,
      clock,
    });
    this.#harvesters = new EcsHarvesters({
      ...options,
      bucket: this.#bucket,
      tasks: this.#tasks,
      services: this.#services,
      secretOf: (collectionId) => this.#definitions.secret(collectionId),
      pace: pollMs,
    });
  }

  async once(job: Job): Promise<Started> {
    const { collectionId } = job;
    const { text: bucket } = this.#options.bucket;
    const holder = await this.#free(collectionId);
    const before = await this.#outcomes.readOwnOutcome(collectionId);
    const bare = { collectionId, flags: {} };
    const defined = await this.#definitions.define(bare, { shutdown: true, keepSecret: false });
    const began = this.#options.clock.monotonic();
    const arn = await this.#tasks.run(defined.arn, {
      command: this.#commandFor(job),
      place: this.#place(),
      tags: this.#tags(collectionId),
    });
    const outcome = async () => {
      const outcome = await this.#outcomes.ofTask({ arn, collectionId, began, before });
      if (outcome) await this.#forget(collectionId, defined.secret);
      return outcome;
    };
    const awaitedStep = () => this.#awaitedStep(collectionId, holder);
    return { collectionId, bucket, status: "PENDING", outcome, awaitedStep: awaitedStep };
  }

  async start(job: Job, { say }: { say?: (line: string) => void } = {}): Promise<Started> {
    const { collectionId } = job;
    const { text: bucket } = this.#options.bucket;
    const name = this.#harvesters.serviceFor(collectionId);
    const original = await this.#services.original(this.#bucket, collectionId);
    let before = original === null ? await this.#free(collectionId) : undefined;
    // A service whose stream has ended by itself blocks the new one.
    if (await this.#services.isServed(name) && !await this.#services.isKept(name)) {
      await this.#services.end(name);
    }
    await this.#harvesters.untilDrained(name);
    // Before the original's is stopped: an environment in which ours cannot start is found here.
    const { arn } = await this.#definitions.define(job, {
      shutdown: false,
      keepSecret: false,
      service: name,
    });
    if (original !== null) {
      say?.(`Replacing the service ${original} of the Python original`);
      await this.#harvesters.takeOver(collectionId);
      before = await this.#free(collectionId);
    }
    await this.#services.serve(name, arn, { place: this.#place(), tags: this.#tags(collectionId) });
    let hasBegun = false;
    const awaitedStep = async () => {
      const awaited = await this.#awaitedStep(collectionId, before);
      hasBegun ||= awaited === null;
      return awaited;
    };
    // Once it has begun it goes on until it is stopped: failures are restarted, unless a person has to act.
    const outcome = async () => {
      const outcome = await this.#outcomes.ofService(name);
      if (!hasBegun || !outcome || outcome.exitCode === 0) return outcome;
      const isRefused = outcome.exitCode === 1 &&
        !(await this.#harvesters.lock(collectionId))?.live;
      return isRefused ? outcome : null;
    };
    const withdraw = () => this.stop(collectionId);
    return { collectionId, bucket, status: "PENDING", outcome, awaitedStep: awaitedStep, withdraw };
  }

  async stop(collectionId: string, options: StopOptions = {}): Promise<void> {
    const services = await this.#harvesters.servicesFor(checkedId(collectionId));
    const tasks = await this.#harvesters.listTasks(collectionId);
    if (services.length === 0 && tasks.length === 0) throw notRunning(collectionId);
    const secret = await this.#definitions.secret(collectionId).catch(ifOurs(undefined));
    await this.#harvesters.end(collectionId, { ...options, services, tasks });
    await this.#forget(collectionId, secret);
  }

  async *running({ everywhere = false } = {}): AsyncGenerator<Running> {
    for await (const task of this.#tasks.list(everywhere ? undefined : this.#bucket)) {
      const { collectionId, bucket, status } = task;
      // Collections of other buckets are not queried.
      const control = bucket === this.#bucket
        ? await this.#harvesters.address(task, await this.#harvesters.lock(collectionId))
        : null;
      yield { collectionId, bucket, status, ...(control ? { control } : {}) };
    }
    yield* this.#listEnded();
  }

  /** Yields streams that have ended by themselves, and whose services still exist. */
  async *#listEnded(): AsyncGenerator<Running> {
    for await (const service of this.#services.list(this.#bucket)) {
      const { collectionId, bucket, desired, running, changed } = service;
      if (desired > 0 || running > 0) continue;
      const why = await endedWhy(this.#options.store, collectionId);
      const problem = `${why ?? "Its service was stopped outside of twarc-cloud"}.`;
      const trouble = { since: isoTime(changed), problem, state: "ended" } as const;
      yield { collectionId, bucket, status: "ENDED", trouble };
    }
  }

  async info(collectionId: string): Promise<HarvestInfo | null> {
    const lock = await this.#harvesters.lock(collectionId);
    const [task] = await this.#harvesters.listTasks(collectionId);
    if (!lock?.live || !lock.document) {
      if (!task) return null;
      const original = task.isOriginal
        ? await this.#harvesters.client(collectionId, task, lock)
        : null;
      return await saidBy(original) ?? this.#beginningInfo(collectionId);
    }
    const control = await this.#harvesters.client(collectionId, task, lock);
    return await readInfo(collectionId, lock, control);
  }

  async *failing(): AsyncGenerator<Failing> {
    yield* this.#outcomes.failing(async (collectionId) => {
      const lock = await this.#harvesters.lock(collectionId);
      if (!lock?.live) return null;
      const since = Date.parse(lock.document?.acquired ?? "");
      return Number.isNaN(since) ? this.#options.clock.now() : since;
    });
  }

  async schedule(job: Job, schedule: Schedule): Promise<void> {
    const { settings } = this.#options;
    const bare = { collectionId: checkedId(job.collectionId), flags: {} };
    const { arn } = await this.#definitions.define(bare, { shutdown: true, keepSecret: true });
    const { subnet, securityGroup, spot } = this.#place();
    await this.#schedules.put(job.collectionId, schedule, {
      cluster: await this.#cluster.arn(),
      role: settings.require("event_role_arn"),
      definition: arn.replace(/:\d+$/, ""),
      command: this.#commandFor(job),
      subnet,
      securityGroup,
      spot,
    });
  }

  /**
   * Returns the command of a run with limits of its own, which replaces its definition's: other runs have that
   * definition too.
   */
  #commandFor(job: Job): string[] | undefined {
    if (toFlags(job.flags).length === 0) return undefined;
    return harvesterArgs(job, { bucket: this.#bucket, shutdown: true });
  }

  findSchedule(collectionId: string): Promise<ScheduledJob | null> {
    return this.#schedules.find(checkedId(collectionId));
  }

  async unschedule(collectionId: string): Promise<boolean> {
    const secret = await this.#definitions.secret(checkedId(collectionId)).catch(ifOurs(undefined));
    const wasScheduled = await this.#schedules.delete(collectionId);
    if (wasScheduled) await this.#forget(collectionId, secret);
    return wasScheduled;
  }

  listSchedules(): AsyncIterable<ScheduledJob> {
    return this.#schedules.list();
  }

  notStarted(scheduled: ScheduledJob[]): Promise<NotStarted[]> {
    return this.#schedules.notStarted(scheduled);
  }

  async *logs(collectionId: string, options: LogOptions): AsyncGenerator<string> {
    const { settings, clock } = this.#options;
    const group = settings.require("log_group");
    const streams = `${familyFor(this.#bucket, checkedId(collectionId))}/`;
    const lock = await this.#harvesters.lock(collectionId);
    const isElsewhere = lock?.live &&
      !await this.#harvesters.isStarted(collectionId).catch(ifOurs(true));
    const elsewhere = isElsewhere && lock.document
      ? loggedElsewhere(collectionId, lock.document)
      : null;
    const read = async function* (follow: boolean) {
      let isEmpty = true;
      const wanted = { group, streams, ...options, follow };
      for await (const line of logLines(wanted, { access: settings.aws, clock })) {
        isEmpty = false;
        yield readable(line);
      }
      if (isEmpty && !options.follow) throw noLog(collectionId, options);
    };
    if (elsewhere) yield* logBefore(read(false), elsewhere, options);
    else yield* read(options.follow);
  }

  /** Returns the status of a harvester whose container is starting. */
  #beginningInfo(collection_id: string): HarvestInfo {
    const harvest_timestamp = isoTime(this.#options.clock.now());
    return { collection_id, harvest_timestamp, tweets: 0, files: 0, file_bytes: 0 };
  }

  /** Ensures that nothing harvests a collection; returns the id of its lock's former holder, if any. */
  async #free(collectionId: string): Promise<string | undefined> {
    const lock = await this.#harvesters.lock(checkedId(collectionId));
    if (lock?.live && !lock.isDoubtful) throw lockedError(collectionId, lock.document);
    if (await this.#harvesters.isStarted(collectionId)) throw startedAlready(collectionId);
    return lock?.document?.holder;
  }

  /** Returns what is awaited until a harvester has the lease. @param before The former holder. */
  async #awaitedStep(collectionId: string, before: string | undefined): Promise<string | null> {
    const lock = await this.#harvesters.lock(collectionId);
    if (lock?.live && lock.document?.holder !== before) return null;
    const [task] = await this.#harvesters.listTasks(collectionId);
    if (task) return `its task is ${task.status}`;
    const service = await this.#services.find(this.#harvesters.serviceFor(collectionId)).catch(
      ifOurs(undefined),
    );
    const [event] = service?.events ?? [];
    return event ? `it has no task yet: ${event.message}` : "it has no task yet";
  }

  /**
   * Deletes the control secret of a collection that nothing runs and nothing is scheduled for. A failure is left to
   * the next time: the command itself is done.
   */
  async #forget(collectionId: string, secret: string | undefined): Promise<void> {
    if (secret === undefined) return;
    try {
      if (
        await this.#schedules.find(collectionId) || await this.#harvesters.isStarted(collectionId)
      ) return;
      await this.#definitions.forget(collectionId, secret);
    } catch (error) {
      if (!(error instanceof TwarcCloudError)) throw error;
    }
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
    return tagsFor(this.#bucket, collectionId);
  }
}

function startedAlready(collectionId: string): LockedError {
  return new LockedError(`A harvest of ${collectionId} has been started already`, {
    hint: "A container takes a minute to begin: see it with `twarc-cloud harvest list`.",
  });
}

/** Returns a boolean setting. @throws UserError for anything else. */
function isYes(value: string, name: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new UserError(`${name} in twarc_cloud.ini is ${JSON.stringify(value)}`, {
    hint: "Set it to true or false.",
  });
}
