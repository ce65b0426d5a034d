import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place, until } from "./program.ts";

interface Told {
  mended?: string[];
  faults: { key: string; says: string; can_be_mended: boolean }[];
  tweets: number;
}

/** A collection of two harvests, of 90 and 3 tweets; their folders. */
async function harvested(place: Place): Promise<[string, string]> {
  await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
  await place.harvest("find");
  place.post(3);
  await place.harvest("find");
  const [first = "", second = ""] = await place.harvests("find");
  return [first, second];
}

async function told(place: Place, ...flags: string[]): Promise<Told> {
  const { out } = await place.run("collection", "verify", "find", "--json", ...flags);
  const [one] = JSON.parse(out);
  return one;
}

async function tweetsFile(folder: string): Promise<string> {
  const all = await Array.fromAsync(Deno.readDir(folder));
  return join(folder, all.find(({ name }) => name.startsWith("tweets-"))?.name ?? assert.fail());
}

const world = () => ({ world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 30 }) });

/** Damage that is done to a bucket, what is said of it, and whether it is mended. */
const DAMAGES: {
  what: string;
  act: (place: Place, folders: [string, string]) => Promise<void>;
  says: RegExp;
  isMended: boolean;
}[] = [
  {
    what: "a file that is cut",
    act: async (_place, [first]) => await Deno.truncate(await tweetsFile(first), 500),
    says: /not an intact gzip file/,
    isMended: false,
  },
  {
    what: "a byte that has changed",
    act: async (_place, [first]) => {
      const path = await tweetsFile(first);
      const lines = gunzipSync(await Deno.readFile(path)).toString().replace("sandbox", "sandpit");
      await Deno.writeFile(path, gzipSync(lines));
    },
    says: /checksum differs from the manifest/,
    isMended: false,
  },
  {
    what: "a file that is gone",
    act: async (_place, [first]) => await Deno.remove(await tweetsFile(first)),
    says: /manifest lists it, but it is missing/,
    isMended: false,
  },
  {
    what: "a file that was never finished",
    act: async (_place, [first]) =>
      await Deno.writeTextFile(join(first, "tweets-20200101000000.jsonl.gz"), "half"),
    says: /the manifest does not list it/,
    isMended: true,
  },
  {
    what: "a manifest that is gone",
    act: async (_place, [, second]) => await Deno.remove(join(second, "manifest-sha1.txt")),
    says: /manifest-sha1\.txt|it is missing/,
    isMended: true,
  },
  {
    what: "a manifest that lists nothing, though there are files",
    act: async (_place, [first]) => await Deno.writeTextFile(join(first, "manifest-sha1.txt"), ""),
    says: /manifest-sha1\.txt: it is empty/,
    isMended: true,
  },
  {
    what: "such a manifest where nothing else tells how many files there were",
    act: async (_place, [first]) => {
      await Deno.writeTextFile(join(first, "manifest-sha1.txt"), "");
      await Deno.remove(join(first, "harvest.json"));
    },
    says: /the manifest does not list it/,
    isMended: false,
  },
  {
    what: "a manifest of the last harvest that lists nothing",
    act: async (_place, [, second]) =>
      await Deno.writeTextFile(join(second, "manifest-sha1.txt"), ""),
    says: /it does not list what the checkpoint names/,
    isMended: true,
  },
  {
    what: "a harvest.json of the last harvest that is gone",
    act: async (_place, [, second]) => await Deno.remove(join(second, "harvest.json")),
    says: /harvest\.json: it is missing/,
    isMended: true,
  },
  {
    what: "a harvest.json that tells something else",
    act: async (_place, [first]) => {
      const path = join(first, "harvest.json");
      const info = JSON.parse(await Deno.readTextFile(path));
      await Deno.writeTextFile(path, JSON.stringify({ ...info, tweets: 7 }));
    },
    says: /it says 7 tweets in 1 files, but there are 90 in 1/,
    isMended: true,
  },
  {
    what: "a last_harvest.json that names no harvest",
    act: async (place) =>
      await Deno.writeTextFile(
        place.path("twarc-cloud-data", "collections", "find", "last_harvest.json"),
        JSON.stringify({ harvest_id: "2020-01-01T00:00:00Z" }),
      ),
    says: /the harvest that it names is missing/,
    isMended: true,
  },
  {
    what: "a tweet that is there twice",
    act: async (_place, [first, second]) => {
      const [from, to] = [await tweetsFile(second), await tweetsFile(first)];
      await Deno.copyFile(from, to);
      const manifest = await Deno.readTextFile(join(second, "manifest-sha1.txt"));
      const name = to.slice(first.length + 1);
      await Deno.writeTextFile(
        join(first, "manifest-sha1.txt"),
        `${manifest.slice(0, 40)}  ${name}\n`,
      );
    },
    says: /3 of its tweets are duplicates/,
    isMended: false,
  },
  {
    what: "a side file with a line that is none",
    act: async (_place, [first]) =>
      await Deno.writeTextFile(join(first, "messages.jsonl"), '{"a":1\n'),
    says: /line 1 is invalid/,
    isMended: false,
  },
  {
    what: "a configuration that is none",
    act: async (place) =>
      await Deno.writeTextFile(
        place.path("twarc-cloud-data", "collections", "find", "collection.json"),
        '{"id":"find","type":"search","api":"2","search":{"query":"sandbox"}}',
      ),
    says: /keys/i,
    isMended: false,
  },
];

