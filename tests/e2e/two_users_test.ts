/** Two people on one machine, by their numbers: what one of them may do to the temporary files of the other. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { filesBelow, idsOf, inPlace, type Place, until } from "./program.ts";
import { endedPid, runsHere } from "../fakes/other_processes.ts";

const [PERSON, OTHER] = [54_001, 54_002];
const FORGED = "1234567890123456789";
const UUID = "11111111-1111-4111-8111-111111111111";

/**
 * What runs the program in the person's name. Deno and its cache may lie in root's home, which the person may read here;
 * for that the real user stays root, whom files do not know.
 */
const AS_PERSON = [
  "setpriv",
  `--euid=${PERSON}`,
  `--egid=${PERSON}`,
  "--clear-groups",
  "--inh-caps=+dac_read_search",
  "--ambient-caps=+dac_read_search",
];
const AS_OTHER = ["setpriv", `--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups"];

const mayBeOthers = await runsHere("setpriv", [...AS_PERSON.slice(1), "true"]);

/** What another user does with a shell; whether it worked. */
async function byOther(script: string): Promise<boolean> {
  const [command = "", ...args] = [...AS_OTHER, "sh", "-c", script];
  const { success } = await new Deno.Command(command, { args, stderr: "null" }).output();
  return success;
}

/** A person's harvest of a stream that has brought a tweet, with a folder beside it that everybody may write. */
function withTwo(act: (two: { place: Place; shared: string; posted: string[] }) => Promise<void>) {
  return inPlace(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    const shared = place.path("tmp");
    await Deno.chmod(shared, 0o1777);
    await Deno.chmod(place.folder, 0o755);
    await Deno.mkdir(place.path("home"), { mode: 0o700 });
    for (const path of [place.folder, place.path("home"), place.path("twarc-cloud-data")]) {
      await new Deno.Command("chown", { args: ["-R", `${PERSON}`, path] }).output();
    }
    place.by = AS_PERSON;
    Object.assign(place.env, { HOME: place.path("home"), TWARC_CLOUD_SPOOL: "" });
    const posted: string[] = [];
    try {
      assert.ok(await byOther(`umask 000; mkdir ${guessed(place)}`));
      await streamed(place, posted);
      await act({ place, shared, posted });
    } finally {
      await Deno.remove(guessed(place), { recursive: true }).catch(() => {});
    }
  }, { world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }) });
}

/** One harvest of the stream, in which a tweet comes; what it said. */
async function streamed(place: Place, posted: string[], ...flags: string[]): Promise<string> {
  const harvest = place.spawn([
    "harvest",
    "run",
    "--shutdown",
    "--flush-secs",
    "1",
    ...flags,
    "live",
  ]);
  await until(() => Promise.resolve(place.sandbox.streams.size > 0));
  posted.push(...place.post(1));
  await until(async () => (await place.tweets("live")).length >= posted.length);
  harvest.kill("SIGTERM");
  const { code, stderr } = await harvest.output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 0, said);
  return said;
}

/** Where a version before had the person's temporary files, which anybody can tell. */
function guessed(place: Place): string {
  const sum = createHash("sha256").update(place.path("home")).digest("hex");
  // Who runs in another's name is given no TMPDIR.
  return `/tmp/twarc-cloud-${sum.slice(0, 8)}`;
}

/** Has the other user plant a forged tweet and a link to a secret where a version before had temporary files. */
async function plant(place: Place, mode: string): Promise<string> {
  await Deno.writeTextFile(
    place.path("home", ".twarc"),
    "[main]\nconsumer_key=secret-of-the-person\n",
  );
  const { began, cuts } = await place.object("live/checkpoint.json") as Record<string, number>;
  const bucket = createHash("sha256").update(place.path("twarc-cloud-data")).digest("hex").slice(
    0,
    12,
  );
  const gone = await endedPid();
  const folder = join(
    guessed(place),
    `${bucket}-live`,
    `${Deno.hostname()}.${gone}.${UUID}`,
  );
  const forged = gzipSync(`{"id_str":"${FORGED}"}\n`);
  const sha1 = createHash("sha1").update(forged).digest("hex");
  const note = {
    number: (cuts ?? 0) + 1,
    began,
    at: Date.now(),
    tweets: {
      segment: 9,
      isWhole: true,
      file: { path: "forged.gz", sha1, bytes: forged.length, tweets: 1 },
    },
    sides: [{ name: "users.jsonl", bytes: 40 }],
    commit: {},
  };
  const drop = place.path("drop");
  await Deno.mkdir(drop, { mode: 0o755 });
  await Deno.writeFile(join(drop, "forged.gz"), forged);
  await Deno.writeTextFile(join(drop, "cut.json"), JSON.stringify(note));
  const isPlanted = await byOther(
    `umask 000; mv ${dirname(folder)} ${
      dirname(folder)
    }.was; mkdir -p ${folder} && cp ${drop}/forged.gz ${folder} && ` +
      `cp ${drop}/cut.json ${folder}/cut-${note.number}.json && ` +
      `ln -s ${place.path("home", ".twarc")} ${folder}/users.jsonl && ` +
      `chmod ${mode} ${guessed(place)}`,
  );
  assert.ok(isPlanted);
  return folder;
}

for (const mode of ["0777", "0700"]) {
  Deno.test({
    name:
      `another user who made the folder that a version before used, with ${mode}, forges no tweet, reads no secret and stops no harvest`,
    ignore: !mayBeOthers,
    fn: () =>
      withTwo(async ({ place, posted }) => {
        const folder = await plant(place, mode);
        const said = await streamed(place, posted);
        assert.match(
          said,
          /that may be in .* are not recovered: .*(belongs to another user|cannot be read)/,
        );
        assert.deepEqual(idsOf(await place.tweets("live")), posted);
        for await (const path of filesBelow(place.path("twarc-cloud-data"))) {
          assert.doesNotMatch(await Deno.readTextFile(path), /secret-of-the-person/, path);
        }
        const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
        assert.equal(left.length, 3, "What is another's is left");
      }),
  });
}

Deno.test({
  name:
    "a folder for temporary files that another user made is refused, and the person's own lets nobody in",
  ignore: !mayBeOthers,
  fn: () =>
    withTwo(async ({ place, shared, posted }) => {
      assert.ok(await byOther(`umask 000; mkdir ${shared}/trap`));
      const refused = await place.spawn(["harvest", "run", "--spool", `${shared}/trap`, "live"])
        .output();
      assert.equal(refused.code, 1);
      const line = new TextDecoder().decode(refused.stderr);
      assert.match(
        line,
        /^Error: The folder for temporary files, .*trap, cannot be used: .*--spool/,
      );
      assert.equal(line.trimEnd().split("\n").length, 1);
      await streamed(place, posted, "--spool", `${shared}/own`);
      assert.ok(!await byOther(`ls ${shared}/own`));
      assert.ok(!await byOther(`touch ${shared}/own/cut-1.json`));
      const { uid, mode } = await Deno.lstat(`${shared}/own`);
      assert.deepEqual([uid, (mode ?? 0) & 0o777], [PERSON, 0o700]);
    }),
});
