import assert from "node:assert/strict";
import { holderIsGone } from "../../lib/bucket/process.ts";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { asHolder, sleeper } from "../fakes/other_processes.ts";
import { inOneProcess, pidOf, until } from "./program.ts";

function world(): World {
  return World.create({ clock: systemClock, users: 2, tweetsPerUser: 30 });
}

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

Deno.test("a schedule with pauses beyond recent search's reach says what is missed", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const rare = await place.run("collection", "schedule", "find", "rate(7 days)");
    assert.equal(rare.out, "Scheduled\n");
    assert.match(rare.err, /goes back seven days only.*rate\(6 days\)/);
    assert.match(await place.ok("collection", "stop", "find"), /^Stopped/m);
  }, { world: world() }));

Deno.test("a schedule harvests at once, is listed, is carried out by the scheduler, and ends with stop", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const scheduled = await place.run("collection", "schedule", "find", "rate(1 minute)");
    assert.equal(scheduled.out, "Scheduled\n");
    assert.match(scheduled.err, /twarc-cloud scheduler/);
    assert.doesNotMatch(scheduled.err, /seven days only/);
    await until(async () => (await place.tweets("find").catch(() => [])).length === 60);
    const listed = await place.run("collection", "scheduled");
    assert.match(
      listed.out,
      /^twarc-cloud-data_find_schedule => rate\(1 minute\)\n {2}every minute, next at 20\S+Z, last harvest: \S+/,
    );
    assert.match(listed.err, /No scheduler runs them: start `twarc-cloud scheduler`/);
    const [{ next, ...found }] = JSON.parse(await place.ok("collection", "scheduled", "--json"));
    assert.deepEqual(found, {
      collection_id: "find",
      schedule: "rate(1 minute)",
      timezone: "UTC",
      words: "every minute",
    });
    assert.ok(Date.parse(next) > Date.now() - 60_000);

    // As if the last run was an hour ago: it is caught up once.
    const path = await place.runnerPath("schedules", "find.json");
    const kept = JSON.parse(await Deno.readTextFile(path));
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    await Deno.writeTextFile(path, JSON.stringify({ ...kept, last_due: hourAgo }));
    await until(async () => (await place.ok("harvest", "list")) === "No running harvests.\n");
    const presence = await place.runnerPath("scheduler.json");
    const schedulers = [place.spawn(["scheduler"])];
    const shown = async () => {
      const text = await Deno.readTextFile(presence).catch(() => "{}");
      return Number(JSON.parse(text || "{}").pid ?? 0);
    };
    const first = await until(shown);
    schedulers.push(place.spawn(["scheduler"]));
    await until(async () => await shown() !== first);
    await until(async () => (await place.harvests("find")).length === 2);
    await until(async () => (await place.ok("harvest", "list")) === "No running harvests.\n");
    const served = await place.run("collection", "scheduled");
    assert.match(served.err, /They are run by process \d+ of /);
    for (const scheduler of schedulers) scheduler.kill("SIGTERM");
    const reports = await Promise.all(schedulers.map((scheduler) => scheduler.output()));
    const lines = reports.map(({ stdout }) => new TextDecoder().decode(stdout)).join("");
    assert.match(lines, /^\S+ find started\n(\S+ find ended: complete, \d+ tweets\.\n)?$/);
    const said = reports.map(({ stderr }) => new TextDecoder().decode(stderr));
    assert.match(said[0] ?? "", /^find: every minute, next at 20/m);
    assert.match(
      said[1] ?? "",
      /Another scheduler has been running for this bucket since .*: process \d+ of /,
    );
    // On Windows they end at once, not in good order.
    if (Deno.build.os !== "windows") {
      await assert.rejects(Deno.stat(presence), Deno.errors.NotFound);
      assert.deepEqual(reports.map(({ code }) => code), [0, 0]);
    }
    assert.equal((await place.harvests("find")).length, 2);

    const why = ["--note", "the grant is over"];
    assert.equal(await place.ok("collection", "stop", "find", ...why), "Stopped\n");
    const covered = await place.ok("collection", "coverage", "find");
    assert.match(
      covered,
      /^20\S+ {2}20\S+ {2}harvested\n[^]*silent on purpose .* by \S+; the grant is over\n$/m,
    );
    assert.match(
      await place.ok("collection", "coverage", "find", "--calendar"),
      /^20\d\d-\d\d {2}/,
    );
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
    const again = await place.run("collection", "stop", "find");
    assert.equal(again.code, 1);
    assert.match(again.err, /neither scheduled nor being harvested/);
  }, { world: world() }));

