import assert from "node:assert/strict";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { thisProcess } from "../../../lib/bucket/process.ts";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { Spool } from "../../../lib/harvest/spool.ts";
import {
  folderName,
  leftPlaces,
  openPlace,
  spoolPlaces,
} from "../../../lib/harvest/recovery/spool_place.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { treeOf } from "../../store/bucket_folder.ts";
import { asOnWindows } from "../../fakes/windows.ts";
import { placeIn } from "../../fakes/spool_places.ts";
import { endedPid, sleeper } from "../../fakes/other_processes.ts";

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a bucket has one folder for temporary files, however its name is written, and no other bucket's", () =>
  inFolder(async (home) => {
    await Deno.mkdir(`${home}/Data/news`, { recursive: true });
    await Deno.symlink(`${home}/Data`, `${home}/linked`);
    const of = async (bucket: string) => basename(dirname((await placeOf(home, { bucket })).path));
    const url = `${pathToFileURL(home)}`;
    const names = [`${home}/Data/news`, `${url}/Data/news`, `${home}/x/../Data/news/`]
      .concat(`${home}/linked/news`);
    const [folder, ...folders] = await Promise.all(names.map(of));
    assert.deepEqual(new Set(folders), new Set([folder]));
    const [s3, ...others] = await Promise.all(["news", "s3://news", "s3://news/"].map(of));
    assert.deepEqual(new Set(others), new Set([s3]));
    assert.notEqual(s3, folder);
  }));

Deno.test("a harvester has a place of its own, keeps out of that of one that lives, and finds what those left that are gone", () =>
  inFolder(async (parent) => {
    const host = Deno.hostname();
    const neighbour = sleeper();
    const gone = await endedPid();
    const spools: Spool[] = [];
    try {
      const placeOf = (process: { host: string; pid: number }) => placeIn(parent, { process });
      const own = await placeOf(thisProcess());
      assert.deepEqual(await leftPlaces(own, thisProcess()), []);
      const paused = await placeOf({ host, pid: neighbour.pid });
      const elsewhere = await placeOf({ host: "elsewhere", pid: gone });
      const left = await placeOf({ host, pid: gone });
      const numbered = await placeOf(thisProcess());
      const renumbered = await placeOf({ host, pid: neighbour.pid });
      for (const place of [own, paused, elsewhere, left, numbered, renumbered]) {
        spools.push(await Spool.open(place));
      }
      for (const spool of spools.slice(3)) await spool.leave();
      // As a version before, which knew a process by its number only, left them.
      const old = [await placeOf({ host, pid: neighbour.pid }), await placeOf(thisProcess())];
      for (const { path } of old) await Deno.mkdir(path, { mode: 0o700 });
      await Deno.mkdir(join(parent, "c", "somebody's"));
      const found = await leftPlaces(own, thisProcess());
      assert.deepEqual(
        found.map(({ path }) => path).toSorted(),
        [left, numbered, renumbered, ...old.slice(1)].map(({ path }) => path).toSorted(),
      );
    } finally {
      for (const spool of spools) await spool.leave();
      neighbour.kill("SIGKILL");
      await neighbour.status;
    }
  }));

/** Opens the place of a harvester with its state, or another folder, in a home. */
function placeOf(
  home: string,
  { folder, state, bucket = "./b" }: { folder?: string; state?: string; bucket?: string } = {},
) {
  const env = state === undefined ? {} : { XDG_STATE_HOME: state };
  return openPlace({
    bucket: parseBucket(bucket),
    collectionId: "c",
    process: { host: "here", pid: 1 },
    folder,
    secret: undefined,
    person: { env, os: "linux", home },
  });
}

