import assert from "node:assert/strict";
import { relative, sep } from "node:path";
import { stateFolder } from "../../lib/base/folders.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { idsOf, inOneProcess, type Place, until } from "./program.ts";

const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };
const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };
const quiet = () => World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 });

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
}

/** Starts a filter harvest by the command for it, and stops it when it has a tweet. */
async function streamed(place: Place, ...flags: string[]): Promise<void> {
  await place.ok("collection", "filter-start", ...flags, "live");
  await until(() => Promise.resolve(place.sandbox.streams.size > 0));
  const posted = place.post(1);
  await until(async () => (await place.running("live")).tweets === 1);
  await place.ok("collection", "filter-stop", "live");
  assert.deepEqual(idsOf(await place.tweets("live")), posted);
}

Deno.test("a harvester that a command starts has its temporary files where --spool says", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    await streamed(place, "--spool", "mine");
    assert.match((await namesIn(place.path("mine"))).join(), /^[0-9a-f]{12}-live$/);
    assert.deepEqual(
      await namesIn(place.path("spool")),
      [],
      "what TWARC_CLOUD_SPOOL says is not made",
    );
  }, { world: quiet() }));

Deno.test("where nothing is said they are in the person's state folder, also where that is a link to another disk", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    await Deno.mkdir(place.path("disk"), { mode: 0o700 });
    // `.local/state/twarc-cloud`, on macOS `Library/Application Support/twarc-cloud`.
    const [first = "", ...below] = relative(place.folder, stateFolder(place)).split(sep);
    await Deno.symlink(place.path("disk"), place.path(first));
    place.env.TWARC_CLOUD_SPOOL = "";
    await streamed(place);
    const [name = ""] = await namesIn(place.path("disk", ...below, "spool"));
    assert.match(name, /^[0-9a-f]{12}-live$/);
    assert.deepEqual(await namesIn(place.path("disk", ...below, "spool", name)), []);
  }, { world: quiet() }));

Deno.test("a folder that others may write is refused before a harvester is started, in one line", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await Deno.mkdir(place.path("ours"));
    await Deno.chmod(place.path("ours"), 0o777);
    for (const command of [["collection", "once"], ["harvest", "run"]]) {
      const { code, err } = await place.run(...command, "--spool", "ours", "find");
      assert.equal(code, 1);
      assert.match(
        err,
        /^Error: The folder for temporary files, .*ours, cannot be used: .*--spool.*\n$/,
      );
    }
    assert.deepEqual(await place.harvests("find"), []);
  }));

Deno.test("--spool without a folder is wrong usage, and for harvesters of ECS it is not meant", () =>
  inOneProcess(async (place) => {
    const empty = await place.run("harvest", "run", "--spool", "", "find");
    assert.deepEqual([empty.code, /--spool.*It is empty/.test(empty.err)], [2, true], empty.err);
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\ncluster = c\n");
    const aws = await place.run("collection", "once", "--bucket", "name", "--spool", "x", "find");
    assert.equal(aws.code, 1);
    assert.match(
      aws.err,
      /^Error: --spool is for harvesters of this machine, .* run on AWS\..*\n$/,
    );
  }));
