import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { inOneProcess, inPlace, type Place, type Ran } from "../../e2e/program.ts";
import { shipped } from "../../shipped.ts";

/** Users 0 to 29: the tenth is protected, the twentieth suspended, the thirtieth gone. */
function world(): World {
  return World.create({ clock: systemClock, users: 30, tweetsPerUser: 1 });
}

function nameOf(place: Place, n: number): string {
  return [...place.sandbox.world.users.values()][n]?.screenName ?? "";
}

function idOf(place: Place, n: number): string {
  return [...place.sandbox.world.users.keys()][n] ?? "";
}

async function configOf(place: Place): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(place.path("collection.json")));
}

async function writeTimelines(place: Place, users: Record<string, unknown> = {}): Promise<void> {
  const config = { id: "tl", keys: place.sandbox.keys, type: "user_timeline", users };
  await place.writeJson("collection.json", config);
}

/** Runs a command with something to read on standard input. */
async function runWith(place: Place, input: string, args: string[]): Promise<Ran> {
  const [command = "", ...before] = shipped();
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    cwd: place.folder,
    clearEnv: true,
    env: place.env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("a template is written as in the documents, and over another only when that is wanted", () =>
  inOneProcess(async (place) => {
    const args = [
      "collection-config",
      "template",
      "user_timeline",
      "--id=test_collection",
      "--api=1.1",
    ];
    assert.equal(
      await place.ok(...args),
      "Template written to collection.json.\nAdd the collection before adding users to collect.\n",
    );
    assert.deepEqual(await configOf(place), {
      id: "test_collection",
      keys: {
        consumer_key: "<Your Twitter API consumer key>",
        consumer_secret: "<Your Twitter API consumer secret>",
        access_token: "<Your Twitter API access token>",
        access_token_secret: "<Your Twitter API access token secret>",
      },
      type: "user_timeline",
      users: {},
      delete_users_for: ["protected", "suspended", "not_found"],
      protected:
        '<Optional. "collect" to collect what protected accounts write, as far as the keys\' owner may read it.>',
    });
    const again = await place.run("collection-config", "template", "filter");
    assert.equal(again.code, 1);
    assert.match(again.err, /^Error: collection\.json already exists\. .*--yes/);
    assert.equal((await configOf(place)).type, "user_timeline");
    assert.equal(
      await place.ok("collection-config", "template", "filter", "--yes"),
      "Template written to collection.json.\n",
    );
    assert.equal((await configOf(place)).type, "filter");
  }));

Deno.test("keys are put where older ones were, told by the name of the command, and all else stays", () =>
  inOneProcess(async (place) => {
    const keys = { consumer_key: "1", consumer_secret: "2" };
    const user = { access_token: "3", access_token_secret: "4" };
    await Deno.writeTextFile(
      place.path(".twarc"),
      "[main]\nconsumer_key = 1\nconsumer_secret = 2\naccess_token = 3\naccess_token_secret = 4\n",
    );
    const before = { zebra: [1, { a: null }], id: "find", credentials: {}, type: "search" };
    await place.writeJson("collection.json", before);
    assert.equal(
      await place.ok("collection-config", "credentials"),
      "Added credentials to collection.json.\n",
    );
    assert.deepEqual(Object.entries(await configOf(place)), [
      ["zebra", [1, { a: null }]],
      ["id", "find"],
      ["credentials", { ...keys, ...user }],
      ["type", "search"],
    ]);
    await place.writeJson("collection.json", { id: "find", type: "search" });
    assert.equal(await place.ok("collection-config", "keys"), "Added keys to collection.json.\n");
    assert.deepEqual((await configOf(place)).keys, { ...keys, ...user });
  }));

Deno.test("keys that a collection's stream does not take are refused, and the file stays as it is", () =>
  inOneProcess(async (place) => {
    await Deno.writeTextFile(place.path(".twarc"), "[app]\nconsumer_key=1\nconsumer_secret=2\n");
    const filter = { id: "live", type: "filter", filter: { track: "x" } };
    await place.writeJson("collection.json", filter);
    const { code, err } = await place.run("collection-config", "keys");
    assert.equal(code, 1);
    assert.match(err, /Missing access_token\. The stream of version 1\.1 takes the four keys/);
    assert.match(
      err,
      /by a login with `twarc-cloud configure`, then .*`twarc-cloud collection-config keys`\.$/m,
    );
    assert.deepEqual(await configOf(place), filter);
    await place.writeJson("collection.json", { ...filter, api: "2" });
    await place.ok("collection-config", "keys");
    assert.match(await place.ok("collection-config", "keys", "--profile"), /^app {2}\S+\.twarc/);
  }));

Deno.test("screen names are looked up, and those that were not found, or are suspended, are named apart", () =>
  inOneProcess(async (place) => {
    const kept = { screen_name: "an_old_name", since_id: "7", note: "mine" };
    await writeTimelines(place, { [idOf(place, 1)]: kept });
    const [first, second] = [nameOf(place, 0), nameOf(place, 1)];
    const names = [`@${first.toUpperCase()}`, first, second, nameOf(place, 19), "not_anybody"];
    assert.equal(
      await place.ok("collection-config", "screennames", ...names),
      "Getting users ids for screen names. This may take some time ...\n" +
        "Added screen names to collection.json.\n" +
        "Following screen names where not found:\nnot_anybody\n" +
        `Following screen names are suspended:\n${nameOf(place, 19)}\n`,
    );
    assert.deepEqual((await configOf(place)).users, {
      [idOf(place, 0)]: { screen_name: first },
      [idOf(place, 1)]: kept,
    });
  }, { world: world() }));

Deno.test("names and ids come from standard input too", () =>
  inOneProcess(async (place) => {
    await writeTimelines(place);
    const names = `\ufeff# ours\r\n\r\n  @${nameOf(place, 0)}  # a note\r\n\t# more #\r\n`;
    for (const files of [[], ["-"]]) {
      const ran = await runWith(place, names, ["collection-config", "screenname-files", ...files]);
      assert.equal(ran.code, 0, ran.err);
      assert.deepEqual((await configOf(place)).users, {
        [idOf(place, 0)]: { screen_name: nameOf(place, 0) },
      });
    }
    const ran = await runWith(place, "12\t# a note\n", [
      "collection-config",
      "userid-filenames",
      "-",
    ]);
    assert.equal(ran.out, "Added user ids to collection.json.\n");
    assert.deepEqual(Object.keys(Object((await configOf(place)).users)), ["12", idOf(place, 0)]);
    const joined = await runWith(place, "12#3\n", ["collection-config", "userid-files"]);
    assert.match(joined.err, /^standard input, line 1: "12#3" is not an id/);
    const none = await runWith(place, "\n#\n", ["collection-config", "userid-files"]);
    assert.equal(none.code, 1);
    assert.match(none.err, /^Error: Standard input has no names/);
  }, { world: world() }));

Deno.test("nobody is looked up for a collection that has no users, or with names that cannot be", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", {
      id: "find",
      keys: place.sandbox.keys,
      type: "search",
    });
    const search = await place.run("collection-config", "screennames", "jack");
    assert.deepEqual([search.code, search.out], [1, ""]);
    assert.match(search.err, /^Error: collection\.json is not a user_timeline collection/);
    await writeTimelines(place);
    const wrong = await place.run("collection-config", "screennames", "jack", "not-a-name");
    assert.deepEqual([wrong.code, wrong.out], [1, ""]);
    assert.match(wrong.err, /"not-a-name" cannot be a screen name/);
    assert.deepEqual(place.sandbox.requests, []);
  }, { world: world() }));

