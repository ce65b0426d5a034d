import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { systemClock } from "../../../lib/base/clock.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import { serveControl } from "../../../lib/control/server.ts";
import { ended, runnerContract } from "../../contract/runner.ts";
import { BRIEF, DEAF, FAULT, FAULTY } from "../../fakes/harvester.ts";
import { elsewhere, lockKey, opened } from "./opened_runner.ts";

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
