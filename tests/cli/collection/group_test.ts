import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { inOneProcess, pidOf, type Place, until } from "../../e2e/program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };
const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

function world(): World {
  return World.create({ clock: systemClock, users: 2, tweetsPerUser: 5 });
}

/** Lets the API answer nothing, so that a search goes on until it is stopped. */
function stall(place: Place): void {
  place.sandbox.troubles.add({ kind: "stall", path: "search" });
}

Deno.test("collections are added and listed as in the documents", () =>
  inOneProcess(async (place) => {
    await Deno.mkdir(place.path("twarc-cloud-data"));
    assert.equal(await place.ok("collection", "list"), "No collections.\n");
    await place.writeJson("collection.json", { keys: place.sandbox.keys, ...SEARCH });
    assert.equal(
      await place.ok("collection", "add"),
      "Collection added.\nDon't forget to start or schedule the collection.\n",
    );
    await place.add(FILTER);
    assert.equal(await place.ok("collection", "list"), "Collections:\nfind\nlive\n");
    assert.deepEqual(JSON.parse(await place.ok("collection", "list", "--json")), ["find", "live"]);
  }));

Deno.test("a folder with a configuration whose name cannot be an id is named by what lists collections, and others are not", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const folder = place.path("twarc-cloud-data", "collections");
    for (const name of [".test", ".git"]) await Deno.mkdir(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/.git/config`, "");
    await Deno.writeTextFile(`${folder}/.DS_Store`, "");
    const calm = await place.run("collection", "list");
    assert.deepEqual([calm.out, calm.err], ["Collections:\nfind\n", ""]);
    await Deno.writeTextFile(`${folder}/.test/collection.json`, "{}");
    for (const command of ["list", "verify"]) {
      const { code, err } = await place.run("collection", command);
      assert.equal(code, 0);
      assert.match(err, /^Left out: "\.test" in collections\/, .*id\. Rename the folder/m);
    }
    const made = await place.run("collection-config", "template", "search", "--id", ".test");
    assert.equal(made.code, 1);
    assert.match(made.err, /may not begin with '\.'/);
  }));

Deno.test("a bucket that is not there is named with where it was looked for, by all but what makes one", () =>
  inOneProcess(async (place) => {
    for (
      const args of [
        ["collection", "list"],
        ["harvest", "list", "--bucket", "./twarc-cloud-data"],
        ["scheduler"],
      ]
    ) {
      const { code, out, err } = await place.run(...args);
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.ok(err.includes(`There is no bucket at ${place.path("twarc-cloud-data")}`), err);
    }
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    assert.equal(await place.ok("harvest", "list", "--json"), "[]\n");
    await place.writeJson("collection.json", { keys: place.sandbox.keys, ...SEARCH });
    await place.ok("collection", "add");
    assert.equal(await place.ok("collection", "list"), "Collections:\nfind\n");
  }));

Deno.test("a setting that is mistyped is pointed out, and any other that nobody knows is not", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await Deno.writeTextFile(
      place.path("twarc_cloud.ini"),
      "[DEFAULT]\nbukcet = ./x\nask_abve = 5\nfavourite_colour = red\n",
    );
    const { code, out, err } = await place.run("collection", "list");
    assert.deepEqual([code, out], [0, "Collections:\nfind\n"]);
    assert.equal(
      err,
      "bukcet in twarc_cloud.ini is no setting, and is ignored: is it bucket?\n" +
        "ask_abve in twarc_cloud.ini is no setting, and is ignored: is it ask_above?\n",
    );
  }));

Deno.test("a name that is a folder's too is pointed out", () =>
  inOneProcess(async (place) => {
    place.env.AWS_ENDPOINT_URL = "http://127.0.0.1:9";
    await Deno.mkdir(place.path("mydata"));
    const { err } = await place.run("collection", "list", "--bucket", "mydata");
    assert.match(err, /^mydata means a bucket of S3\. .*--bucket \.\/mydata$/m);
  }));

Deno.test("a name that is a file's too is pointed out, and that a bucket is a folder", () =>
  inOneProcess(async (place) => {
    place.env.AWS_ENDPOINT_URL = "http://127.0.0.1:9";
    await Deno.writeTextFile(place.path("data.txt"), "");
    const says =
      /^data\.txt means a bucket of S3\. The file data\.txt here is none: .*--bucket \.\/FOLDER$/m;
    for (const command of ["list", "verify"]) {
      const { code, err } = await place.run("collection", command, "--bucket", "data.txt");
      assert.notEqual(code, 0);
      assert.match(err, says);
    }
    const { err } = await place.run("collection", "list", "--bucket", "s3://data.txt");
    assert.doesNotMatch(err, says);
  }));

Deno.test("a command for another type of collection is refused, with the right one named", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.add(FILTER);
    const cases: [string[], RegExp][] = [
      [["once", "live"], /^Error: live is a filter collection\. .*collection filter-start live/],
      [["schedule", "live", "rate(1 day)"], /collection filter-start live/],
      [["filter-start", "find"], /^Error: find is a search collection\. .*collection once find/],
      [
        ["timeline-stop", "find"],
        /find is a search collection\. Stop it with: twarc-cloud collection stop --now find/,
      ],
    ];
    for (const [args, says] of cases) {
      const { code, err } = await place.run("collection", ...args);
      assert.equal(code, 1);
      assert.match(err, says);
    }
    assert.deepEqual(place.sandbox.requests, []);
  }));

Deno.test("a collection that is being harvested is not started again, and by whom is said", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    stall(place);
    assert.equal(await place.ok("collection", "once", "find"), "Started\n");
    const pid = await pidOf(place, "find");
    const { code, err } = await place.run("collection", "once", "find");
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^Error: Collection find is being harvested .*process ${pid}`));
    assert.equal(await place.ok("collection", "stop", "--now", "find"), "Stopped\n");
  }, { world: world() }));

