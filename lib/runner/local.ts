/** Harvesters as processes of this machine, for a folder bucket. */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type FoundLock, locked, readLock } from "../bucket/lease.ts";
import { processIsGone } from "../bucket/process.ts";
import { isoTime } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { checkedId, COLLECTIONS } from "../collection/layout.ts";
import { ControlClient } from "../control.ts";
import { messageOf, OutsideError, UserError } from "../errors.ts";
import { jsonBytes, parseAs } from "../json.ts";
import type {
  HarvestFlags,
  Job,
  Outcome,
  Runner,
  RunnerOptions,
  Running,
  Started,
} from "./runner.ts";
import type { Schedule } from "./schedule.ts";

/** Milliseconds between looks at something that changes. */
const POLL = 100;
/** Milliseconds that a harvester may take to begin. */
const START_TIMEOUT = 30_000;
/** Milliseconds that a harvester may take to stop. */
const STOP_TIMEOUT = 600_000;
/** Bytes after which a log is put aside. */
const LONGEST_LOG = 10 * 1024 * 1024;

/** A schedule as it is kept: what to run, how often, and when it was due last. */
export const scheduledSchema = z.object({
  collection_id: z.string(),
  expression: z.string(),
  /** When it was due last, or was made, in ISO 8601, UTC. */
  last_due: z.string(),
});

/** Where the schedules of a folder bucket are kept. */
export const SCHEDULES = "runner/schedules/";