Deno.test("changes are told as in the documents, with secrets as fingerprints, or only what was deleted", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: { "12": { screen_name: "jack" } } });
    const config = await configOf(place);
    await place.writeJson("collection.json", { ...config, users: { "13": {} } });
    assert.equal(
      await place.ok("collection-config", "update"),
      "Collection configuration updated.\n",
    );
    const told = await place.ok("collection-config", "changes", "tl");
    assert.match(
      told,
      /^users -> 12 -> screen_name changed from None to jack on \d{4}-\d\d-\d\dT/m,
    );
    assert.match(told, /^keys -> consumer_key changed from None to \S+ on /m);
    assert.doesNotMatch(told, /sandbox-(consumer|access)/);
    const deleted = await place.ok("collection-config", "changes", "tl", "--deletes-only");
    assert.match(deleted, /^users -> 12 .*deleted/m);
    assert.doesNotMatch(deleted, /changed from/);
    assert.ok(
      Array.isArray(JSON.parse(await place.ok("collection-config", "changes", "tl", "--json"))),
    );
  }));

Deno.test("a template is for version 2 unless another is asked for", () =>
  inOneProcess(async (place) => {
    await place.ok("collection-config", "template", "search", "--id=x");
    assert.equal((await configOf(place) as { api?: string }).api, "2");
  }));

Deno.test("a query with signs that only look right is added and updated with a warning", () =>
  inOneProcess(async (place) => {
    const query = "\u201ca b\u201d";
    await place.writeJson("collection.json", {
      id: "s",
      keys: place.sandbox.keys,
      api: "2",
      type: "search",
      search: { query },
    });
    const added = await place.run("collection", "add");
    assert.equal(added.code, 0, added.err);
    assert.match(added.err, /search\.query has curly quotes/);
    const config = await configOf(place);
    await place.writeJson("collection.json", { ...config, search: { query: "a\u00a0b" } });
    const updated = await place.run("collection-config", "update");
    assert.match(updated.err, /search\.query has a non-breaking space/);
  }));

const UPDATE = ["collection-config", "update"];
const NO_CHANGES = "No changes in collection configuration.\n";

