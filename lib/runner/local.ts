/** Harvesters as processes of this machine, for a folder bucket. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type FoundLock, type LockDocument, locked, readLock } from "../bucket/lock.ts";
import { holderIsGone } from "../bucket/process.ts";
import { isoTime } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { checkedId, COLLECTIONS } from "../collection/layout.ts";
import { ControlClient } from "../control.ts";
import { messageOf, OutsideError, UserError } from "../errors.ts";
import { jsonBytes, parseAs } from "../json.ts";
import { nullIfAbsent, systemDisk } from "../store/disk.ts";
import { Folders } from "../store/folders.ts";
import { infoOf, notRunning } from "./live.ts";
import { lastError, linesOf, rotated } from "./log_file.ts";
import {
  flagsOf,
  type Job,
  type Outcome,
  type Runner,
  type RunnerOptions,
  type Running,
  type Started,
} from "./runner.ts";
import type { Schedule } from "./schedule.ts";
import { folderSecret } from "./secret.ts";
import { stopHolder } from "./stop_holder.ts";

/** Milliseconds between looks at something that changes. */
const POLL = 100;
/** Milliseconds that a harvester may take to begin. */
const START_TIMEOUT = 30_000;
/** Milliseconds that it may take where it has to watch a lock first. */
const WATCH_TIMEOUT = 100_000;

/** A schedule as it is kept: what to run, how often, and when it was due last. */
export const scheduledSchema = z.object({
  collection_id: z.string(),
  expression: z.string(),
  timezone: z.string().exactOptional(),
  /** When it was due last, or was made, in ISO 8601, UTC. */
  last_due: z.iso.datetime({ offset: true }),
  /** The flags of its harvests. */
  flags: z.object({
    tweetsPerFile: z.int().positive().exactOptional(),
    secsPerFile: z.int().positive().exactOptional(),
    flushSecs: z.int().positive().exactOptional(),
  }).default({}),
});

/** A schedule as it is kept. */
export type Scheduled = z.output<typeof scheduledSchema>;

/** A harvest's states as ECS names them. */
const STATUS = { harvesting: "RUNNING", stopping: "STOPPING", stopped: "STOPPED" } as const;

/** Where the schedules of a folder bucket are kept. */
export const SCHEDULES = "runner/schedules/";

/** What a LocalRunner is made with: it needs no settings. */
export type LocalOptions = Omit<RunnerOptions, "settings">;

/** Runs harvesters as processes that outlive the command that started them. */
export class LocalRunner implements Runner {
  readonly pace = 250;
  readonly #options: LocalOptions;
  readonly #folder: string;

  constructor(options: LocalOptions) {
    this.#options = options;
    const { bucket } = options;
    this.#folder = resolve(bucket.startsWith("file:") ? fileURLToPath(bucket) : bucket);
  }

  once(job: Job): Promise<Started> {
    return this.#start(job, ["--shutdown"]);
  }

  start(job: Job): Promise<Started> {
    return this.#start(job, []);
  }

  async stop(collectionId: string, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const lock = await this.#lock(collectionId);
    if (!lock?.live) throw notRunning(collectionId);
    if (!lock.document) throw locked(collectionId, null);
    const control = this.#control(collectionId, lock);
    const look = () => this.#lock(collectionId);
    await stopHolder(lock.document, { collectionId, control, look, clock, signal });
  }

  async *running(): AsyncGenerator<Running> {
    const { store, bucket } = this.#options;
    for await (const { key } of store.list(COLLECTIONS, { folders: true })) {
      const collectionId = key.slice(COLLECTIONS.length, -1);
      const lock = await this.#lock(collectionId);
      if (!lock?.live) continue;
      const control = lock.document?.control;
      const status = STATUS[lock.document?.progress?.state ?? "harvesting"];
      yield { collectionId, bucket, status, ...(control ? { control: new URL(control) } : {}) };
    }
  }

