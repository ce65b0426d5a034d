import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { NEEDS } from "../../lib/cli/permissions.ts";
import { runsHere } from "../fakes/other_processes.ts";
import { inOneProcess, inPlace, type Place, until } from "./program.ts";

// Deno lets no program look at devices that may not do everything.
const hasFull = await runsHere("test", ["-e", "/dev/full"]);

/** Runs a command whose output goes where a shell says. */
async function redirected(place: Place, where: string, ...args: string[]) {
  const { code, stdout, stderr } = await place.spawn(args, {}, `exec ${where}`).output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test(
  "output that cannot be written is one line, and the exit code that belongs to it; never a stack",
  { ignore: !hasFull },
  () =>
    inPlace(async (place) => {
      await Deno.mkdir(place.path("twarc-cloud-data"));
      for (
        const args of [["collection", "list"], ["--help"], ["collection", "scheduled", "--json"]]
      ) {
        const { code, said } = await redirected(place, "> /dev/full", ...args);
        assert.equal(code, 1, said);
        assert.match(said, /^Error: Standard output cannot be written: No space left .*\n$/);
      }
    }),
);

Deno.test(
  "an error that cannot be shown keeps its exit code",
  { ignore: !hasFull },
  () =>
    inPlace(async (place) => {
      for (const [code, args] of [[2, ["nonsense"]], [1, ["harvest", "last", "none"]]] as const) {
        for (const where of ["2> /dev/full", "> /dev/full 2>&1"]) {
          assert.deepEqual(await redirected(place, where, ...args), { code, said: "" });
        }
      }
    }),
);

Deno.test(
  "a harvest whose log cannot be written goes on",
  { ignore: !hasFull },
  () =>
    inPlace(async (place) => {
      await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
      const args = ["harvest", "run", "--shutdown", "find"];
      assert.equal((await redirected(place, "2> /dev/full", ...args)).code, 0);
      assert.ok((await place.tweets("find")).length > 0);
    }),
);

Deno.test(
  "a scheduler whose reports cannot be written goes on",
  { ignore: !hasFull },
  () =>
    inPlace(async (place) => {
      await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
      const folder = await place.runnerPath("schedules");
      await Deno.mkdir(folder, { recursive: true });
      // As if it had been due an hour ago, once more after each run.
      const make = async () => {
        const last_due = new Date(Date.now() - 3_600_000).toISOString();
        const document = { collection_id: "find", expression: "rate(1 minute)", last_due };
        await Deno.writeTextFile(`${folder}/find.json`, JSON.stringify(document));
      };
      await make();
      const scheduler = place.spawn(["scheduler"], {}, "exec > /dev/full 2>&1");
      const ended = () => place.object("find/lock.json").then(() => false, () => true);
      for (const harvests of [1, 2]) {
        await until(async () =>
          (await place.harvests("find")).length === harvests && await ended()
        );
        if (harvests === 1) await make();
      }
      scheduler.kill("SIGTERM");
      assert.equal((await scheduler.output()).code, 0);
    }),
);

/** Starts a program whose output goes into a pipe that does not wait for its reader, reads once that is full, and prints what came. */
const SLOW_READER = `
import array, fcntl, os, subprocess, sys, termios, time
r, w = os.pipe()
os.set_blocking(w, False)
program = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
held = array.array("i", [0])
while program.poll() is None and held[0] < 30000:
    time.sleep(0.01)
    fcntl.ioctl(r, termios.FIONREAD, held)
time.sleep(0.05)
while True:
    came = os.read(r, 65536)
    if not came: break
    sys.stdout.buffer.write(came)
    time.sleep(0.002)
sys.exit(program.wait())
`;

Deno.test("a pipe that does not wait for its reader gets all of the output, each byte once", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.harvest("find");
    // Short lines, ones that a pipe takes in parts, and one that has no end.
    for (const command of ["dehydrate", "cat", "stats --json"]) {
      const args = ["collection", ...command.split(" "), "find"];
      const all = await place.ok(...args);
      place.by = ["python3", "-c", SLOW_READER];
      const came = await place.ok(...args);
      place.by = [];
      assert.equal(came.length, all.length, command);
      assert.ok(came === all, command);
    }
  }, { world: World.create({ clock: systemClock, users: 8, tweetsPerUser: 625 }) }));