Deno.test("a command that was killed before it wrote the timestamp into the file is ended by running it again", () =>
  inOneProcess(async (place) => {
    await writeTimelines(place, { "12": {} });
    const file = await configOf(place);
    await place.ok("collection", "add");
    await place.writeJson("collection.json", file);
    assert.match(await place.ok("collection", "add"), /^Collection added\./);
    assert.deepEqual(await configOf(place), await place.object("tl/collection.json"));
    const edited = { ...await configOf(place), users: { "12": {}, "13": {} } };
    await place.writeJson("collection.json", edited);
    await place.ok(...UPDATE);
    await place.writeJson("collection.json", edited);
    const again = await place.run(...UPDATE);
    assert.deepEqual({ code: again.code, out: again.out }, { code: 0, out: NO_CHANGES });
    assert.match(again.err, /collection\.json now matches the bucket/);
    assert.deepEqual(await configOf(place), await place.object("tl/collection.json"));
    await place.writeJson("collection.json", { ...await configOf(place), users: {} });
    assert.equal(await place.ok(...UPDATE), "Collection configuration updated.\n");
  }));

Deno.test("after an update it is said how a stream uses it: by its start, or by a stop and a start", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection-config", "download", "live");
    const track = async (words: string) =>
      await place.writeJson("collection.json", {
        ...await configOf(place),
        filter: { track: words },
      });
    await track("sandbox,marmot");
    const first = await place.run(...UPDATE);
    assert.equal(
      first.err,
      "Its next harvest uses the new configuration.\nStart it with: twarc-cloud collection filter-start live\n",
    );
    await place.ok("collection", "filter-start", "live");
    await track("sandbox");
    const running = await place.run(...UPDATE);
    assert.equal(
      running.err,
      "Stop and start the collection for the changes to go into effect:\n" +
        "  twarc-cloud collection filter-stop live\n  twarc-cloud collection filter-start live\n",
    );
    await place.ok("collection", "filter-stop", "live");
  }));

Deno.test("an update without changes says so and is done, by an older file and by one without a timestamp too", () =>
  inOneProcess(async (place) => {
    await writeTimelines(place, { "12": {} });
    const untimed = await configOf(place);
    await place.ok("collection", "add");
    const added = await configOf(place);
    const quiet = await place.run(...UPDATE);
    assert.deepEqual(quiet, { code: 0, out: NO_CHANGES, err: "" });
    await place.writeJson("other.json", { ...added, users: { "12": {}, "13": {} } });
    await place.ok(...UPDATE, "--collection-config-filepath", "other.json");
    const newest = await place.object("tl/collection.json");
    for (const file of [added, { ...untimed, users: { "12": {}, "13": {} } }]) {
      await place.writeJson("collection.json", file);
      assert.equal(await place.ok(...UPDATE), NO_CHANGES);
      assert.deepEqual(await configOf(place), newest);
    }
    const changes = JSON.parse(await place.ok("collection-config", "changes", "tl", "--json"));
    assert.equal(changes.length, 2);
    await place.writeJson("collection.json", { ...untimed, users: { "14": {} } });
    const { code, err } = await place.run(...UPDATE);
    assert.equal(code, 1);
    assert.match(err, /It is not known what this file was made from: it has no timestamp/);
  }));

Deno.test("an answer can be piped into update, and changesets be kept in a folder", () =>
  inPlace(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "a" } });
    const { timestamp: _, ...mine } = JSON.parse(
      await Deno.readTextFile(place.path("collection.json")),
    );
    await place.writeJson("collection.json", { ...mine, search: { query: "b" } });
    const update = async (answer: string) => {
      const before = `echo ${answer} > answer; exec < answer`;
      const { code, stdout, stderr } = await place.spawn(
        ["collection-config", "update"],
        {},
        before,
      )
        .output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, out, err };
    };
    const refused = await update("n");
    assert.deepEqual([refused.code, refused.out], [0, ""]);
    assert.match(refused.err ?? "", /Proceed\? n\nCancelling\n$/);
    const { code, out } = await update("y");
    assert.deepEqual([code, out], [0, "Collection configuration updated.\n"]);
    const changes = await place.ok("collection-config", "changes", "find", "--temp", "temp");
    assert.match(changes, /search -> query changed from a to b on /);
    const kept = await Array.fromAsync(Deno.readDir(place.path("temp", "find", "changesets")));
    assert.equal(kept.length, 2);
    const to = place.path("here");
    const line = await place.ok("collection", "download", "find", "--collection-path", to);
    assert.equal(line, `Collection downloaded to ${to}\n`);
    await Deno.stat(place.path("here", "collection.json"));
  }));

Deno.test("one change that is damaged does not end changes: the others are shown, and it is named", () =>
  inOneProcess(async (place) => {
    const search = { query: "sandbox" };
    await place.add({ id: "find", type: "search", search });
    const folder = place.path("twarc-cloud-data/collections/find/changesets");
    await Deno.writeTextFile(`${folder}/change-20200102030405.json`, '{"update":');
    for (const flags of [[], ["--json"]]) {
      const { code, out, err } = await place.run("collection-config", "changes", "find", ...flags);
      assert.equal(code, 1);
      assert.match(out, /sandbox/);
      assert.match(err, /A change cannot be shown: .*change-20200102030405\.json is not JSON/);
      assert.match(err, /twarc-cloud collection verify find/);
    }
  }));
