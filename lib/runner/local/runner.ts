/** Harvesters as processes of this machine, whatever keeps their bucket. */

import { errorMessage, ifOurs, OutsideError, UserError } from "../../base/errors.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { type FoundLock, type LockDocument, lockedError, readLock } from "../../bucket/lock.ts";
import { endedWhy } from "../../bucket/last_harvest.ts";
import { holderIsGone, thisProcess } from "../../bucket/process.ts";
import type { AwsAccess } from "../../base/aws.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { checkedId, COLLECTIONS, idOfFolder } from "../../collection/layout.ts";
import { ControlClient } from "../../control/control.ts";
import type { Documents } from "./documents.ts";
import { keepAlive } from "./keeper.ts";
import {
  endKept,
  type FoundKept,
  isKeeperAtWork,
  type Kept,
  keptWithoutLock,
  troubleFor,
} from "./kept.ts";
import { reviveKept, startKept } from "./kept_start.ts";
import { logBefore, loggedElsewhere, noLog, notRunning, readInfo } from "../live.ts";
import { isLoggedHere } from "./logged_here.ts";
import { LocalState } from "./state.ts";
import { addLine, lastError, openLog, readLines, rotateLog } from "./log_file.ts";
import { outcomeFor } from "./outcome.ts";
import {
  type Job,
  type LogOptions,
  type Outcome,
  type Runner,
  type RunnerOptions,
  type Running,
  type ScheduledJob,
  type Started,
  type StopOptions,
} from "../runner.ts";
import { harvesterArgs } from "../argv.ts";
import type { Schedule } from "../schedule.ts";
import { endSchedule, keepSchedule, keptSchedules, readScheduledJob } from "./scheduled.ts";
import { SELF_ENV } from "./self.ts";
import { stopHolder } from "./stop_holder.ts";

/** Milliseconds between two polls, of a followed harvest and of a start: in a folder, over a network. */
const [HERE_MS, AWAY_MS] = [[250, 100], [2_000, 500]] as const;
/** Milliseconds between polls of a process that is about to end. */
const POLL_MS = 100;
/** Locks that are read at a time. */
const WIDTH = 16;
/** Milliseconds that a harvester may take to begin. */
const START_TIMEOUT_MS = 30_000;
/** Milliseconds that it may take where it has to watch a lock first. */
const WATCH_TIMEOUT_MS = 100_000;
/** Milliseconds that its keeper may take to end: a harvester that lost its lock notices when it renews that. */
const KEEPER_TIMEOUT_MS = 40_000;

/** A harvest's states as ECS names them. */
const STATUS = { harvesting: "RUNNING", stopping: "STOPPING", stopped: "STOPPED" } as const;

/** Options of LocalRunner: of the settings it needs only the bucket's place. */
export interface LocalOptions extends Omit<RunnerOptions, "settings"> {
  aws: AwsAccess;
}

/** Runs harvesters as processes that outlive the command that started them. */
export class LocalRunner implements Runner {
  readonly pace: number;
  readonly #options: LocalOptions;
  readonly #state: LocalState;
  /** Milliseconds between polls of a lock. */
  readonly #poll: number;

