import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { holderIsGone, thisProcess } from "../../../lib/bucket/process.ts";
import { isNumbered } from "../../../lib/bucket/process_facts.ts";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { LockedError, OutsideError, UserError } from "../../../lib/base/errors.ts";
import { serveControl } from "../../../lib/control/server.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { foundKept, KEPT, keptKey } from "../../../lib/runner/local/kept.ts";
import { type LocalOptions, LocalRunner } from "../../../lib/runner/local/runner.ts";
import { localFolder } from "../../../lib/runner/local/state.ts";
import { openStore } from "../../../lib/store/open.ts";
import { ended, runnerContract } from "../../contract/runner.ts";
import { BRIEF, DEAF, FAULT, FAULTY, SELF } from "../../fakes/harvester.ts";
import { until } from "../../fakes/until.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { removeFolder } from "../../fakes/folder.ts";
import { asHolder, canUnshare, killHolder, sleeper, zombie } from "../../fakes/other_processes.ts";
import { personEnv } from "../../shipped.ts";

/** A local runner in an empty folder, and the way to clear everything away. */
async function opened(options: Partial<LocalOptions> = {}) {
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

function lockKey(id: string): string {
  return collectionKeys(id).lock;
}

/** What a lock says whose holder is on another machine. */
function elsewhere(more: Record<string, unknown> = {}): Uint8Array {
  const now = new Date().toISOString();
  const expires = new Date(Date.now() + 600_000).toISOString();
  const holder = { holder: "h", host: "another-machine", pid: 7 };
  return jsonBytes({ ...holder, acquired: now, renewed: now, expires, ...more });
}

runnerContract("LocalRunner", async () => {
  const { runner, bucket, close } = await opened();
  const faulty = { id: FAULTY, says: FAULT };
  return { runner, bucket, steady: "steady", brief: BRIEF, faulty, close };
});

Deno.test("a harvester gets the command line of the documents, and only flags that were given", async () => {
  const { runner, bucket, log, close } = await opened();
  try {
    await ended(await runner.once({ collectionId: BRIEF, flags: {} }));
    assert.ok(
      (await log(BRIEF)).startsWith(
        `started with harvest run --bucket ${bucket} --port 0 --shutdown -- ${BRIEF}\n`,
      ),
    );
    const flags = { tweetsPerFile: 5, secsPerFile: 6, flushSecs: 7, hoursPerHarvest: 0 };
    await runner.start({ collectionId: "steady", flags });
    assert.ok(
      (await log("steady")).startsWith(
        `started with harvest run --bucket ${bucket} --port 0 ` +
          "--tweets-per-file 5 --secs-per-file 6 --flush-secs 7 --hours-per-harvest 0 -- steady\n",
      ),
    );
    await runner.stop("steady");
  } finally {
    await close();
  }
});

Deno.test("nothing is logged through a link: it may lead anywhere", async () => {
  const { runner, job, bucket, state, close } = await opened();
  try {
    const others = join(bucket, "..", "others");
    await Deno.mkdir(others);
    await Deno.writeTextFile(join(others, "profile"), "mine\n");
    const says = (message: RegExp) => ({ name: "UserError", message });
    await Deno.mkdir(state, { recursive: true });
    await Deno.symlink(others, join(state, "runner"));
    await assert.rejects(runner.once(job(BRIEF)), says(/runner is a link/));
    await Deno.remove(join(state, "runner"));
    await Deno.mkdir(join(state, "runner", "logs"), { recursive: true });
    await Deno.symlink(join(others, "profile"), join(state, "runner", "logs", `${BRIEF}.log`));
    await assert.rejects(runner.once(job(BRIEF)), says(/\.log is not a file/));
    assert.equal(await Deno.readTextFile(join(others, "profile")), "mine\n");
    assert.equal((await Array.fromAsync(Deno.readDir(others))).length, 1);
  } finally {
    await close();
  }
});

Deno.test("a harvester outlives the one who started it: it leads a process group of its own", async () => {
  const { runner, job, lock, close } = await opened();
  try {
    await runner.once(job("steady"));
    const { pid } = await lock("steady");
    const ps = await new Deno.Command("ps", { args: ["-o", "pgid=", "-p", `${pid}`] }).output();
    assert.equal(Number(new TextDecoder().decode(ps.stdout)), pid);
    await runner.stop("steady");
  } finally {
    await close();
  }
});

Deno.test("a harvester whose control server does not answer is stopped by a signal", async () => {
  const { runner, job, close } = await opened();
  try {
    const started = await runner.start(job(DEAF));
    assert.equal((await runner.info(DEAF))?.collection_id, DEAF);
    await runner.stop(DEAF);
    assert.deepEqual(await ended(started), { exitCode: 0 });
  } finally {
    await close();
  }
});

Deno.test("a harvester that was killed is told as that, and the next one starts at once", async () => {
  const { runner, state, job, lock, close } = await opened();
  try {
    await Deno.mkdir(join(state, "runner", "logs"), { recursive: true });
    const path = join(state, "runner", "logs", "steady.log");
    await Deno.writeTextFile(path, "Error: What an older harvest ended with\n");
    const started = await runner.once(job("steady"));
    process.kill((await lock("steady")).pid, "SIGKILL");
    const { exitCode, message } = await ended(started);
    assert.notEqual(exitCode, 0);
    assert.match(message ?? "", /The harvester was killed/);
    await runner.once(job("steady"));
    await runner.stop("steady");
  } finally {
    await close();
  }
});

/** Lets time pass until something is over: connections and files take time of their own. */
async function passing(clock: ManualClock, what: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => isOver = true;
  what.then(over, over);
  while (!isOver) await clock.advance(1_000);
  await what;
}

Deno.test("a harvester on another machine that says nothing is left to that machine, after a while", async () => {
  const clock = new ManualClock(Date.now());
  const { runner, store, close } = await opened({ clock });
  try {
    await store.put(lockKey("far"), elsewhere());
    assert.equal((await runner.info("far"))?.tweets, 0);
    const failure = assert.rejects(runner.stop("far"), (error) => {
      assert.ok(error instanceof OutsideError);
      assert.match(error.message, /another-machine/);
      return true;
    });
    await passing(clock, failure);
  } finally {
    await close();
  }
});

/** What a lock says of a process of this machine, which has no control server that answers. */
function lockOf(holder: Record<string, unknown>): Uint8Array {
  const now = Date.now();
  const [time, expires] = [now, now + 60_000].map((ms) => new Date(ms).toISOString());
  const times = { acquired: time, renewed: time, expires };
  return jsonBytes({ holder: "h", control: "http://127.0.0.1:9/", ...times, ...holder });
}

for (
  const [what, other] of Object.entries({
    "a former version": {
      boot_id: undefined,
      pid_namespace: undefined,
      process_started: undefined,
    },
    "another run of the kernel": { boot_id: "11111111-1111-4111-8111-111111111111" },
    "a container with the same name": { pid_namespace: "pid:[1]" },
  })
) {
  Deno.test(`a stranger with the number of a lock of ${what} is left alone, and it is said that nothing was stopped`, async () => {
    const clock = new ManualClock(Date.now());
    const { runner, store, close } = await opened({ clock });
    await using stranger = sleeper();
    try {
      await store.put(lockKey("near"), lockOf({ ...asHolder(stranger.pid), ...other }));
      const failure = assert.rejects(runner.stop("near"), (error) => {
        assert.ok(error instanceof OutsideError);
        assert.match(
          error.message,
          /process \d+ of this machine or of another .* nothing was stopped/,
        );
        return true;
      });
      await passing(clock, failure);
      assert.equal(holderIsGone(asHolder(stranger.pid)), false);
      assert.notEqual(await store.get(lockKey("near")), null);
    } finally {
      stranger.kill("SIGKILL");
      await close();
    }
  });
}

Deno.test({
  name:
    "a living harvester in a container of the same name, whose number nothing has here, is not taken over",
  ignore: !await canUnshare(),
  async fn() {
    const env = { TWARC_CLOUD_SECRET: "mine" };
    const { runner, store, bucket, job, lock, close } = await opened({ env });
    const pids = Array.from({ length: 1_000 }, (_, i) => 30_000 + i);
    const free = pids.find((pid) => !isNumbered(pid)) ?? assert.fail("Every number is taken");
    const numbered = `echo ${free - 1} > /proc/sys/kernel/ns_last_pid; "$@" & wait`;
    const args = ["harvest", "run", "--bucket", bucket, "--shutdown", "steady"];
    await using container = new Deno.Command("unshare", {
      args: ["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", numbered, "sh"]
        .concat(SELF, args),
      env: { TWARC_CLOUD_SECRET: "mine" },
      stderr: "null",
    }).spawn();
    try {
      const held = await until(() => lock("steady").catch(() => null));
      assert.deepEqual([held.host, held.pid], [Deno.hostname(), free]);
      await assert.rejects(runner.once(job("steady")), LockedError);
      const holder = { id: "other", ...thisProcess() };
      const taken = { store, collectionId: "steady", holder, clock: systemClock };
      await assert.rejects(
        acquireLease({ ...taken, isGone: holderIsGone }),
        LockedError,
      );
      await runner.stop("steady");
      assert.equal((await container.status).code, 0);
    } finally {
      await close();
    }
  },
});

Deno.test("a stranger that was given the number of a harvester which is gone is left alone: none runs", async () => {
  const { runner, store, close } = await opened();
  await using stranger = sleeper();
  try {
    const holder = asHolder(stranger.pid);
    const reused = { ...holder, process_started: `${holder.process_started}0` };
    await store.put(lockKey("near"), lockOf(reused));
    await assert.rejects(runner.stop("near"), { name: "UserError", message: /No harvest of near/ });
    assert.equal(await runner.info("near"), null);
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
    assert.equal(holderIsGone(holder), false);
  } finally {
    stranger.kill("SIGKILL");
    await close();
  }
});

Deno.test("a harvester that has ended and that nobody has looked at does not run, and the next one starts", async () => {
  const { runner, store, job, close } = await opened();
  await using place = await zombie();
  try {
    await store.put(lockKey(BRIEF), lockOf(asHolder(place.pid)));
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
    await assert.rejects(runner.stop(BRIEF), { message: /No harvest of brief is running/ });
    assert.deepEqual(await ended(await runner.once(job(BRIEF))), { exitCode: 0 });
  } finally {
    await close();
  }
});

Deno.test("a harvester that stands still past its lease is shown, and is not said to have stopped before it has", async () => {
  const { runner, store, lock, job, close } = await opened();
  try {
    const started = await runner.start(job(DEAF));
    const { pid } = await lock(DEAF);
    process.kill(pid, "SIGSTOP");
    const past = "2026-01-02T03:04:05.000Z";
    await store.put(
      lockKey(DEAF),
      jsonBytes({ ...await lock(DEAF), expires: past, renewed: past }),
    );
    assert.equal((await Array.fromAsync(runner.running())).length, 1);
    let isStopped = false;
    const stopping = runner.stop(DEAF).finally(() => isStopped = true);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(isStopped, false);
    process.kill(pid, "SIGCONT");
    await stopping;
    assert.deepEqual(await ended(started), { exitCode: 0 });
  } finally {
    await close();
  }
});

Deno.test("what a lock last said is told where its holder does not answer", async () => {
  const { runner, store, close } = await opened();
  try {
    const progress = {
      collection_id: "far",
      harvest_timestamp: "2026-01-02T03:04:05.000Z",
      tweets: 42,
      files: 2,
      file_bytes: 10,
      state: "stopping",
    };
    await store.put(lockKey("far"), elsewhere({ progress }));
    assert.deepEqual(await runner.info("far"), progress);
    const [running] = await Array.fromAsync(runner.running());
    assert.equal(running?.status, "STOPPING");
  } finally {
    await close();
  }
});

Deno.test("a lock that says nothing of its holder is not stopped but told, with the way out", async () => {
  const { runner, store, close } = await opened();
  try {
    await store.put(lockKey("old"), new TextEncoder().encode('{"harvest_id":"x"}'));
    await assert.rejects(runner.stop("old"), (error) => {
      assert.ok(error instanceof LockedError);
      assert.match(error.hint ?? "", /harvest unlock old/);
      return true;
    });
  } finally {
    await close();
  }
});

Deno.test("stopping can be given up", async () => {
  const { runner, store, close } = await opened();
  try {
    await store.put(lockKey("far"), elsewhere());
    const reason = new Error("enough");
    await assert.rejects(runner.stop("far", { signal: AbortSignal.abort(reason) }), reason);
  } finally {
    await close();
  }
});

Deno.test("a program that cannot be started is told in one line", async () => {
  const { runner, job, close } = await opened({
    self: () => Promise.resolve(["/nowhere/twarc-cloud"]),
  });
  try {
    await assert.rejects(runner.once(job("steady")), (error) => {
      assert.ok(error instanceof OutsideError);
      assert.match(error.message, /A harvester cannot be started: .*ENOENT/);
      return true;
    });
  } finally {
    await close();
  }
});

Deno.test("a log that has grown long is put aside when the next harvest starts", async () => {
  const { runner, state, job, log, close } = await opened();
  try {
    const path = join(state, "runner", "logs", `${FAULTY}.log`);
    await Deno.mkdir(join(state, "runner", "logs"), { recursive: true });
    await Deno.writeTextFile(path, `Error: An old one\n${"x".repeat(10 * 1024 * 1024)}\n`);
    const outcome = await ended(await runner.once(job(FAULTY)));
    assert.equal(outcome.message, FAULT);
    assert.ok((await log(FAULTY)).startsWith("started with"));
    assert.ok((await Deno.stat(`${path}.1`)).size > 10 * 1024 * 1024);
  } finally {
    await close();
  }
});

Deno.test("a followed log gives whole lines, also of letters that come in two parts", async () => {
  const { runner, state, close } = await opened();
  try {
    const path = join(state, "runner", "logs", "steady.log");
    await Deno.mkdir(join(state, "runner", "logs"), { recursive: true });
    const bytes = new TextEncoder().encode("one\nnaïve\nlast");
    await Deno.writeFile(path, bytes.subarray(0, 7));
    const enough = new AbortController();
    const lines: string[] = [];
    for await (const line of runner.logs("steady", { follow: true, signal: enough.signal })) {
      if (lines.push(line) === 1) await Deno.writeFile(path, bytes.subarray(7), { append: true });
      else enough.abort();
    }
    assert.deepEqual(lines, ["one", "naïve"]);
    const { signal } = new AbortController();
    const all = await Array.fromAsync(runner.logs("steady", { follow: false, signal }));
    assert.deepEqual(all, ["one", "naïve", "last"]);
  } finally {
    await close();
  }
});

Deno.test("the environment's secret goes before the folder's", async () => {
  const env = { TWARC_CLOUD_SECRET: "mine" };
  const { runner, state, job, close } = await opened({ env });
  try {
    await runner.start(job("steady"));
    await runner.stop("steady");
    await assert.rejects(Deno.stat(join(state, "runner", "secret")), Deno.errors.NotFound);
  } finally {
    await close();
  }
});

/** Waits until a process is gone: what it has given up and ends may be there for a moment. */
async function gone(pid: number): Promise<void> {
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
async function nextHolder(lock: () => Promise<{ pid: number }>, before: number[]): Promise<number> {
  // On Windows it comes up when the lease of the one before is over.
  return await until(async () => {
    const pid = await lock().then(({ pid }) => pid, () => 0);
    return pid > 0 && !before.includes(pid) && pid;
  });
}

Deno.test("a harvester that filter-start started and that is killed is started again, until it is stopped", async () => {
  const { runner, documents, job, log, lock, close } = await opened();
  try {
    const started = await runner.start(job("steady"));
    const first = await nextHolder(() => lock("steady"), []);
    process.kill(first, "SIGKILL");
    const second = await nextHolder(() => lock("steady"), [first]);
    assert.notEqual(second, first);
    assert.equal(await started.outcome(), null);
    assert.match(
      await log("steady"),
      /The harvester ended: The harvester was killed.*\. It is started again at/,
    );
    const keeper = (await foundKept(documents, keptKey("steady")))?.kept.process?.pid ?? 0;
    await runner.stop("steady");
    assert.deepEqual(await ended(started), { exitCode: 0 });
    assert.deepEqual(await Array.fromAsync(documents.list(KEPT)), []);
    await gone(keeper);
    await assert.rejects(runner.stop("steady"), UserError);
  } finally {
    await close();
  }
});

Deno.test("a harvester that fails as filter-start starts it is reported, and nothing is kept of it", async () => {
  const { runner, documents, job, close } = await opened();
  try {
    const outcome = await ended(await runner.start(job(FAULTY)));
    assert.deepEqual(outcome, { exitCode: 1, message: `${FAULT}.` });
    assert.deepEqual(await Array.fromAsync(documents.list(KEPT)), []);
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  } finally {
    await close();
  }
});

Deno.test("when keeper and harvester are gone, as after a restart, both are revived, and stopped as ever", async () => {
  const { runner, documents, job, lock, close } = await opened();
  try {
    await runner.start(job("steady"));
    const first = await nextHolder(() => lock("steady"), []);
    const found = await foundKept(documents, keptKey("steady"));
    process.kill(found?.kept.process?.pid ?? 0, "SIGKILL");
    process.kill(first, "SIGKILL");
    while ((await Array.fromAsync(runner.running()))[0]?.status !== "RESTARTING") {
      await systemClock.sleep(20);
    }
    const [{ trouble } = assert.fail()] = await Array.fromAsync(runner.running());
    assert.deepEqual([trouble?.state, trouble?.problem], ["gone", "Its process no longer runs."]);
    const now = await foundKept(documents, keptKey("steady"));
    assert.ok(now && await runner.revive(now));
    await nextHolder(() => lock("steady"), [first]);
    await runner.stop("steady");
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  } finally {
    await close();
  }
});

Deno.test("a harvester that a version before has started, with the secret in the bucket, is found, read and stopped", async () => {
  const { runner, store, bucket, close } = await opened();
  await Deno.mkdir(join(bucket, "runner", "logs"), { recursive: true });
  await Deno.writeTextFile(join(bucket, "runner", "secret"), "of before\n");
  await Deno.writeTextFile(join(bucket, "runner", "logs", "old.log"), "begun\n");
  let isStopped = false;
  let unlocked: Promise<unknown> = Promise.reject(new Error("Nobody has shut it down"));
  unlocked.catch(() => {});
  const server = serveControl({
    info: () => ({
      collection_id: "old",
      harvest_timestamp: "2026-01-02T03:04:05.000Z",
      tweets: 3,
      files: 1,
      file_bytes: 1,
    }),
    stop: () => void (isStopped = true),
    isStopped: () => isStopped,
    shutdown() {
      unlocked = store.delete(lockKey("old"));
      unlocked.catch(() => {});
    },
  }, {
    hostname: "127.0.0.1",
    port: 0,
    collectionId: "old",
    secret: () => Promise.resolve("of before"),
    clock: systemClock,
  });
  try {
    // No signal stops a process of another machine.
    await store.put(lockKey("old"), elsewhere({ control: server.url.href }));
    assert.equal((await Array.fromAsync(runner.running()))[0]?.collectionId, "old");
    assert.equal((await runner.info("old"))?.tweets, 3);
    const { signal } = new AbortController();
    const lines = await Array.fromAsync(runner.logs("old", { follow: false, signal }));
    assert.deepEqual(lines, ["begun"]);
    await runner.stop("old");
    assert.ok(isStopped);
    await unlocked;
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  } finally {
    await server.close();
    await close();
  }
});

Deno.test("a harvester has one arena of malloc, unless a person's environment says otherwise", async () => {
  for (const [own, expected] of [[undefined, "1"], ["4", "4"]]) {
    const { PATH } = process.env;
    const { runner, job, log, close } = await opened({
      self: () => Promise.resolve(["/bin/sh", "-c", "env; exit 3"]),
      env: { PATH, ...own ? { MALLOC_ARENA_MAX: own } : {} },
    });
    try {
      const { outcome } = await runner.once(job("c"));
      while (await outcome() === null) await systemClock.sleep(20);
      assert.match(await log("c"), new RegExp(`^MALLOC_ARENA_MAX=${expected}$`, "m"));
    } finally {
      await close();
    }
  }
});