  async info(collectionId: string): Promise<HarvestInfo | null> {
    const lock = await this.#lock(collectionId);
    if (!lock?.live || !lock.document) return null;
    return await infoOf(collectionId, lock, this.#control(collectionId, lock));
  }

  async schedule({ collectionId, flags }: Job, { expression, timezone }: Schedule): Promise<void> {
    const { store, clock } = this.#options;
    const last_due = isoTime(clock.now());
    await store.put(
      scheduleKey(collectionId),
      jsonBytes({ collection_id: collectionId, expression, timezone, last_due, flags }),
    );
  }

  async unschedule(collectionId: string): Promise<boolean> {
    const { store } = this.#options;
    if (!await store.get(scheduleKey(collectionId))) return false;
    await store.delete(scheduleKey(collectionId));
    return true;
  }

  async *scheduled(): AsyncGenerator<{ collectionId: string; schedule: Schedule }> {
    const { store } = this.#options;
    for await (const { key } of store.list(SCHEDULES)) {
      const found = await store.get(key);
      if (!found) continue;
      const scheduled = parseAs(scheduledSchema, found.bytes, key);
      yield { collectionId: scheduled.collection_id, schedule: scheduleOf(scheduled) };
    }
  }

  async *logs(
    collectionId: string,
    { follow, signal }: { follow: boolean; signal: AbortSignal },
  ): AsyncGenerator<string> {
    const path = this.#logPath(collectionId);
    if (!follow && !await Deno.stat(path).catch(() => null)) {
      throw new UserError(`There is no log of ${collectionId} yet`, {
        hint: `It begins with the first harvest: twarc-cloud collection once ${collectionId}`,
      });
    }
    yield* linesOf(path, { follow, signal, clock: this.#options.clock });
  }

  async #start(job: Job, more: string[]): Promise<Started> {
    const { bucket, clock } = this.#options;
    const { collectionId, flags } = job;
    const lock = await this.#lock(checkedId(collectionId));
    if (lock?.live && !lock.isDoubtful) throw locked(collectionId, lock.document);
    await this.#makeFolder(this.#logPath(collectionId));
    const logged = await rotated(this.#logPath(collectionId));
    const args = [
      "harvest",
      "run",
      "--bucket",
      bucket,
      "--port",
      "0",
      ...more,
      ...flagsOf(flags),
      collectionId,
    ];
    const child = await this.#spawn(args, {
      ...this.#options.env,
      TWARC_CLOUD_SECRET: await this.#secret(),
    });
    const outcome = async (): Promise<Outcome | null> => {
      if (child.exitCode === null && child.signalCode === null) return null;
      const exitCode = child.exitCode ?? 3;
      if (exitCode === 0) return { exitCode };
      const message = await lastError(this.#logPath(collectionId), logged) ??
        (child.signalCode
          ? `The harvester was killed (${child.signalCode})`
          : `The harvester ended with exit code ${exitCode}`);
      return { exitCode, message };
    };
    const patience = lock?.isDoubtful ? WATCH_TIMEOUT : START_TIMEOUT;
    const end = clock.monotonic() + patience;
    let control: string | undefined;
    while (await outcome() === null && clock.monotonic() < end) {
      const begun = await this.#lock(collectionId);
      control = begun?.document?.control;
      if (begun?.live && isOfChild(begun.document, child.pid)) break;
      control = undefined;
      await clock.sleep(POLL);
    }
    return {
      collectionId,
      bucket,
      status: "RUNNING",
      outcome,
      ...(control ? { control: new URL(control) } : {}),
    };
  }

  async #spawn(args: string[], env: Record<string, string | undefined>) {
    const [command = "", ...before] = this.#options.self;
    const log = openSync(this.#logPath(args.at(-1) ?? ""), "a");
    try {
      const child = spawn(command, [...before, ...args], {
        detached: true,
        stdio: ["ignore", log, log],
        env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      });
      await once(child, "spawn");
      child.unref();
      return child;
    } catch (cause) {
      throw new OutsideError(`A harvester cannot be started: ${messageOf(cause)}`, { cause });
    } finally {
      closeSync(log);
    }
  }

  #lock(collectionId: string): Promise<FoundLock | null> {
    const { store, clock } = this.#options;
    return readLock(store, collectionId, { clock, isGone: holderIsGone });
  }

  #control(collectionId: string, lock: FoundLock): ControlClient | null {
    const url = lock.document?.control;
    const options = { collectionId, secret: () => this.#secret(), clock: this.#options.clock };
    return url ? new ControlClient(new URL(url), options) : null;
  }

  async #secret(): Promise<string> {
    return this.#options.env.TWARC_CLOUD_SECRET || await folderSecret(this.#folder);
  }

  /** Makes the folder of a log. @throws UserError where the log would be written through a link. */
  async #makeFolder(log: string): Promise<void> {
    const folders = new Folders(this.#folder, systemDisk);
    try {
      await folders.makeRoot();
      await folders.within(log, async () => {
        const found = await Deno.lstat(log).catch(nullIfAbsent);
        if (found && !found.isFile) throw new UserError(`${log} is not a file`);
      });
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      throw new UserError(
        `The bucket folder ${this.#options.bucket} cannot be used: ${messageOf(cause)}`,
        {
          cause,
          hint: "Check its permissions, or name another folder with --bucket.",
        },
      );
    }
  }

  #logPath(collectionId: string): string {
    return join(this.#folder, "runner", "logs", `${collectionId}.log`);
  }
}

/** A schedule as it is kept, as a schedule. */
export function scheduleOf({ expression, timezone }: Scheduled): Schedule {
  return timezone === undefined ? { expression } : { expression, timezone };
}

/** The key under which a collection's schedule is kept. */
export function scheduleKey(collectionId: string): string {
  return `${SCHEDULES}${checkedId(collectionId)}.json`;
}

/** Whether a lock is that of the process which was started here, by what of it every system shows. */
function isOfChild(lock: LockDocument | null, pid: number | undefined): boolean {
  return lock?.pid === pid && lock?.host === Deno.hostname();
}
