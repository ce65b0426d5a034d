import assert from "node:assert/strict";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { openStore } from "../../lib/store/open.ts";
import { inOneProcess, inPlace, pidOf, type Place } from "./program.ts";
import { isPrivate } from "../fakes/folder.ts";

const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};
const SEARCH = { id: "find", type: "search", keys: KEYS, search: { query: "x" } };

/** Every file below a place, with its content. */
async function snapshot(place: Place): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  async function walk(folder: string) {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await walk(path);
      else files.set(path, await Deno.readTextFile(path));
    }
  }
  await walk(place.folder);
  return files;
}

/** Runs a command that is refused: one line, the right exit code, no stack, and nothing changed. */
async function refused(
  place: Place,
  args: string[],
  { code = 1, says }: { code?: number; says: RegExp },
) {
  const before = await snapshot(place);
  const ran = await place.run(...args);
  assert.equal(ran.code, code, `${args.join(" ")}: ${ran.out}${ran.err}`);
  assert.match(ran.err, says);
  assert.doesNotMatch(ran.err, /\n\s+at /);
  if (code === 1) assert.equal(ran.err.trimEnd().split("\n").length, 1, ran.err);
  assert.deepEqual(await snapshot(place), before);
}

Deno.test("a collection that is not there is named, with the command that lists those that are", () =>
  inOneProcess(async (place) => {
    await Deno.mkdir(place.path("twarc-cloud-data"));
    const says = /^Error: There is no collection nope in bucket .*collection list/;
    for (
      const args of [
        ["collection", "once", "nope"],
        ["collection", "schedule", "nope", "rate(1 day)"],
        ["collection", "stop", "nope"],
        ["collection", "filter-start", "nope"],
        ["collection", "download", "nope"],
        ["collection-config", "download", "nope"],
        ["collection-config", "changes", "nope"],
        ["harvest", "run", "nope"],
        ["harvest", "last", "nope"],
        ["harvest", "running", "nope"],
        ["harvest", "unlock", "nope"],
        ["harvest", "logs", "nope"],
      ]
    ) await refused(place, args, { says });
  }));

Deno.test("an id that cannot be one is refused before anything is looked for", () =>
  inOneProcess(async (place) => {
    await Deno.mkdir(place.path("twarc-cloud-data"));
    for (const id of ["a b", "../x", "a/b", ".hidden", "", "x".repeat(201)]) {
      const isOld = id === "a b";
      await refused(place, ["collection", "once", id], {
        says: isOld ? /There is no collection a b/ : /cannot be a collection's id/,
      });
      await refused(place, ["collection-config", "template", "search", "--id", id], {
        says: /cannot be/,
      });
      await place.writeJson("collection.json", { ...SEARCH, id });
      await refused(place, ["collection", "add"], { says: /Id (is|may|contains)/ });
      await Deno.remove(place.path("collection.json"));
    }
  }));

Deno.test("no new collection gets an id that commands take for an option", () =>
  inOneProcess(async (place) => {
    const says = /Id may not begin with '-'/;
    await refused(place, ["collection-config", "template", "search", "--id=-x"], { says });
    await place.writeJson("collection.json", { ...SEARCH, id: "-x" });
    await refused(place, ["collection", "add"], { says });
    await Deno.writeTextFile(place.path("ids.txt"), "1\n");
    await refused(place, ["collection", "hydrate", "ids.txt", "--id=-x"], { says });
    await Deno.writeTextFile(place.path("-ids.txt"), "1\n");
    await refused(place, ["collection", "hydrate", "--", "-ids.txt"], { says: /no keys in/ });
  }));

Deno.test("a collection that has an id which begins with - works as any other, behind --", () =>
  inOneProcess(async (place) => {
    const store = await openStore(parseBucket(place.path("twarc-cloud-data")));
    const config = { ...SEARCH, id: "-x", keys: place.sandbox.keys, search: { query: "sandbox" } };
    await store.put("collections/-x/collection.json", jsonBytes(config));
    await place.ok("collection", "once", "--wait", "--", "-x");
    const { tweets } = JSON.parse(await place.ok("harvest", "last", "--json", "--", "-x"));
    assert.ok(tweets > 0);
    assert.match(await place.ok("collection", "verify", "--", "-x"), /^-x: intact/);
    const { err } = await place.run("harvest", "running", "--", "-x");
    assert.match(err, /See the last one with: twarc-cloud harvest last -- -x$/m);
    await place.ok("collection-config", "download", "--", "-x");
    await place.writeJson("collection.json", { ...config, search: { query: "other" } });
    await place.ok("collection-config", "update", "--yes");
    assert.match(await place.ok("collection-config", "changes", "--", "-x"), /to other on/);
  }));