Deno.test("a schedule by cron waits for its time, and says which that is", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const { out, err } = await place.run("collection", "schedule", "find", "cron(0 10 1 1 ? *)");
    assert.equal(out, "Scheduled\n");
    assert.match(
      err,
      /^At 10:00, on day 1 of the month, only in January \(UTC\), next at 20\S+-01-01T10:00:00\.000Z\.$/m,
    );
    assert.deepEqual(place.sandbox.requests, []);
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
  }, { world: world() }));

Deno.test("a schedule that is in force starts nothing when it is given again, another one does", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const schedule = (rate: string) => place.run("collection", "schedule", "find", rate);
    const ended = () =>
      until(async () => (await place.ok("harvest", "list")) === "No running harvests.\n");
    await schedule("rate(1 day)");
    await ended();
    const path = await place.runnerPath("schedules", "find.json");
    const kept = await Deno.readTextFile(path);
    const next = new Date(Date.parse(JSON.parse(kept).last_due) + 86_400_000).toISOString();
    const again = await schedule("rate(1 day)");
    assert.deepEqual([again.code, again.out], [0, "Scheduled\n"]);
    assert.match(again.err, /^That schedule is already in force: nothing was started\.$/m);
    assert.ok(
      again.err.includes(`Every 1 day, next at ${next}.`) ||
        again.err.includes(`Every day, next at ${next}.`),
      again.err,
    );
    assert.equal(await Deno.readTextFile(path), kept);
    assert.equal((await place.harvests("find")).length, 1);
    await schedule("rate(2 days)");
    await ended();
    assert.equal((await place.harvests("find")).length, 2);
    await Deno.writeTextFile(path, "damaged");
    await schedule("rate(2 days)");
    await ended();
    assert.equal(
      (await place.harvests("find")).length,
      3,
      "One that nobody can read is not in force",
    );
  }, { world: world() }));

Deno.test("stop ends the schedule and leaves a harvest that runs, which --now ends", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    await place.ok("collection", "schedule", "find", "rate(1 day)");
    const stopped = await place.run("collection", "stop", "find");
    assert.deepEqual([stopped.code, stopped.out], [0, "Stopped\n"]);
    assert.match(
      stopped.err,
      /The harvest continues\. Stop it with: .* collection stop --now find$/m,
    );
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
    assert.match(await place.ok("harvest", "list"), /^find => .*RUNNING$/m);
    const again = await place.run("collection", "stop", "find");
    assert.equal(again.code, 1);
    assert.match(
      again.err,
      /^Error: find is not scheduled, but it is being harvested\. .* collection stop --now find$/m,
    );
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const live = await place.run("collection", "stop", "live");
    assert.equal(live.code, 1);
    assert.match(live.err, /live is not scheduled, .* collection filter-stop live$/m);
    for (const id of ["find", "live"]) {
      assert.equal(await place.ok("collection", "stop", "--now", id), "Stopped\n");
    }
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
  }, { world: world() }));

Deno.test("stop --now ends a harvest that is running, and logs tell of it", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    assert.equal(await place.ok("collection", "once", "find"), "Started\n");
    await until(() => Promise.resolve(place.sandbox.requests.length > 0));
    assert.equal(await place.ok("collection", "stop", "--now", "find"), "Stopped\n");
    assert.match(
      await place.ok("harvest", "logs", "find"),
      /Harvesting find \(search\)[\s\S]*stopped/,
    );
    assert.match(
      await place.ok("harvest", "last", "find"),
      /Outcome: stopped\. A stop was requested/,
    );
  }, { world: world() }));

Deno.test("a harvester whose control server is unreachable is stopped by a signal", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const key = place.path("twarc-cloud-data", "collections", "live", "lock.json");
    const lock = JSON.parse(await Deno.readTextFile(key));
    await Deno.writeTextFile(key, JSON.stringify({ ...lock, control: "http://127.0.0.1:9/" }));
    await place.ok("collection", "filter-stop", "live");
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
  }, { world: world() }));

Deno.test("a stranger that has the number of a lock is not stopped, and the next harvest begins at once", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await using stranger = sleeper();
    const holder = asHolder(stranger.pid);
    const [time, expires] = [0, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const times = { acquired: time, renewed: time, expires };
    const reused = { ...holder, process_started: `${holder.process_started}0` };
    const lock = place.path("twarc-cloud-data", "collections", "find", "lock.json");
    await Deno.writeTextFile(lock, JSON.stringify({ holder: "x", ...reused, ...times }));
    const stopped = await place.run("collection", "stop", "find");
    assert.deepEqual([stopped.code, stopped.out], [1, ""]);
    assert.match(stopped.err, /neither scheduled nor being harvested/);
    await place.ok("collection", "once", "find", "--wait");
    assert.equal(holderIsGone(holder), false);
    stranger.kill("SIGKILL");
  }, { world: world() }));

