/** The port to where harvesters run. */

import type { Clock } from "../base/clock.ts";
import type { AwsAccess } from "../base/aws.ts";
import type { BucketRef } from "../base/bucket_ref.ts";
import type { HarvestFlags } from "../collection/limits.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { RunnerKind, SettingName } from "../base/settings.ts";
import type { Documents } from "./local/documents.ts";
import type { Store } from "../store/store.ts";
import type { FoundKept, Trouble } from "./local/kept.ts";
import type { Schedule } from "./schedule.ts";

/** What a harvester is asked to run. */
export interface Job {
  collectionId: string;
  flags: HarvestFlags;
}

/** A harvester that runs, or is to. */
export interface Running {
  collectionId: string;
  bucket: string;
  /** RUNNING, PENDING, STOPPING, STOPPED: as ECS names them; RESTARTING and ENDED for one that is to run and does not. */
  status: string;
  /** Why one that is to run does not. */
  trouble?: Trouble;
  /** Where its control server answers. */
  control?: URL;
}

/** How a harvester's process ended. */
export interface Outcome {
  exitCode: number;
  /** The line that says why, where the exit code is not 0. */
  message?: string;
}

/** A harvester that this process started. */
export interface Started extends Running {
  /** Its outcome once it has ended, or where it is plain that it cannot begin; null while it runs. */
  outcome(): Promise<Outcome | null>;
  /**
   * What is awaited until the harvester has the lease, in a few words; null once it has it. Absent where it has
   * begun when it is given back.
   */
  awaited?(): Promise<string | null>;
  /** Ends what was started and cannot begin, so that it is not tried again for ever; absent where nothing is left. */
  withdraw?(): Promise<void>;
}

/** A collection whose harvesters fail again and again. */
export interface Failing {
  collectionId: string;
  /** Since when at least, in milliseconds since 1970. */
  since: number;
  /** How often at least. */
  times: number;
  /** How it failed last, for a person. */
  message: string;
}

/** Runs of a schedule that could not be started, and were given up. */
export interface NotStarted {
  collectionId: string;
  /** How often. */
  times: number;
  /** When the first and the last of them were due, ISO 8601, UTC. */
  first: string;
  last: string;
  /** Why the last one was not started, for a person. */
  message: string;
  /** What to do. */
  hint?: string;
}

/** A collection's schedule. */
export interface ScheduledJob {
  collectionId: string;
  schedule: Schedule;
  /** When it is due next, ISO 8601, UTC; absent where that is not known, or it is over. */
  next?: string;
  /** Of a run that was due, and did not begin or ended by a fault. Times are ISO 8601, UTC. */
  retry?: {
    /** When it was due. */
    since: string;
    /** When it is tried next. */
    next: string;
    /** How often it was tried in vain. */
    tries: number;
    problem?: string;
  };
}

/** Which lines of a log are wanted. */
export interface LogOptions {
  /** Go on with what is added, until the signal. */
  follow: boolean;
  signal: AbortSignal;
  /** Gets a line when a log that is followed cannot be read for a while, and one when it can again. */
  say?: (line: string) => void;
}

/** How a stop goes on while it waits. */
export interface StopOptions {
  /** Aborted when nobody wants to wait any longer. */
  signal?: AbortSignal;
  /** Gets at each look what is waited for, in a few words: `its task to end (it is STOPPING)`. */
  say?: (awaited: string) => void;
}

/** Where harvesters run: processes of this machine, or containers. */
export interface Runner {
  /** Milliseconds between two looks, for those who follow a harvest: looking costs something. */
  readonly pace: number;
  /** Where it keeps what a person wants, for `twarc-cloud scheduler`; absent where a service does so. */
  readonly documents?: Documents;
  /** Starts a harvest that exits when it is done. */
  once(job: Job): Promise<Started>;
  /**
   * Starts a harvest that is kept alive until stop. One that the Python original keeps alive is stopped first, and its
   * place taken: `say` gets a line then.
   */
  start(job: Job, options?: { say?: (line: string) => void }): Promise<Started>;
  /** Stops a harvest cleanly: /stop, poll /is_stopped, then end it. Throws UserError if none runs. */
  stop(collectionId: string, options?: StopOptions): Promise<void>;
  /** Keeps a harvester alive in this process, with the keeper's id; absent where a service does so. */
  keep?(collectionId: string, keeper: string, signal: AbortSignal): Promise<void>;
  /** Starts a keeper anew that is gone; false where somebody else did. Absent where a service does so. */
  revive?(found: FoundKept): Promise<boolean>;
  /**
   * Yields every harvester that runs for this bucket, and those that are to and do not.
   * @param options.everywhere Those of other buckets as well, where they run in the same place.
   */
  running(options?: { everywhere?: boolean }): AsyncIterable<Running>;
  /** Returns what a running harvester says of itself (the fields of harvest.json so far); null if none runs. */
  info(collectionId: string): Promise<HarvestInfo | null>;
  /** What keeps failing for this bucket; absent where nothing is started again by itself. */
  failing?(): AsyncIterable<Failing>;
  /**
   * Runs the job by a schedule from now on, in place of a schedule it had. One that it has already goes on: it is due
   * when it was due.
   */
  schedule(job: Job, schedule: Schedule): Promise<void>;
  /** Returns a collection's schedule; null where it has none that this program made. */
  scheduleOf(collectionId: string): Promise<ScheduledJob | null>;
  /** Ends a schedule; false if there was none. */
  unschedule(collectionId: string): Promise<boolean>;
  /** Yields every schedule of this bucket. */
  scheduled(): AsyncIterable<ScheduledJob>;
  /** Runs of schedules that were given up in the last two weeks; absent where runs are tried again until they begin. */
  notStarted?(scheduled: ScheduledJob[]): Promise<NotStarted[]>;
  /** Yields the log lines of a collection's harvests, oldest first. */
  logs(collectionId: string, options: LogOptions): AsyncIterable<string>;
}

/** The settings of an installation. */
export interface RunnerSettings {
  /** Whether they are of the Python original's Terraform. */
  readonly isOriginal?: boolean;
  readonly runner: RunnerKind;
  readonly aws: AwsAccess;
  get(name: SettingName): string | undefined;
  /** @throws UserError that names what is missing. */
  require(name: SettingName): string;
}

/** What a runner is opened with. */
export interface RunnerOptions {
  bucket: BucketRef;
  store: Store;
  clock: Clock;
  settings: RunnerSettings;
  /** The command line that starts this program again as a harvester; asked for when one is to be started. */
  self: () => Promise<readonly string[]>;
  env: Record<string, string | undefined>;
}