Deno.test("malformed JSON is told with its line and column", () =>
  inOneProcess(async (place) => {
    await Deno.writeTextFile(
      place.path("collection.json"),
      '{\n  "id": "x",\n  "type" "search"\n}\n',
    );
    await refused(place, ["collection", "add"], {
      says: /^Error: collection\.json is not JSON: line 3, column 10: /,
    });
    await Deno.writeTextFile(place.path("collection.json"), '{\n  "id": "x",\n');
    await refused(place, ["collection", "add"], {
      says: /collection\.json is not JSON: line 3, column 1: /,
    });
  }));

Deno.test("a configuration is refused with every reason at once", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", { id: "a b", type: "search", search: {} });
    await refused(place, ["collection", "add"], {
      says: /Id contains spaces\..*Missing keys\..*Query must be provided\./,
    });
    await place.writeJson("collection.json", { ...SEARCH, type: "stream" });
    await refused(place, ["collection", "add"], { says: /Unrecognized collection type/ });
    await place.ok("collection-config", "template", "filter", "--id=f", "--api=1.1", "--yes");
    await refused(place, ["collection", "add"], {
      says: /Missing consumer_key.*Must provide track, follow, or locations/,
    });
  }));

Deno.test("files that are missing, empty or unreadable are named", () =>
  inOneProcess(async (place) => {
    await refused(place, ["collection", "add"], {
      says: /File collection\.json does not exist\. Create it with/,
    });
    await place.writeJson("collection.json", {
      id: "tl",
      type: "user_timeline",
      keys: KEYS,
      users: {},
    });
    await refused(place, ["collection-config", "userid-files", "none.txt"], {
      says: /File none\.txt does not exist/,
    });
    await Deno.writeTextFile(place.path("empty.txt"), "\n# nobody\n\n");
    await refused(place, ["collection-config", "userid-files", "empty.txt"], {
      says: /empty\.txt has no names/,
    });
    await refused(place, ["collection-config", "screenname-files", "empty.txt"], {
      says: /empty\.txt has no names/,
    });
    await refused(place, ["collection-config", "userids", "12", "x1"], {
      says: /"x1" is not an id/,
    });
    await refused(place, ["collection-config", "screennames", "a b"], {
      says: /cannot be a screen name/,
    });
    await refused(place, ["collection-config", "keys"], {
      says: /no keys in .*twarc-cloud configure/,
    });
    await Deno.mkdir(place.path("folder.txt"));
    await refused(place, ["collection-config", "userid-files", "folder.txt"], {
      says: /folder\.txt cannot be read/,
    });
  }));

Deno.test("users are for timelines only, and wrong keys are the person's to mend", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await refused(place, ["collection-config", "userids", "12"], {
      says: /not a user_timeline collection/,
    });
    await place.writeJson("collection.json", {
      id: "tl",
      type: "user_timeline",
      keys: KEYS,
      users: {},
    });
    await refused(place, ["collection-config", "screennames", "jack"], {
      says: /answered .* with 401: .*configure/,
    });
  }));

Deno.test("a harvest with wrong keys fails at once with the reason", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    for (
      const args of [["harvest", "run", "--shutdown", "find"], [
        "collection",
        "once",
        "find",
        "--wait",
      ]]
    ) {
      const { code, err } = await place.run(...args);
      assert.equal(code, 1);
      assert.match(
        err,
        /Error: The API answered 1\.1\/search\/tweets\.json with 401: .*twarc-cloud configure/,
      );
    }
    assert.match(
      await place.ok("harvest", "last", "find"),
      /^The last harvest of find failed: The API answered/,
    );
  }));

Deno.test("a second add and a changed type are refused", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    await refused(place, ["collection", "add"], { says: /Collection find already exists in/ });
    const config = { ...SEARCH, type: "filter", filter: { track: "x" } };
    await place.writeJson("collection.json", config);
    await refused(place, ["collection-config", "update"], { says: /type may not change/ });
  }));

Deno.test("an update by an older file asks first, and without a terminal says how to go on", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    await place.writeJson("mine.json", { ...SEARCH, search: { query: "mine" } });
    const args = ["collection-config", "update", "--collection-config-filepath", "mine.json"];
    const ran = await place.run(...args);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /There is a new collection configuration file/);
    assert.match(ran.err, /"query": "mine"/);
    assert.match(ran.err, /--yes/);
    assert.equal((await place.object("find/collection.json") as typeof SEARCH).search.query, "x");
    await place.ok(...args, "--yes");
    assert.equal(
      (await place.object("find/collection.json") as typeof SEARCH).search.query,
      "mine",
    );
  }));

Deno.test("schedules that do not parse are refused with an example", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    for (
      const schedule of [
        "7 days",
        "rate(7 day)",
        "rate(0 days)",
        "cron(0 10 * * *)",
        "cron(0 25 * * ? *)",
      ]
    ) {
      await refused(place, ["collection", "schedule", "find", schedule], {
        says: /is not a valid schedule: .*Examples/,
      });
    }
  }));