Deno.test("a collection that is whole is told so, with what it has", () =>
  inOneProcess(async (place) => {
    await harvested(place);
    assert.match(
      await place.ok("collection", "verify"),
      /^find: intact\. 2 harvests, 93 tweets in 2 files \(\d+K\)\n$/,
    );
    assert.deepEqual((await told(place)).faults, []);
  }, world()));

Deno.test("each damage is found, and mended where nothing can be lost by it", (t) =>
  inOneProcess(async (place) => {
    const folders = await harvested(place);
    const bucket = place.path("twarc-cloud-data");
    await cp(bucket, place.path("intact"), { recursive: true });
    for (const { what, act, says, isMended } of DAMAGES) {
      await t.step(`${what} is ${isMended ? "mended" : "left to the person"}`, async () => {
        await Deno.remove(bucket, { recursive: true });
        await cp(place.path("intact"), bucket, { recursive: true });
        await act(place, folders);
        const { code, out, err } = await place.run("collection", "verify", "find");
        assert.equal(code, 1, out);
        assert.match(out, says);
        assert.match(err, /Error: \d+ faults? found\./);
        assert.equal(out.includes("--repair repairs it"), isMended);
        const files = (await Promise.all(folders.map(tweetsFiles))).flat();
        const repaired = await place.run("collection", "verify", "find", "--repair");
        assert.equal(repaired.code, isMended ? 0 : 1, repaired.out + repaired.err);
        const left = (await Promise.all(folders.map(tweetsFiles))).flat();
        const lost = files.filter((name) => !left.includes(name) && !name.includes("-2020"));
        assert.deepEqual(lost, [], "No file that may be somebody's data goes");
      });
    }
  }, world()));

async function tweetsFiles(folder: string): Promise<string[]> {
  const all = await Array.fromAsync(Deno.readDir(folder));
  return all.map(({ name }) => join(folder, name)).filter((path) => path.includes("/tweets-"));
}

Deno.test("a harvest that was killed is told by verify, and settled by --repair; one that runs is left alone", () =>
  inOneProcess(async (place) => {
    await harvested(place);
    place.post(200);
    place.sandbox.troubles.add({ kind: "stall", path: "search/recent", after: 1 });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "find"]);
    await until(async () => {
      const folder = (await place.harvests("find"))[2];
      return folder && await Deno.stat(`${folder}/manifest-sha1.txt`).catch(() => null);
    });
    assert.deepEqual((await told(place)).faults, [], "One that runs is no fault");
    const refused = await place.run("collection", "verify", "find", "--repair");
    assert.equal(refused.code, 1);
    assert.match(refused.err, /find is being harvested/);
    const all = await place.run("collection", "verify", "--repair");
    assert.equal(all.code, 0, all.err);
    assert.match(all.err, /find is being harvested by .* since \S+: skipped/);
    assert.match(all.out, /^find: intact\. 3 harvests/);
    await place.kill(harvest, "find");
    const [fault] = (await told(place)).faults;
    assert.match(fault?.says ?? "", /an interrupted harvest has not been finalized/);
    const out = await place.ok("collection", "verify", "find", "--repair");
    assert.match(out, /Finalized the interrupted harvest of /);
    const last = JSON.parse(await place.ok("harvest", "last", "find", "--json"));
    assert.equal(last.outcome, "interrupted");
  }, world()));

Deno.test("--repair says what it did, with --json in the JSON, and standard output has nothing else", () =>
  inOneProcess(async (place) => {
    const [first] = await harvested(place);
    const garbage = join(first, "tweets-20200101000000.jsonl.gz");
    await Deno.writeTextFile(garbage, "half");
    const { mended, faults } = await told(place, "--repair");
    assert.deepEqual(faults, []);
    assert.match(
      mended?.join() ?? "",
      /^Set aside \S+tweets-20200101000000\.jsonl\.gz, which no manifest lists, as \S+$/,
    );
    assert.deepEqual((await told(place, "--repair")).mended, []);
    await Deno.writeTextFile(garbage, "half");
    const out = await place.ok("collection", "verify", "--repair");
    assert.match(
      out,
      /^Set aside collections\S+, which no manifest lists, as \S+\nfind: intact\./,
    );
  }, world()));

