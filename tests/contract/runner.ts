/** What every Runner does, run on each adapter. */

import assert from "node:assert/strict";
import { LockedError, UserError } from "../../lib/base/errors.ts";
import type { Job, Outcome, Runner, Started } from "../../lib/runner/runner.ts";
import { parseSchedule } from "../../lib/runner/schedule.ts";
import { until } from "../fakes/until.ts";

/** A runner with nothing that runs, in an empty bucket. */
export interface OpenedRunner {
  runner: Runner;
  bucket: string;
  /** The id of a collection whose harvest goes on until it is stopped. */
  steady: string;
  /** The id of a collection whose harvest ends by itself. */
  brief: string;
  /** The id of a collection whose harvester exits with code 1, and what it says. */
  faulty: { id: string; says: string };
  close: () => Promise<void>;
}

/** How a harvest ended, once it has. */
export async function ended(started: Started): Promise<Outcome> {
  return await until(() => started.outcome());
}

/** Waits until a harvester answers: one that was started just now may not take a signal yet. */
async function harvesting(runner: Runner, id: string): Promise<void> {
  await until(async () => (await runner.info(id))?.state);
}

/** Registers the tests of the port for one adapter. */
export function runnerContract(adapter: string, open: () => Promise<OpenedRunner>): void {
  const test = (name: string, use: (opened: OpenedRunner) => Promise<void>) =>
    Deno.test(`${adapter}: ${name}`, async () => {
      const opened = await open();
      try {
        await use(opened);
      } finally {
        await opened.close();
      }
    });
  const job = (_: OpenedRunner, collectionId: string): Job => ({
    collectionId,
    flags: {},
  });

  test("a harvest that was started is listed, tells of itself, and ends with stop", async (opened) => {
    const { runner, bucket, steady } = opened;
    for (const start of [runner.once.bind(runner), runner.start.bind(runner)]) {
      const started = await start(job(opened, steady));
      assert.equal(await started.outcome(), null);
      const [running, ...others] = await Array.fromAsync(runner.running());
      assert.deepEqual(others, []);
      assert.equal(running?.collectionId, steady);
      assert.equal(running?.bucket, bucket);
      assert.equal(running?.status, "RUNNING");
      assert.equal((await runner.info(steady))?.collection_id, steady);
      await harvesting(runner, steady);
      await runner.stop(steady);
      assert.deepEqual(await Array.fromAsync(runner.running()), []);
      assert.equal(await runner.info(steady), null);
      assert.equal((await ended(started)).exitCode, 0);
    }
  });

  test("a harvest that runs once ends by itself, with exit code 0", async (opened) => {
    const started = await opened.runner.once(job(opened, opened.brief));
    assert.deepEqual(await ended(started), { exitCode: 0 });
    assert.deepEqual(await Array.fromAsync(opened.runner.running()), []);
  });

  test("a harvester that fails tells its exit code and its reason", async (opened) => {
    const { runner, faulty } = opened;
    const outcome = await ended(await runner.once(job(opened, faulty.id)));
    assert.deepEqual(outcome, { exitCode: 1, message: faulty.says });
  });

  test("a collection that is being harvested is not harvested twice", async (opened) => {
    const { runner, steady } = opened;
    await runner.once(job(opened, steady));
    await assert.rejects(runner.once(job(opened, steady)), LockedError);
    await assert.rejects(runner.start(job(opened, steady)), LockedError);
    assert.equal((await Array.fromAsync(runner.running())).length, 1);
    await runner.stop(steady);
  });

  test("a harvest that does not run cannot be stopped, and tells nothing", async ({ runner, steady }) => {
    await assert.rejects(runner.stop(steady), UserError);
    assert.equal(await runner.info(steady), null);
  });

  test("schedules are listed, replaced, and ended", async (opened) => {
    const { runner, steady, brief } = opened;
    const scheduled = async () =>
      Object.fromEntries(
        (await Array.fromAsync(runner.listSchedules())).map((
          { collectionId, schedule },
        ) => [collectionId, schedule.expression]),
      );
    assert.deepEqual(await scheduled(), {});
    await runner.schedule(job(opened, steady), parseSchedule("rate(7 days)"));
    await runner.schedule(job(opened, brief), parseSchedule("cron(0 10 * * ? *)"));
    assert.deepEqual(await scheduled(), {
      [steady]: "rate(7 days)",
      [brief]: "cron(0 10 * * ? *)",
    });
    await runner.schedule(job(opened, steady), parseSchedule("rate(1 hour)"));
    assert.equal(await runner.unschedule(brief), true);
    assert.equal(await runner.unschedule(brief), false);
    assert.deepEqual(await scheduled(), { [steady]: "rate(1 hour)" });
  });

  test("a schedule that is given again is due when it was due, and another one counts anew", async (opened) => {
    const { runner, steady } = opened;
    const next = async () => (await runner.findSchedule(steady))?.next;
    assert.equal(await runner.findSchedule(steady), null);
    await runner.schedule(job(opened, steady), parseSchedule("rate(7 days)"));
    const first = await next();
    assert.ok(first && Math.abs(Date.parse(first) - Date.now() - 7 * 86_400_000) < 60_000, first);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runner.schedule(job(opened, steady), parseSchedule("rate(7 days)"));
    assert.equal(await next(), first);
    const listed = await Array.fromAsync(runner.listSchedules());
    assert.deepEqual(listed, [await runner.findSchedule(steady)]);
    await runner.schedule(job(opened, steady), parseSchedule("cron(0 10 * * ? *)"));
    const daily = await next();
    assert.match(daily ?? "", /T10:00:00\.000Z$/);
    const there = parseSchedule("cron(0 10 * * ? *)", "Asia/Tokyo");
    await runner.schedule(job(opened, steady), there);
    assert.match(await next() ?? "", /T01:00:00\.000Z$/);
    await runner.unschedule(steady);
    assert.equal(await runner.findSchedule(steady), null);
  });

  test("the logs of harvests are there, one after the other, and before there are any it is said", async (opened) => {
    const { runner, brief } = opened;
    const { signal } = new AbortController();
    const logs = () => Array.fromAsync(runner.logs(brief, { follow: false, signal }));
    await assert.rejects(logs(), UserError);
    await ended(await runner.once(job(opened, brief)));
    const first = await logs();
    assert.ok(first.length > 0);
    await ended(await runner.once(job(opened, brief)));
    const both = await logs();
    assert.deepEqual(both.slice(0, first.length), first);
    assert.ok(both.length > first.length);
  });

  test("logs that are followed go on until the signal", async (opened) => {
    const { runner, steady } = opened;
    await runner.once(job(opened, steady));
    const enough = new AbortController();
    const lines: string[] = [];
    for await (const line of runner.logs(steady, { follow: true, signal: enough.signal })) {
      if (lines.push(line) === 1) await runner.stop(steady);
      else enough.abort();
    }
    assert.ok(lines.length >= 2);
  });
}