/** Runs harvesters as processes that outlive the command that started them. */
export class LocalRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #folder: string;

  constructor(options: RunnerOptions) {
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
    if (!lock?.live || !lock.document) throw notRunning(collectionId);
    const { pid, host } = lock.document;
    const isHere = host === Deno.hostname();
    const control = this.#control(collectionId, lock);
    const end = clock.monotonic() + STOP_TIMEOUT;
    let isTold = false;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const state = await stopped(control, isTold);
      isTold = true;
      if (state === true) await control?.shutdown().catch(() => {});
      if (state === null && isHere && !processIsGone({ host, pid })) process.kill(pid, "SIGTERM");
      if (state !== false && await this.#isOver(collectionId, lock)) return;
      await clock.sleep(POLL, signal);
    }
    throw new OutsideError(`The harvester of ${collectionId} (process ${pid}) does not stop`);
  }

  async *running(): AsyncGenerator<Running> {
    const { store, bucket } = this.#options;
    for await (const { key } of store.list(COLLECTIONS, { folders: true })) {
      const collectionId = key.slice(COLLECTIONS.length, -1);
      const lock = await this.#lock(collectionId);
      if (!lock?.live) continue;
      const control = lock.document?.control;
      const status = (lock.document?.progress?.state ?? "harvesting") === "harvesting"
        ? "RUNNING"
        : "STOPPING";
      yield { collectionId, bucket, status, ...(control ? { control: new URL(control) } : {}) };
    }
  }

  async info(collectionId: string): Promise<HarvestInfo | null> {
    const lock = await this.#lock(collectionId);
    if (!lock?.live) return null;
    const control = this.#control(collectionId, lock);
    try {
      return await control?.info() ?? null;
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      return lock.document?.progress ?? null;
    }
  }

  async schedule({ collectionId }: Job, { expression }: Schedule): Promise<void> {
    const { store, clock } = this.#options;
    const last_due = isoTime(clock.now());
    await store.put(
      scheduleKey(collectionId),
      jsonBytes({ collection_id: collectionId, expression, last_due }),
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
      const { collection_id, expression } = parseAs(scheduledSchema, found.bytes, key);
      yield { collectionId: collection_id, schedule: { expression } };
    }
  }

  async *logs(
    collectionId: string,
    { follow, signal }: { follow: boolean; signal: AbortSignal },
  ): AsyncGenerator<string> {
    const path = this.#logPath(collectionId);
    let rest = "";
    for (let position = 0; !signal.aborted;) {
      const { text, end } = await textFrom(path, position);
      if (position === 0 && end === 0 && !follow) {
        throw new UserError(`There is no log of ${collectionId} yet`, {
          hint: `It begins with the first harvest: twarc-cloud collection once ${collectionId}`,
        });
      }
      position = end;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      if (!follow) return;
      await this.#options.clock.sleep(POLL * 5, signal);
    }
  }

  async #start(job: Job, more: string[]): Promise<Started> {
    const { bucket, store, clock } = this.#options;
    const { collectionId, flags } = job;
    const lock = await this.#lock(checkedId(collectionId));
    if (lock?.live) throw locked(collectionId, lock.document);
    await this.#makeFolder();
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
    const child = this.#spawn(args, {
      ...this.#options.env,
      TWARC_CLOUD_SECRET: await this.#secret(),
    });
    const outcome = async (): Promise<Outcome | null> => {
      if (child.exitCode === null && child.signalCode === null) return null;
      const exitCode = child.exitCode ?? 3;
      if (exitCode === 0) return { exitCode };
      const text = (await textFrom(this.#logPath(collectionId), logged)).text;
      const message = text.trimEnd().split("\n").findLast((line) => line.startsWith("Error: "));
      const killed = `Error: The harvester was killed (${child.signalCode})`;
      return { exitCode, message: (message ?? killed).replace(/^Error: /, "") };
    };
    const end = clock.monotonic() + START_TIMEOUT;
    while (await outcome() === null && clock.monotonic() < end) {
      const now = await readLock(store, collectionId, { clock, isGone: processIsGone });
      if (now?.document?.pid === child.pid) break;
      await clock.sleep(POLL);
    }
    const info = await this.#lock(collectionId);
    const control = info?.document?.control;
    return {
      collectionId,
      bucket,
      status: "RUNNING",
      outcome,
      ...(control ? { control: new URL(control) } : {}),
    };
  }

  #spawn(args: string[], env: Record<string, string | undefined>) {
    const [command = "", ...before] = this.#options.self;
    const log = openSync(this.#logPath(args.at(-1) ?? ""), "a");
    try {
      const child = spawn(command, [...before, ...args], {
        detached: true,
        stdio: ["ignore", log, log],
        env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      });
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
    return readLock(store, collectionId, { clock, isGone: processIsGone });
  }

  #control(collectionId: string, lock: FoundLock): ControlClient | null {
    const url = lock.document?.control;
    const options = { collectionId, secret: () => this.#secret(), clock: this.#options.clock };
    return url ? new ControlClient(new URL(url), options) : null;
  }

  /** Whether the lock that was found is no longer there, or its holder is gone. */
  async #isOver(collectionId: string, lock: FoundLock): Promise<boolean> {
    const now = await this.#lock(collectionId);
    return !now?.live || now.document?.holder !== lock.document?.holder;
  }

  async #secret(): Promise<string> {
    return this.#options.env.TWARC_CLOUD_SECRET || await folderSecret(this.#folder);
  }

  async #makeFolder(): Promise<void> {
    try {
      await Deno.mkdir(join(this.#folder, "runner", "logs"), { recursive: true });
    } catch (cause) {
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

/**
 * The control secret of a folder bucket's harvesters: made when it is first wanted, and readable by the
 * person alone.
 */
export async function folderSecret(folder: string): Promise<string> {
  const path = join(folder, "runner", "secret");
  try {
    await Deno.mkdir(join(folder, "runner"), { recursive: true });
    const secret = randomBytes(32).toString("hex");
    await Deno.writeTextFile(path, secret, { createNew: true, mode: 0o600 });
    return secret;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new UserError(`${path} cannot be written: ${messageOf(error)}`, { cause: error });
    }
    return (await Deno.readTextFile(path)).trim();
  }
}

/** The key under which a collection's schedule is kept. */
export function scheduleKey(collectionId: string): string {
  return `${SCHEDULES}${checkedId(collectionId)}.json`;
}

/** Tells a harvester to stop, then asks whether it has; null where it does not answer. */
async function stopped(control: ControlClient | null, isTold: boolean): Promise<boolean | null> {
  if (!control) return null;
  try {
    if (!isTold) await control.stop();
    return await control.isStopped();
  } catch (error) {
    if (error instanceof OutsideError || error instanceof UserError) return null;
    throw error;
  }
}

function notRunning(collectionId: string): UserError {
  return new UserError(`No harvest of ${collectionId} is running`, {
    hint: "See what is running with `twarc-cloud harvest list`.",
  });
}

function flagsOf({ tweetsPerFile, secsPerFile, flushSecs }: HarvestFlags): string[] {
  return [
    ...tweetsPerFile === undefined ? [] : ["--tweets-per-file", `${tweetsPerFile}`],
    ...secsPerFile === undefined ? [] : ["--secs-per-file", `${secsPerFile}`],
    ...flushSecs === undefined ? [] : ["--flush-secs", `${flushSecs}`],
  ];
}

/** Puts a log aside that has grown too long; where the next line of the log will be. */
async function rotated(path: string): Promise<number> {
  const size = (await Deno.stat(path).catch(() => null))?.size ?? 0;
  if (size < LONGEST_LOG) return size;
  await Deno.rename(path, `${path}.1`);
  return 0;
}

/** The text of a file from a position on, and where it ends; an absent file is empty. */
async function textFrom(path: string, position: number): Promise<{ text: string; end: number }> {
  const bytes = await Deno.readFile(path).catch(() => new Uint8Array());
  const from = bytes.length < position ? 0 : position;
  return { text: new TextDecoder().decode(bytes.subarray(from)), end: bytes.length };
}