Deno.test("a collection whose configuration is damaged is verified, named or not; one that is not there is told", () =>
  inOneProcess(async (place) => {
    await harvested(place);
    const config = place.path("twarc-cloud-data", "collections", "find", "collection.json");
    await Deno.writeTextFile(config, "{");
    for (const args of [["find"], [], ["find", "--repair"], ["--repair"]]) {
      const { code, out } = await place.run("collection", "verify", ...args);
      assert.equal(code, 1);
      assert.match(
        out,
        /^collections\/find\/collection\.json: it is not JSON: line 1, column 2: .*\n/,
      );
      assert.match(out, /\nfind: 1 fault\. 2 harvests, 93 tweets in 2 files/);
    }
    const { code, err } = await place.run("collection", "verify", "other");
    assert.equal(code, 1);
    assert.match(err, /There is no collection other/);
  }, world()));

Deno.test("timelines with users that are gone, and a stream with gaps, are whole", () =>
  inOneProcess(async (place) => {
    const users = Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
    for (const api of ["1.1", "2"]) {
      const id = `tl_${api.replace(".", "_")}`;
      await place.add({ id, type: "user_timeline", api, users });
      await place.harvest(id);
      place.post(3);
      await place.harvest(id);
    }
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    place.sandbox.troubles.add({ kind: "cut", path: "statuses/filter", after: 3 });
    await place.ok("collection", "filter-start", "live");
    for (const posts of [4, 4]) {
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      place.post(posts);
      await until(async () => Number((await place.running("live")).tweets) >= posts);
    }
    place.sandbox.streams.say({ limit: { track: 5 } });
    await until(async () => (await place.running("live")).undelivered === 5);
    assert.match(await place.ok("collection", "verify", "live"), /^live: intact/);
    await place.ok("collection", "filter-stop", "live");
    const out = await place.ok("collection", "verify");
    assert.match(out, /live: intact\. 1 harvest, \d tweets in 1 file \(\S+\), 1 span missed/);
    assert.match(out, /\n {2}missed from \S+Z to \S+Z: (open|due|beyond reach)\. \S/);
    assert.match(out, /tl_1_1: intact\. 2 harvests/);
    assert.match(out, /tl_2: intact\. 2 harvests/);
  }, { world: World.create({ clock: systemClock, users: 21, tweetsPerUser: 12 }), replay: 3 }));

/** Every id of which a reader gets the tweet, of files that are damaged as far as they can be read. */
async function readableIds(place: Place): Promise<string[]> {
  const ids: string[] = [];
  for (const folder of await place.harvests("find")) {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith("tweets-")) continue;
      const bytes = await Deno.readFile(join(folder, name));
      const text = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
      // A line without an end is none.
      for (const line of text.split("\n").slice(0, -1)) {
        const json = JSON.parse(line);
        for (const { id, id_str } of json.data ?? [json]) ids.push(id_str ?? id);
      }
    }
  }
  return ids;
}

Deno.test("what a damaged file has lost comes again with the next harvest after --repair, each tweet once", async (t) => {
  const users = (place: Place) =>
    Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
  for (const api of ["1.1", "2"]) {
    for (const type of ["search", "user_timeline"]) {
      await t.step(`${type} ${api}`, () =>
        inOneProcess(async (place) => {
          const part = type === "search"
            ? { search: { query: "sandbox" } }
            : { users: users(place) };
          await place.add({ id: "find", type, api, ...part });
          const run = ["harvest", "run", "--shutdown", "--port", "0", "find"];
          await place.ok(...run, "--tweets-per-file", "150");
          const all = await readableIds(place);
          assert.equal(all.length, 450);
          const [folder = ""] = await place.harvests("find");
          const path = await tweetsFile(folder);
          const { size } = await Deno.stat(path);
          await Deno.truncate(path, Math.floor(size / 2));
          assert.ok((await readableIds(place)).length < 450);
          const { mended = [] } = await told(place, "--repair");
          assert.match(mended.join("\n"), /lost: the next harvest requests \d+ spans? again/);
          await place.harvest("find");
          const now = await readableIds(place);
          assert.deepEqual([now.length, new Set(now).size], [450, 450]);
          const { faults } = await told(place);
          assert.deepEqual(faults.filter(({ says }) => /once|inventory/.test(says)), []);
          const gaps = JSON.parse(await place.ok("collection", "gaps", "find", "--json"));
          assert.ok(gaps.every(({ status }: { status: string }) => status === "filled"));
        }, { world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 150 }) }));
    }
  }
});