Deno.test("temporary files are in the person's state folder, or in the folder that they name, which is theirs alone", () =>
  inFolder(async (home) => {
    const name = folderName(resolve("b"), "c");
    const { path, owner } = await placeOf(home);
    assert.equal(dirname(path), join(home, ".local/state/twarc-cloud/spool", name));
    assert.equal(owner, (await Deno.stat(home)).uid);
    assert.equal(
      dirname((await placeOf(home, { state: `${home}/x` })).path),
      join(home, "x/twarc-cloud/spool", name),
    );
    assert.equal(
      dirname((await placeOf(home, { folder: `${home}/own` })).path),
      join(home, "own", name),
    );
    for (const folder of [".local/state/twarc-cloud/spool", "x/twarc-cloud/spool", "own"]) {
      assert.equal(((await Deno.stat(join(home, folder))).mode ?? 0) & 0o777, 0o700, folder);
    }
    const spool = await Spool.open(await placeOf(home));
    await spool.append("users.jsonl", [new TextEncoder().encode("{}")]);
    for (const path of [dirname(spool.path), spool.path]) {
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o700, path);
    }
    assert.equal(((await Deno.stat(spool.pathFor("users.jsonl"))).mode ?? 0) & 0o777, 0o600);
    await spool.close();
  }));

const STRANGE: Record<string, [(home: string) => Promise<void>, RegExp]> = {
  "that others may write": [
    async (home) => {
      await Deno.mkdir(`${home}/spool`);
      await Deno.chmod(`${home}/spool`, 0o770);
    },
    /other users may write to it/,
  ],
  "that is a link": [
    async (home) => {
      await Deno.mkdir(`${home}/documents`);
      await Deno.symlink("documents", `${home}/spool`);
    },
    /it is a link/,
  ],
  "that is a file": [(home) => Deno.writeTextFile(`${home}/spool`, ""), /it is not a folder/],
  "in one that everybody may write": [
    (home) => Deno.chmod(home, 0o777),
    /all users may write to/,
  ],
};
for (const [what, [make, says]] of Object.entries(STRANGE)) {
  Deno.test(`a folder ${what} is refused, in one line that says what to do`, () =>
    inFolder(async (home) => {
      await make(home);
      const before = await treeOf(home);
      await assert.rejects(placeOf(home, { folder: `${home}/spool` }), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, says);
        assert.match(error.hint ?? "", /--spool/);
        return true;
      });
      assert.deepEqual(await treeOf(home), before);
    }));
}

Deno.test({
  name: "a place where nothing can be made is refused, with how to name another one",
  fn: () =>
    inFolder((home) =>
      assert.rejects(placeOf(home, { folder: "/proc/spool" }), {
        name: "UserError",
        message: /temporary files cannot be written \(\/proc\/spool\)/,
        hint: /--spool or TWARC_CLOUD_SPOOL/,
      })
    ),
});

Deno.test("a link to where the state is may stand in the way to it", () =>
  inFolder(async (home) => {
    await Deno.mkdir(`${home}/scratch`, { mode: 0o700 });
    await Deno.symlink("scratch", `${home}/.local`);
    assert.equal(
      dirname(dirname((await placeOf(home)).path)),
      `${home}/scratch/state/twarc-cloud/spool`,
    );
  }));

Deno.test("what a version before left in the person's cache is found", () =>
  inFolder(async (home) => {
    const host = Deno.hostname();
    const gone = await endedPid();
    const own = await placeOf(home);
    const name = `${host}.${gone}.${crypto.randomUUID()}`;
    const left = join(home, ".cache/twarc-cloud", folderName(resolve("b"), "c"), name);
    await Deno.mkdir(left, { recursive: true, mode: 0o700 });
    assert.deepEqual(
      (await leftPlaces(own, { host, pid: Deno.pid })).map((
        { path, isUnsealed },
      ) => [path, isUnsealed]),
      [[left, false]],
    );
  }));

Deno.test("a folder for temporary files on a share of Windows is refused, chosen or the person's own", () =>
  inFolder((home) =>
    asOnWindows(async () => {
      const share = "\\\\srv.uni.edu\\home$";
      const onShare = {
        name: "UserError",
        hint: /net use T: \\\\srv\.uni\.edu\\home\$\).*--spool/,
      };
      const folder = `${share}\\spool`;
      await assert.rejects(placeOf(home, { folder }), onShare);
      const person = { env: {}, os: "windows", home };
      await assert.rejects(spoolPlaces(folder, person), onShare);
      await assert.rejects(spoolPlaces(undefined, { ...person, home: `${share}\\me` }), onShare);
    })
  ));