  private constructor(options: LocalOptions, state: LocalState) {
    this.#options = options;
    this.#state = state;
    [this.pace, this.#poll] = options.bucket.kind === "folder" ? HERE_MS : AWAY_MS;
  }

  /** Opens it: nothing is created before something is started, or kept. */
  static async open(options: LocalOptions): Promise<LocalRunner> {
    return new LocalRunner(options, await LocalState.open(options));
  }

  /** Its schedules, and the harvesters to keep alive. */
  get documents(): Documents {
    return this.#state.documents;
  }

  once(job: Job): Promise<Started> {
    return this.#start(job, { shutdown: true });
  }

  async start(job: Job): Promise<Started> {
    await this.#freeLock(job.collectionId);
    return await startKept(job, {
      ...this.#options,
      documents: this.documents,
      bucket: this.#options.bucket.text,
      spawn: this.#keeperFor(job.collectionId),
    });
  }

  async keep(collectionId: string, id: string, signal: AbortSignal): Promise<void> {
    await keepAlive({
      clock: this.#options.clock,
      documents: this.documents,
      collectionId,
      id,
      process: thisProcess(),
      signal,
      begin: (flags) => this.#start({ collectionId, flags }, { shutdown: false }),
      stop: () => this.#stopIfThere(collectionId, signal),
      endedWhy: (since) => endedWhy(this.#options.store, collectionId, since),
      isHeld: async () => (await this.#lock(collectionId))?.live ?? false,
      report: (line) => addLine(this.#state.logPath(collectionId), line),
    });
  }

  /** Stops a harvester that was stopped as it began. */
  async #stopIfThere(collectionId: string, signal: AbortSignal): Promise<void> {
    const lock = await this.#lock(collectionId);
    if (lock?.live) await this.#stop(collectionId, lock, { signal });
  }

  revive(found: FoundKept): Promise<boolean> {
    const spawn = this.#keeperFor(found.kept.collection_id);
    return reviveKept(found, { documents: this.documents, spawn });
  }

  async stop(collectionId: string, options: StopOptions = {}): Promise<void> {
    const kept = await endKept(this.documents, checkedId(collectionId));
    const lock = await this.#lock(collectionId);
    if (lock?.live) await this.#stop(collectionId, lock, options);
    else if (!kept) throw notRunning(collectionId);
    if (kept) await this.#keeperIsGone(kept, options);
  }

  /** Waits for the end of a keeper that has nothing to keep any more, and so of its harvester. */
  async #keeperIsGone(
    { process }: Pick<Kept, "process">,
    { signal, say }: StopOptions,
  ): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + KEEPER_TIMEOUT_MS;
    const lives = () => process !== undefined && holderIsGone(process) === false;
    while (!signal?.aborted && lives() && clock.monotonic() < end) {
      say?.("its harvester to end");
      await clock.sleep(POLL_MS, signal);
    }
  }

  async #stop(
    collectionId: string,
    lock: FoundLock,
    options: StopOptions,
  ): Promise<void> {
    const { clock } = this.#options;
    if (!lock.document) throw lockedError(collectionId, null);
    const control = await this.#controlToStop(collectionId, lock);
    const look = () => this.#lock(collectionId);
    await stopHolder(lock.document, { collectionId, control, look, clock, ...options });
  }

