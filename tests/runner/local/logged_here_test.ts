import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { isLoggedHere } from "../../../lib/runner/local/logged_here.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { inOneProcess, until } from "../../e2e/program.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const world = () => World.create({ clock: systemClock, users: 1, tweetsPerUser: 5 });

Deno.test("the log of a harvest that was started by hand is followed elsewhere, and that is said at once", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    const byHand = place.spawn(["harvest", "run", "--shutdown", "find"]);
    await until(() => place.object("find/lock.json").then(() => true, () => false));
    const { code, out, err } = await place.run("harvest", "logs", "find", "--follow");
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(
      err,
      /^Error: The harvest of find that runs since \S+ does not write to this log: process \d+ of \S+ was started by hand/,
    );
    assert.match(err, /: twarc-cloud harvest running --follow find$/m);
    byHand.kill("SIGTERM");
    await byHand.output();
  }, { world: world() }));

Deno.test("what was logged before is shown first, and is all of it where nothing is followed", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find", "--wait");
    const log = await place.runnerPath("logs", "find.log");
    const hour = new Date(Date.now() - 3_600_000);
    await Deno.utime(log, hour, hour);
    const lines = await place.ok("harvest", "logs", "find");
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    const byHand = place.spawn(["harvest", "run", "--shutdown", "find"]);
    await until(() => place.object("find/lock.json").then(() => true, () => false));
    const followed = await place.run("harvest", "logs", "find", "--follow");
    assert.deepEqual([followed.code, followed.out], [1, lines]);
    const shown = await place.run("harvest", "logs", "find");
    assert.deepEqual([shown.code, shown.out], [0, lines]);
    assert.match(shown.err, /does not write to this log/);
    byHand.kill("SIGTERM");
    await byHand.output();
  }, { world: world() }));

Deno.test("a log that is followed and is not there is an error, as one that is only shown", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    const { code, err } = await place.run("harvest", "logs", "find", "--follow");
    assert.equal(code, 1);
    assert.match(err, /There is no log of find yet.*collection once find/);
  }, { world: world() }));

Deno.test("a harvester that has the lease and has not said anything yet is waited for", async () => {
  const log = await Deno.makeTempFile({ prefix: "twarc-cloud-test-" });
  try {
    const acquired = new Date(Date.now() + 60_000);
    const lock = { acquired: acquired.toISOString(), host: Deno.hostname() };
    const holder = { ...lock, holder: "h", pid: 1, renewed: "", expires: "" };
    const { signal } = new AbortController();
    const silent = new QuickClock();
    assert.equal(await isLoggedHere(log, holder, { clock: silent, signal }), false);
    assert.deepEqual(silent.slept, [2_000]);
    class Writes extends QuickClock {
      override async sleep(ms: number): Promise<void> {
        await Deno.utime(log, acquired, acquired);
        await super.sleep(ms);
      }
    }
    assert.equal(await isLoggedHere(log, holder, { clock: new Writes(), signal }), true);
    assert.equal(
      await isLoggedHere(log, { ...holder, host: "x" }, { clock: silent, signal }),
      false,
    );
  } finally {
    await Deno.remove(log);
  }
});
