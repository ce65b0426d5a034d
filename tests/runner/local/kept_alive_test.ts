/** Harvesters that filter-start started are kept alive, until they are stopped. */

import assert from "node:assert/strict";
import process from "node:process";
import { systemClock } from "../../../lib/base/clock.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { foundKept, KEPT, keptKey } from "../../../lib/runner/local/kept.ts";
import { ended } from "../../contract/runner.ts";
import { FAULT, FAULTY } from "../../fakes/harvester.ts";
import { gone, nextHolder, opened } from "./opened_runner.ts";

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