Deno.test("unlock asks before it ends a harvest that lives, and says how to end it in good order", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const { code, err } = await place.run("harvest", "unlock", "live");
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: Process \d+ of .* harvests live and .*collection filter-stop live`\. --force/,
    );
    assert.match(await place.ok("harvest", "list"), /live => .*RUNNING/);
    const kept = await Deno.readTextFile(await place.runnerPath("kept", "live.json"));
    const pids = [JSON.parse(kept).process.pid, await pidOf(place, "live")];
    const forced = await place.run("harvest", "unlock", "live", "--force");
    assert.equal(forced.out, "Unlocked\n");
    // They would look at the lock within 20 seconds, and the stop waits for that.
    for (const pid of pids) Deno.kill(pid, "SIGKILL");
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
  }, { world: world() }));

Deno.test("a lock that was left by a killed harvester needs nobody: unlock is for the impatient", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    assert.equal(await place.ok("harvest", "unlock", "find"), "It was not locked.\n");
    await Deno.writeTextFile(
      place.path("twarc-cloud-data", "collections", "find", "lock.json"),
      "{}",
    );
    assert.equal((await place.run("collection", "once", "find")).code, 1);
    assert.equal(await place.ok("harvest", "unlock", "find"), "Unlocked\n");
    await place.ok("collection", "once", "find", "--wait");
  }, { world: world() }));

Deno.test("a downloaded collection is what is in the bucket, without lock, checkpoint and keys; strays are named", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.ok("collection", "once", "find", "--wait");
    const out = await place.ok("collection", "download", "find");
    assert.equal(out, "Collection downloaded to download/twarc-cloud-data/collections/find\n");
    const bucket = place.path("twarc-cloud-data", "collections", "find");
    const copy = place.path("download", "twarc-cloud-data", "collections", "find");
    const diff = async () => {
      const { stdout } = await new Deno.Command("diff", { args: ["-r", bucket, copy] }).output();
      return new TextDecoder().decode(stdout);
    };
    const { keys } = JSON.parse(await Deno.readTextFile(join(bucket, "collection.json")));
    assert.ok(keys.consumer_secret);
    const left = await Deno.readTextFile(join(copy, "collection.json"));
    assert.ok(!("keys" in JSON.parse(left)));
    assert.doesNotMatch(await diff(), /^>/m, "Nothing is in the copy that is not in the bucket");
    await place.ok("collection", "download", "find", "--with-keys");
    const only = /^Only in \S+twarc-cloud-data\/collections\/find: checkpoint\.json\n$/;
    assert.match(await diff(), only);

    await Deno.writeTextFile(join(bucket, "a:b\u001b[2J\\c"), "x");
    const { code, err } = await place.run("collection", "download", "find", "--clean");
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: One key of the bucket is not .* here: a:b\\u001b\[2J\\c \(it has a/m,
    );
    assert.match(err, /all others are downloaded\. Remove them from the bucket/);
  }, { world: world() }));

Deno.test("names and ids are added from arguments and files, each once", () =>
  inOneProcess(async (place) => {
    await place.ok("collection-config", "template", "user_timeline", "--id=tl");
    const env = {
      CONSUMER_KEY: place.sandbox.keys.consumer_key,
      CONSUMER_SECRET: place.sandbox.keys.consumer_secret,
      ACCESS_TOKEN: place.sandbox.keys.access_token,
      ACCESS_TOKEN_SECRET: place.sandbox.keys.access_token_secret,
    };
    const configured = await place.spawn(["configure", "--profile", "mine"], env).output();
    assert.equal(configured.code, 0);
    assert.doesNotMatch(new TextDecoder().decode(configured.stdout), /sandbox-(consumer|access)/);
    await place.ok("collection-config", "keys", "--profile", "mine");
    await Deno.writeTextFile(
      place.path("names.txt"),
      "\ufeff@ADA_QUILL_0\r\n\r\n# a comment\r\nada_quill_0\r\nnobody\r\n",
    );
    const out = await place.ok("collection-config", "screenname-files", "names.txt");
    assert.equal(
      out,
      "Getting users ids for screen names. This may take some time ...\n" +
        "Added screen names to collection.json.\nFollowing screen names where not found:\nnobody\n",
    );
    const [first = ""] = place.sandbox.world.users.keys();
    await place.ok("collection-config", "userids", "12", first, "12");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    assert.deepEqual(config.users, { "12": {}, [first]: { screen_name: "ada_quill_0" } });
  }, { world: world() }));
