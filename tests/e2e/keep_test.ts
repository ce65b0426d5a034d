import assert from "node:assert/strict";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { isoTime, systemClock } from "../../lib/base/clock.ts";
import { keptKey, writeKept } from "../../lib/runner/local/kept.ts";
import { World } from "../../lib/sandbox/world.ts";
import { openStore } from "../../lib/store/open.ts";
import { filesBelow, idsOf, inOneProcess, pidOf, until } from "./program.ts";

const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

function world(): World {
  return World.create({ clock: systemClock, users: 3, tweetsPerUser: 0 });
}

Deno.test("a stream whose harvester is killed with -9 goes on by itself, until filter-stop", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const started = await place.run("collection", "filter-start", "live");
    assert.deepEqual([started.code, started.out], [0, "Started\n"]);
    assert.match(started.err, /restarted if it fails.*twarc-cloud scheduler/);
    await until(() => Promise.resolve(place.sandbox.streams.size > 0));
    const killed = await pidOf(place, "live");
    Deno.kill(killed, "SIGKILL");
    await until(() => Promise.resolve(place.sandbox.requests.length > 1));
    await until(() => Promise.resolve(place.sandbox.streams.size > 0));
    assert.notEqual(await pidOf(place, "live"), killed);
    const posted = place.post(10);
    await until(async () => (await place.running("live")).tweets === 10);
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    assert.match(
      await place.ok("harvest", "logs", "live"),
      /was killed.*\. It is started/,
    );
    const again = await place.run("collection", "filter-stop", "live");
    assert.equal(again.code, 1);
  }, { world: world() }));

for (const how of ["kill -9", "unlock --force"] as const) {
  const command = how === "kill -9" ? ["stop", "--now", "live"] : ["filter-stop", "live"];
  Deno.test(`a stream that is stopped after ${how} is finalized, and what it missed until the stop is a gap everywhere`, () =>
    inOneProcess(async (place) => {
      await place.add(FILTER);
      await place.ok("collection", "filter-start", "live");
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      place.post(3);
      await until(async () => (await place.running("live")).tweets === 3);
      const harvester = await pidOf(place, "live");
      if (how === "unlock --force") {
        await place.ok("harvest", "unlock", "--force", "live");
        assert.match(await place.ok("harvest", "list"), /^live => Bucket: \S+ Status: RUNNING\n$/);
        assert.equal(await place.ok("collection", "list"), "Collections:\nlive\n");
        const asked = await place.run("harvest", "running", "live");
        assert.match(asked.err, /has no lock now\. It is starting, or its lock was removed/);
      } else {
        const files = await Array.fromAsync(filesBelow(place.path(".")));
        const kept = files.find((file) => file.endsWith("/runner/kept/live.json")) ?? assert.fail();
        const keeper = JSON.parse(await Deno.readTextFile(kept)).process.pid;
        for (const pid of [keeper, harvester]) Deno.kill(pid, "SIGKILL");
        await place.forget("live");
      }
      const stopped = await place.run("collection", ...command);
      assert.deepEqual([stopped.code, stopped.err.includes("is a gap")], [0, true], stopped.err);
      assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
      const [gap, ...others] = JSON.parse(await place.ok("collection", "gaps", "live", "--json"));
      assert.deepEqual(others, []);
      const spans = JSON.parse(await place.ok("collection", "coverage", "live", "--json"));
      // What it harvested was recorded before the kill only if a flush was due.
      const [missed, silence] = spans.slice(-2);
      assert.deepEqual([missed.state, silence.state], ["missed", "silent on purpose"]);
      assert.deepEqual([missed.to, silence.from], [gap.to, gap.to]);
      const [found] = JSON.parse(await place.ok("collection", "verify", "live", "--json"));
      assert.deepEqual(found.gaps, [gap]);
      const report = await place.ok("collection", "report", "live");
      assert.match(report, /interrupted before the stream was stopped/);
      const again = await place.run("collection", ...command);
      assert.deepEqual([again.code, again.err.includes("is a gap")], [1, false]);
    }, { world: world() }));
}

Deno.test("what is to be alive and is not is shown wherever harvests are, and can be stopped", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const store = await openStore(parseBucket(place.path("twarc-cloud-data")));
    const since = isoTime(Date.UTC(2026, 0, 2));
    const next = isoTime(Date.UTC(2026, 0, 3));
    const problem = "The API is away.";
    const fault = { since, tries: 3, problem, exit_code: 3, next, wait_ms: 4_000 };
    const kept = { collection_id: "live", flags: {}, since, keeper: "k" };
    await writeKept(store, { ...kept, state: "waiting", fault });
    const why = `since ${since}: ${problem} It is restarted at ${next}`;
    assert.equal(await place.ok("collection", "list"), `Collections:\nlive (restarting ${why})\n`);
    assert.match(await place.ok("harvest", "list"), new RegExp(`^live => .*RESTARTING ${why}\n$`));
    const [listed] = JSON.parse(await place.ok("harvest", "list", "--json"));
    assert.deepEqual([listed.status, listed.since, listed.problem, listed.next], [
      "RESTARTING",
      since,
      problem,
      next,
    ]);
    const asked = await place.run("harvest", "running", "live");
    assert.equal(asked.code, 1);
    assert.ok(asked.err.includes(why));

    await writeKept(store, { ...kept, state: "running" });
    assert.match(
      await place.ok("collection", "list"),
      /live \(restarting since .*: Its process no longer runs\. .*as soon as `twarc-cloud scheduler` runs\)/,
    );
    const { next: _, wait_ms: __, ...last } = fault;
    await writeKept(store, { ...kept, state: "ended", fault: { ...last, exit_code: 1 } });
    assert.match(
      await place.ok("collection", "list"),
      /live \(ended since .*: The API is away\. Start it again with `twarc-cloud collection filter-start live`\)/,
    );
    assert.equal(await place.ok("collection", "stop", "--now", "live"), "Stopped\n");
    assert.equal(await place.ok("collection", "list"), "Collections:\nlive\n");

    await store.put(keptKey("live"), new TextEncoder().encode("damaged"));
    assert.equal(await place.ok("collection", "list"), "Collections:\nlive\n");
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
  }, { world: world() }));