/** Starts a program whose standard output nobody reads. */
const UNREAD = `
import os, subprocess, sys
r, w = os.pipe()
program = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(r)
os.close(w)
sys.exit(program.wait())
`;

Deno.test("what nobody reads to its end is no success: one line, and exit code 1", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find", "--wait");
    place.by = ["python3", "-c", UNREAD];
    for (
      const args of [
        ["collection", "list", "--json"],
        ["collection", "dehydrate", "find"],
        ["harvest", "logs", "find", "--follow"],
      ]
    ) {
      const { code, err } = await place.run(...args);
      assert.equal(code, 1, args.join(" "));
      assert.match(err, /^Error: Standard output was closed before all output was written\. .*\n$/);
    }
  }));

/** Every command, in an order in which each has something to say, but for those below. */
const COMMANDS: string[][] = [
  ["help"],
  ["collection-config", "download", "find"],
  ["collection-config", "update"],
  ["collection-config", "estimate"],
  ["collection-config", "changes", "find"],
  ["collection-config", "changes", "find", "--json"],
  ["collection-config", "template", "user_timeline", "--id=other", "--yes"],
  ["collection-config", "screennames", "someone"],
  ["collection-config", "userids", "12"],
  ["bucket", "show"],
  ["collection", "list"],
  ["collection", "list", "--json"],
  ["collection", "once", "find"],
  ["collection", "download", "find"],
  ["collection", "download", "find", "--harvest", "last", "--no-tweets"],
  ["collection", "dehydrate", "find"],
  ["collection", "cat", "find"],
  ["collection", "export", "find", "--output", "-"],
  ["collection", "stats", "find"],
  ["collection", "report", "find"],
  ["collection", "verify", "find"],
  ["collection", "verify", "find", "--json"],
  ["collection", "recover", "find"],
  ["collection", "gaps", "find"],
  ["collection", "coverage", "find"],
  ["collection", "names", "find"],
  ["collection", "schedule", "find", "rate(7 days)"],
  ["collection", "scheduled"],
  ["collection", "scheduled", "--json"],
  ["collection", "stop", "find"],
  ["harvest", "list"],
  ["collection", "filter-start", "stream"],
  ["harvest", "list", "--json"],
  ["harvest", "running", "stream"],
  ["collection", "filter-stop", "stream"],
  ["harvest", "last", "find"],
  ["harvest", "last", "find", "--json"],
  ["harvest", "logs", "find"],
];

/** Commands of which this says nothing: they ask a person, run until stopped, or are tried above or elsewhere. */
const OTHERS = [
  "bucket has-moved",
  "bucket is-copy",
  "collection add",
  "collection compliance",
  "collection copy",
  "collection freeze",
  "collection hydrate",
  "collection keys",
  "collection move",
  "collection redact-keys",
  "collection rename",
  "collection unfreeze",
  "collection-config keys",
  "collection-config screenname-files",
  "collection-config split",
  "collection-config userid-files",
  "configure",
  "demo",
  "harvest keep",
  "harvest run",
  "harvest unlock",
  "install",
  "sandbox",
  "scheduler",
];

Deno.test("no command takes what it could not print for printed", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find", "--wait");
    await place.add({ id: "stream", type: "filter", filter: { track: "sandbox" } });
    for (const args of COMMANDS) {
      const { code, out, err } = await place.runFull(0, ...args);
      const what = `${args.join(" ")}: ${code} ${out}${err}`;
      assert.equal(code, 1, what);
      assert.equal(err.match(/^Error: /gm)?.length, 1, what);
      assert.match(err, /^Error: Standard output is full\.$/m, what);
    }
    const names = COMMANDS.map((args) => {
      return Object.keys(NEEDS).findLast((name) => `${args.join(" ")} `.startsWith(`${name} `));
    });
    const left = new Set(Object.keys(NEEDS)).difference(new Set(names));
    assert.deepEqual([...left].toSorted(), OTHERS, "A command is here, or among the others");
  }));