Deno.test("a bucket folder that cannot be used is named", () =>
  inOneProcess(async (place) => {
    await Deno.writeTextFile(place.path("file"), "");
    await place.writeJson("collection.json", SEARCH);
    await refused(place, ["collection", "add", "--bucket", "./file"], {
      says: /Bucket \.\/file is a file, not a folder/,
    });
    await refused(place, ["collection", "list", "--bucket", "./file"], {
      says: /Bucket \.\/file is a file, not a folder/,
    });
  }));

Deno.test("a port in use is named, with the way out", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    const { port } = place.sandbox.url;
    await refused(place, ["sandbox", "--port", port], {
      says: new RegExp(`Port ${port} cannot be opened`),
    });
    await refused(place, ["harvest", "run", "--port", port, "find"], { says: /--port 0/ });
  }));

Deno.test("wrong usage exits with 2 and says what is known", () =>
  inOneProcess(async (place) => {
    const cases: [string[], RegExp][] = [
      [["colection"], /unknown command 'colection'/],
      [["collection", "once"], /missing required argument 'collection-id'/],
      [["collection", "list", "--buckets", "x"], /unknown option '--buckets'/],
      [["harvest", "run", "--flush-secs", "soon", "x"], /whole number/],
      [["collection", "filter-start", "--hours-per-harvest", "-1", "x"], /whole number/],
      [["harvest", "run", "--tweets-per-file", "0", "x"], /1 or more/],
      [
        ["collection-config", "template", "stream"],
        /Allowed choices are user_timeline, filter, search/,
      ],
      [["sandbox", "--trouble", "503"], /is not a valid trouble/],
    ];
    for (const [args, says] of cases) await refused(place, args, { code: 2, says });
    const { code, out } = await place.run("collection");
    assert.equal(code, 2);
    assert.match(out, /Usage: twarc-cloud collection/);
  }));

Deno.test("an address of the API that is none is refused", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", SEARCH);
    await place.ok("collection", "add");
    const { code, stderr } = await place.spawn(["harvest", "run", "--shutdown", "find"], {
      TWITTER_API_URL: "localhost",
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /TWITTER_API_URL is "localhost", which is not a valid address/,
    );
  }));

Deno.test("a port of the environment that is none is refused", () =>
  inOneProcess(async (place) => {
    const { code, stderr } = await place.spawn(["harvest", "run", "x"], {
      TWARC_CLOUD_PORT: "http",
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /^Error: TWARC_CLOUD_PORT is "http", which is not a port/,
    );
  }));

Deno.test("no secret is ever in what is written for others", () =>
  inOneProcess(async (place) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find", "--wait");
    for (const [path, text] of await snapshot(place)) {
      if (
        path.endsWith("/find/collection.json") || path.endsWith(`${place.folder}/collection.json`)
      ) continue;
      assert.doesNotMatch(text, /sandbox-(consumer|access)/, path);
    }
    assert.doesNotMatch(
      await place.ok("collection-config", "changes", "find", "--json"),
      /sandbox-consumer/,
    );
    assert.ok(await isPrivate(place.path("collection.json")));
  }));

/** What a small disk that is full of something has; null where none can be mounted. */
async function mounted(options: string): Promise<string | null> {
  const mount = await Deno.makeTempDir();
  const done = await new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", options, "tmpfs", mount],
    stderr: "null",
  }).output().catch(() => null);
  if (done?.success) return mount;
  // deno-lint-ignore no-console
  console.log("no small disk can be mounted here: only the unit tests cover a full one");
  await Deno.remove(mount);
  return null;
}

for (const what of ["space", "inodes"]) {
  Deno.test(`a disk that runs out of ${what} ends the harvest with the reason, and what was committed is intact`, async () => {
    // The folder itself, three in it, and the file that is held: none is left for a segment.
    const mount = await mounted(what === "space" ? "size=1m" : "nr_inodes=5");
    if (!mount) return;
    try {
      if (what === "space") await Deno.writeFile(`${mount}/ballast`, new Uint8Array(900 << 10));
      await inPlace(async (place) => {
        await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
        const harvest = place.spawn(["harvest", "run", "--flush-secs", "1", "live"], {
          TWARC_CLOUD_SPOOL: `${mount}/spool`,
        });
        await pidOf(place, "live");
        const [user = ""] = place.sandbox.world.users.keys();
        const posting = setInterval(() => place.sandbox.world.post(user, 400), 5);
        const { code, stderr } = await harvest.output();
        clearInterval(posting);
        const said = new TextDecoder().decode(stderr);
        assert.equal(code, 1, said);
        assert.match(said, /Error: The disk for temporary files is full \(.*\/spool\/.*--spool/);
        assert.doesNotMatch(said, /bug|\n +at /);
        await place.tweets("live");
      });
    } finally {
      await new Deno.Command("umount", { args: [mount] }).output();
      await Deno.remove(mount);
    }
  });
}
