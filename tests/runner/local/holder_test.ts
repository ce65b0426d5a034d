/** Whether the holder of a lock is a harvester that runs: elsewhere, a stranger, a zombie, or one that stands still. */

import assert from "node:assert/strict";
import process from "node:process";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { holderIsGone, thisProcess } from "../../../lib/bucket/process.ts";
import { isNumbered } from "../../../lib/bucket/process_facts.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { LockedError, OutsideError } from "../../../lib/base/errors.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { ended } from "../../contract/runner.ts";
import { BRIEF, DEAF, SELF } from "../../fakes/harvester.ts";
import { until } from "../../fakes/until.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { asHolder, canUnshare, sleeper, zombie } from "../../fakes/other_processes.ts";
import { elsewhere, lockKey, lockOf, opened, passing } from "./opened_runner.ts";

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
