/** The port of runners of harvesters. */

import type { Clock } from "../base/clock.ts";
import type { AwsAccess } from "../base/aws.ts";
import type { BucketRef } from "../base/bucket_ref.ts";
import type { Json } from "../base/json.ts";
import type { HarvestFlags } from "../collection/limits.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { RunnerKind, SettingName } from "../base/settings.ts";
import type { Documents } from "./local/documents.ts";
import type { Store } from "../store/store.ts";
import type { FoundKept, Trouble } from "./local/kept.ts";
import type { Schedule } from "./schedule.ts";

/** A harvest to run. */
export interface Job {
  collectionId: string;
  flags: HarvestFlags;
}

/** A harvester that runs, or is to. */
export interface Running {
  collectionId: string;
  bucket: string;
  /**
   * RUNNING, PENDING, STOPPING, STOPPED: as ECS names them; RESTARTING and ENDED for one that is to run and does not.
   */
  status: string;
  /** Why it does not run, though it is to. */
  trouble?: Trouble;
  /** The address of its control server. */
  control?: URL;
}

/** The outcome of a harvester's process. */
export interface Outcome {
  exitCode: number;
  /** The reason, in one line, where the exit code is not 0. */
  message?: string;
}

/** A harvester that this process started. */
export interface Started extends Running {
  /** Its outcome once it has ended, or certainly cannot begin; null while it runs. */
  outcome(): Promise<Outcome | null>;
  /**
   * Returns the reason why the harvester has no lease yet, in a few words; null once it has it. Absent where it has begun
   * on return.
   */
  awaitedStep?(): Promise<string | null>;
  /** Ends what was started and cannot begin, so that it is not retried forever; absent where nothing is left. */
  withdraw?(): Promise<void>;
}

/** A collection whose harvesters fail again and again. */
export interface Failing {
  collectionId: string;
  /** Since when at least, in milliseconds since 1970. */
  since: number;
  /** How often at least. */
  times: number;
  /** The last failure, for a person. */
  message: string;
}

/** Runs of a schedule that could not be started and are no longer retried. */
export interface NotStarted {
  collectionId: string;
  /** How often. */
  times: number;
  /** When the first and the last of them were due, ISO 8601, UTC. */
  first: string;
  last: string;
  /** Why the last one was not started, for a person. */
  message: string;
  /** Advice. */
  hint?: string;
}

/** A collection's schedule. */
export interface ScheduledJob {
  collectionId: string;
  schedule: Schedule;
  /** When it is due next, ISO 8601, UTC; absent where that is unknown, or it has ended. */
  next?: string;
  /** The flags of its harvests, where they are known. */
  flags?: HarvestFlags;
  /** A run that was due, and did not begin or ended by a fault. Times are ISO 8601, UTC. */
  retry?: {
    /** When it was due. */
    since: string;
    /** When it is retried next. */
    next: string;
    /** How many tries failed. */
    tries: number;
    problem?: string;
  };
}

/** Selects lines of a log. */
export interface LogOptions {
  /** Continue with new lines, until the signal. */
  follow: boolean;
  /** The collection's type, for the command that an error names. */
  type?: Json | undefined;
  signal: AbortSignal;
  /** Called with a line when a followed log cannot be read for a while, and when it can again. */
  say?: (line: string) => void;
}

/** Options of a stop. */
export interface StopOptions {
  /** Aborted to end the waiting. */
  signal?: AbortSignal;
  /** Called at each poll with what is awaited, in a few words: `its task to end (it is STOPPING)`. */
  say?: (awaited: string) => void;
}

/** A place for harvesters: processes of this machine, or containers. */
export interface Runner {
  /** Milliseconds between two polls of a followed harvest: each costs something. */
  readonly pace: number;
  /** Its documents, for `twarc-cloud scheduler`; absent where a service has them. */
  readonly documents?: Documents;
  /** Starts a harvest that exits when it is done. */
  once(job: Job): Promise<Started>;
  /**
   * Starts a harvest that is kept alive until stop. One that the Python original keeps alive is stopped first, and
   * replaced: then `say` is called with a line.
   */
  start(job: Job, options?: { say?: (line: string) => void }): Promise<Started>;
  /** Stops a harvest cleanly: /stop, poll /is_stopped, then end it. Throws UserError if none runs. */
  stop(collectionId: string, options?: StopOptions): Promise<void>;
  /** Keeps a harvester alive in this process, with the keeper's id; absent where a service does so. */
  keep?(collectionId: string, keeper: string, signal: AbortSignal): Promise<void>;
  /** Restarts a keeper that has ended; false where another process did. Absent where a service does so. */
  revive?(found: FoundKept): Promise<boolean>;
  /**
   * Yields every harvester that runs for this bucket, and those that are to and do not.
   * @param options.everywhere Those of other buckets as well, where they run in the same place.
   */
  running(options?: { everywhere?: boolean }): AsyncIterable<Running>;
  /** Returns a running harvester's status (the fields of harvest.json so far); null if none runs. */
  info(collectionId: string): Promise<HarvestInfo | null>;
  /** Yields repeated failures for this bucket; absent where nothing is restarted automatically. */
  failing?(): AsyncIterable<Failing>;
  /**
   * Runs the job by a schedule from now on, replacing its former schedule. An equal one goes on: it is due when it
   * was due.
   */
  schedule(job: Job, schedule: Schedule): Promise<void>;
  /** Returns a collection's schedule; null where it has none that this program made. */
  findSchedule(collectionId: string): Promise<ScheduledJob | null>;
  /** Ends a schedule; false if there was none. */
  unschedule(collectionId: string): Promise<boolean>;
  /** Yields every schedule of this bucket. */
  listSchedules(): AsyncIterable<ScheduledJob>;
  /**
   * Returns runs of schedules that were not started in the last two weeks; absent where runs are retried until they
   * begin.
   */
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

/** Options of a runner. */
export interface RunnerOptions {
  bucket: BucketRef;
  store: Store;
  clock: Clock;
  settings: RunnerSettings;
  /** Returns the command line that starts this program again as a harvester; called when one is to be started. */
  self: () => Promise<readonly string[]>;
  env: Record<string, string | undefined>;
}
