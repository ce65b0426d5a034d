/** A local runner in an empty folder, and the harvesters that tests start with it. */

import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { foundKept, KEPT } from "../../../lib/runner/local/kept.ts";
import { type LocalOptions, LocalRunner } from "../../../lib/runner/local/runner.ts";
import { localFolder } from "../../../lib/runner/local/state.ts";
import { openStore } from "../../../lib/store/open.ts";
import { BRIEF, DEAF, SELF } from "../../fakes/harvester.ts";
import { until } from "../../fakes/until.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { removeFolder } from "../../fakes/folder.ts";
import { killHolder } from "../../fakes/other_processes.ts";
import { personEnv } from "../../shipped.ts";

/** A local runner in an empty folder, and the way to clear everything away. */
export async function opened(options: Partial<LocalOptions> = {}) {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const bucket = join(folder, "bucket");
  await Deno.mkdir(bucket);
  const store = await openStore(parseBucket(bucket));
  const env = personEnv(folder);
  const ref = parseBucket(bucket);
  const state = await localFolder({ bucket: ref, aws: {}, env });
  const runner = await LocalRunner.open({
    bucket: ref,
    aws: {},
    store,
    clock: systemClock,
    self: () => Promise.resolve(SELF),
    ...options,
    env: { ...env, ...options.env },
  });
  const { documents } = runner;
  const log = (id: string) => Deno.readTextFile(join(state, "runner", "logs", `${id}.log`));
  const lock = async (id: string) => JSON.parse(await Deno.readTextFile(join(bucket, lockKey(id))));
  const close = async () => {
    // Their keepers first, which would start them again.
    const keepers = await Array.fromAsync(documents.list(KEPT));
    for (const { key } of keepers) killHolder((await foundKept(documents, key))?.kept.process);
    for (const id of ["steady", BRIEF, DEAF]) {
      killHolder(await lock(id).catch(() => undefined));
    }
    await removeFolder(folder);
  };
  const job = (collectionId: string) => ({ collectionId, flags: {} });
  return { runner, store, documents, state, bucket, job, log, lock, close };
}

export function lockKey(id: string): string {
  return collectionKeys(id).lock;
}

/** What a lock says whose holder is on another machine. */
export function elsewhere(more: Record<string, unknown> = {}): Uint8Array {
  const now = new Date().toISOString();
  const expires = new Date(Date.now() + 600_000).toISOString();
  const holder = { holder: "h", host: "another-machine", pid: 7 };
  return jsonBytes({ ...holder, acquired: now, renewed: now, expires, ...more });
}

/** Lets time pass until something is over: connections and files take time of their own. */
export async function passing(clock: ManualClock, what: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => isOver = true;
  what.then(over, over);
  while (!isOver) await clock.advance(1_000);
  await what;
}

/** What a lock says of a process of this machine, which has no control server that answers. */
export function lockOf(holder: Record<string, unknown>): Uint8Array {
  const now = Date.now();
  const [time, expires] = [now, now + 60_000].map((ms) => new Date(ms).toISOString());
  const times = { acquired: time, renewed: time, expires };
  return jsonBytes({ holder: "h", control: "http://127.0.0.1:9/", ...times, ...holder });
}

/** Waits until a process is gone: what it has given up and ends may be there for a moment. */
export async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await systemClock.sleep(20);
  }
  assert.fail(`Process ${pid} goes on`);
}

/** The process that holds a collection's lock, once it is another one than those before. */
export async function nextHolder(
  lock: () => Promise<{ pid: number }>,
  before: number[],
): Promise<number> {
  // On Windows it comes up when the lease of the one before is over.
  return await until(async () => {
    const pid = await lock().then(({ pid }) => pid, () => 0);
    return pid > 0 && !before.includes(pid) && pid;
  });
}