  async *running(): AsyncGenerator<Running> {
    const { store, clock, bucket: { text: bucket } } = this.#options;
    for await (const ids of this.#collections()) {
      const locks = await Promise.all(ids.map((id) => this.#lock(id)));
      for (const [i, collectionId] of ids.entries()) {
        const lock = locks[i];
        if (!lock?.live) continue;
        const control = lock.document?.control;
        const status = STATUS[lock.document?.progress?.state ?? "harvesting"];
        yield { collectionId, bucket, status, ...(control ? { control: new URL(control) } : {}) };
      }
    }
    const look = { store, clock, isGone: holderIsGone };
    for await (const kept of keptWithoutLock(this.documents, look)) {
      const { collection_id: collectionId, state } = kept;
      if (isKeeperAtWork(kept, look)) {
        yield {
          collectionId,
          bucket,
          status: state === "starting" ? "PENDING" : STATUS.harvesting,
        };
        continue;
      }
      const status = state === "ended" ? "ENDED" : "RESTARTING";
      yield { collectionId, bucket, status, trouble: troubleFor(kept) };
    }
  }

  /** Yields the ids of the bucket's collections, some at a time. */
  async *#collections(): AsyncGenerator<string[]> {
    let ids: string[] = [];
    for await (const { key } of this.#options.store.list(COLLECTIONS, { folders: true })) {
      const id = idOfFolder(key);
      if (id !== null && ids.push(id) === WIDTH) {
        yield ids;
        ids = [];
      }
    }
    yield ids;
  }

  async info(collectionId: string): Promise<HarvestInfo | null> {
    const lock = await this.#lock(collectionId);
    if (!lock?.live || !lock.document) return null;
    return await readInfo(collectionId, lock, this.#control(collectionId, lock));
  }

  async schedule(job: Job, schedule: Schedule): Promise<void> {
    await keepSchedule(this.documents, job, { schedule, now: this.#options.clock.now() });
  }

  findSchedule(collectionId: string): Promise<ScheduledJob | null> {
    return readScheduledJob(this.documents, collectionId);
  }

  unschedule(collectionId: string): Promise<boolean> {
    return endSchedule(this.documents, collectionId);
  }

  listSchedules(): AsyncIterable<ScheduledJob> {
    return keptSchedules(this.documents);
  }

  async *logs(collectionId: string, options: LogOptions): AsyncGenerator<string> {
    const found = await this.#state.foundLog(collectionId);
    const { clock } = this.#options;
    const elsewhere = await this.#loggedElsewhere(collectionId, { ...options, log: found });
    if (found === null) throw elsewhere ?? noLog(collectionId, options);
    if (!elsewhere) return yield* readLines(found, { ...options, clock });
    yield* logBefore(readLines(found, { ...options, follow: false, clock }), elsewhere, options);
  }

  /** Returns the error for a running harvest that does not write to its log here; null for any other. */
  async #loggedElsewhere(
    collectionId: string,
    { log, signal }: { log: string | null; signal: AbortSignal },
  ): Promise<UserError | null> {
    const { clock } = this.#options;
    const lock = await this.#lock(collectionId);
    if (!lock?.live || !lock.document) return null;
    const isHere = await isLoggedHere(log, lock.document, { clock, signal });
    return isHere ? null : loggedElsewhere(collectionId, lock.document);
  }

  async #start(job: Job, { shutdown }: { shutdown: boolean }): Promise<Started> {
    const { collectionId } = job;
    const { clock, bucket: { text: bucket } } = this.#options;
    const isDoubtful = (await this.#freeLock(collectionId))?.isDoubtful;
    const { pid, outcome } = await this.#harvester(
      harvesterArgs(job, { bucket, shutdown, port: 0 }),
    );
    // It has been started, though its bucket may be unavailable for a while.
    const look = () => this.#lock(collectionId).catch(ifOurs(null));
    const end = clock.monotonic() + (isDoubtful ? WATCH_TIMEOUT_MS : START_TIMEOUT_MS);
    let control: string | undefined;
    while (await outcome() === null && clock.monotonic() < end) {
      const begun = await look();
      control = begun?.document?.control;
      if (begun?.live && isOfChild(begun.document, pid)) break;
      control = undefined;
      await clock.sleep(this.#poll);
    }
    return {
      collectionId,
      bucket,
      status: "RUNNING",
      outcome,
      ...(control ? { control: new URL(control) } : {}),
    };
  }

  /** Returns the lock of a collection that is not being harvested, or may not be. @throws LockedError */
  async #freeLock(collectionId: string): Promise<FoundLock | null> {
    const lock = await this.#lock(checkedId(collectionId));
    if (lock?.live && !lock.isDoubtful) throw lockedError(collectionId, lock.document);
    return lock;
  }

  /** Returns the function that starts a keeper in the background. */
  #keeperFor(collectionId: string): (keeper: string) => Promise<() => Promise<Outcome | null>> {
    return async (keeper) => {
      const { text: bucket } = this.#options.bucket;
      const args = ["harvest", "keep", "--bucket", bucket, "--keeper", keeper, "--", collectionId];
      return (await this.#harvester(args)).outcome;
    };
  }

  /** Starts this program in the background, with arguments that end with the collection. */
  async #harvester(args: string[]) {
    const path = this.#state.logPath(args.at(-1) ?? "");
    await this.#state.makeLogFolder(path);
    const logged = await rotateLog(path);
    const secret = await this.#secret();
    const env = { ...SELF_ENV, ...this.#options.env, TWARC_CLOUD_SECRET: secret };
    const child = await this.#spawn(args, env);
    const outcome = async (): Promise<Outcome | null> => {
      if (child.exitCode === null && child.signalCode === null) return null;
      return outcomeFor(child, await lastError(path, logged));
    };
    return { pid: child.pid, outcome };
  }

  async #spawn(args: string[], env: Record<string, string | undefined>) {
    const [command = "", ...before] = await this.#options.self();
    const log = openLog(this.#state.logPath(args.at(-1) ?? ""));
    try {
      const child = spawn(command, [...before, ...args], {
        detached: true,
        windowsHide: true,
        stdio: ["ignore", log, log],
        env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      });
      await once(child, "spawn");
      child.unref();
      return child;
    } catch (cause) {
      throw new OutsideError(`A harvester cannot be started: ${errorMessage(cause)}`, { cause });
    } finally {
      closeSync(log);
    }
  }

  #lock(collectionId: string): Promise<FoundLock | null> {
    const { store, clock } = this.#options;
    return readLock(store, collectionId, { clock, isGone: holderIsGone });
  }

  #control(
    collectionId: string,
    lock: FoundLock,
    secret = () => this.#secret(),
  ): ControlClient | null {
    const url = lock.document?.control;
    const { clock } = this.#options;
    return url ? new ControlClient(new URL(url), { collectionId, secret, clock }) : null;
  }

  /** Returns the control server of a harvester that is to be stopped, which an earlier version may have started. */
  async #controlToStop(collectionId: string, lock: FoundLock): Promise<ControlClient | null> {
    const control = this.#control(collectionId, lock);
    const former = control && await this.#state.formerSecret();
    if (!former) return control;
    const isRefused = await control.isStopped().then(
      () => false,
      (error) => error instanceof UserError,
    );
    return isRefused ? this.#control(collectionId, lock, () => Promise.resolve(former)) : control;
  }

  async #secret(): Promise<string> {
    return this.#options.env.TWARC_CLOUD_SECRET || await this.#state.secret();
  }
}

/** Returns whether a lock belongs to the process that was started here, by what every system shows of it. */
function isOfChild(lock: LockDocument | null, pid: number | undefined): boolean {
  return lock?.pid === pid && lock?.host === Deno.hostname();
}