Deno.test("Ctrl-C ends --wait and not the harvest: exit code 130, and how to stop it", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    stall(place);
    const child = place.spawn(["collection", "once", "find", "--wait"]);
    let err = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      if (err === "") child.kill("SIGINT");
      err += text;
    }
    assert.match(err, /^find: 0 tweets/);
    const { code } = await child.status;
    assert.deepEqual([code, await new Response(child.stdout).text()], [130, "Started\n"], err);
    assert.match(
      err,
      /The harvest continues\. Stop it with: twarc-cloud collection stop --now find\n$/,
    );
    assert.match(await place.ok("harvest", "list"), /^find => .* RUNNING\n$/);
    assert.deepEqual(JSON.parse(await place.ok("collection", "stop", "--now", "find", "--json")), {
      collection_id: "find",
      unscheduled: false,
      stopped: true,
      running: false,
    });
  }, { world: world() }));

Deno.test("who starts a collection of timelines without users, or asks what it costs, is told so", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "nobody", type: "user_timeline", users: {}, api: "2" });
    const says =
      /^nobody has no users, so that nothing is collected\. Add some: .*screennames NAME/m;
    const once = await place.run("collection", "once", "nobody", "--wait");
    assert.equal(once.code, 0);
    assert.match(once.err, says);
    const scheduled = await place.run("collection", "schedule", "nobody", "cron(0 10 * * ? *)");
    assert.match(scheduled.err, says);
    await place.ok("collection-config", "download", "nobody");
    assert.match(await place.ok("collection-config", "estimate"), /^ {2}It has no users yet\.$/m);
  }, { world: world() }));

Deno.test("a schedule whose first harvest cannot start is not made", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const args = ["collection", "schedule", "find", "rate(1 day)"];
    const { code, stdout, stderr } = await place.spawn(args, {
      TWARC_CLOUD_HOST: "192.0.2.1",
    }).output();
    assert.equal(code, 1);
    assert.equal(new TextDecoder().decode(stdout), "");
    assert.match(new TextDecoder().decode(stderr), /^Error: Port 0 cannot be opened/);
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
  }, { world: world() }));

Deno.test("a collection that is being harvested can be scheduled all the same", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    stall(place);
    await place.ok("collection", "once", "find");
    const { code, out, err } = await place.run("collection", "schedule", "find", "rate(1 day)");
    assert.deepEqual([code, out], [0, "Scheduled\n"]);
    assert.match(err, /find is already being harvested/);
    await place.ok("collection", "stop", "--now", "find");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
  }, { world: world() }));

Deno.test("where no harvester left anything there is nothing to recover, and nothing is begun", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const nothing = "There is nothing to recover on this machine.\n";
    assert.equal(await place.ok("collection", "recover", "live"), nothing);
    assert.deepEqual(JSON.parse(await place.ok("collection", "recover", "live", "--json")), {
      tweets: 0,
      harvest: null,
      left: [],
      living: [],
      is_searching: false,
    });
    assert.match(await place.ok("collection", "verify", "live"), /^live: intact\. 0 harvests/);
    const { code, err } = await place.run("collection", "recover", "nope");
    assert.equal(code, 1);
    assert.match(err, /^Error: There is no collection nope/);
  }));

Deno.test("--wait ends with 3 where the harvest was stopped before it was done, and says how it goes on", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    stall(place);
    const child = place.spawn(["collection", "once", "find", "--wait"]);
    const ended = child.output();
    const pid = await pidOf(place, "find");
    await until(() => Promise.resolve(place.sandbox.requests.length > 0));
    if (Deno.build.os === "windows") await place.ok("collection", "stop", "--now", "find");
    else Deno.kill(pid, "SIGTERM");
    const { code, stdout, stderr } = await ended;
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 3, err);
    assert.match(
      out ?? "",
      /^Started\nfind: stopped\. 0 tweets.*\nA stop was requested\nFiles are in \S+\n$/,
    );
    assert.match(
      err ?? "",
      /was stopped before it was done\. What was collected is safe.*collection once find/,
    );
  }, { world: world() }));
