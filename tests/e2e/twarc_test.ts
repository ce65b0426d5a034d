import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { PYTHON_ENV, twarc2 } from "../peers/python.ts";
import { inOneProcess, type Place, until } from "./program.ts";
import { withPages } from "./v2_payloads.ts";

/** Runs twarc2 on a file, which has to be read without a warning; what it wrote. */
async function converted(
  place: Place,
  [command = "", ...options]: string[],
  input: string,
): Promise<string> {
  const output = place.path(`twarc.${command}`);
  const { success, stdout, stderr } = await new Deno.Command(await twarc2(), {
    args: ["--bearer-token", "none", command, ...options, input, output],
    cwd: place.folder,
    env: { ...PYTHON_ENV, HOME: place.folder },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, said);
  assert.doesNotMatch(said, /warning|error|skipped|unexpected/i);
  return await Deno.readTextFile(output);
}

/** Both of twarc's ways to read collections find just their tweets. @param options Of twarc-csv. */
async function check(place: Place, collections: string[], options: string[] = []): Promise<void> {
  const lines: string[] = [];
  let tweets = 0;
  for (const id of collections) {
    lines.push(...await place.tweets(id));
    tweets += JSON.parse(await place.ok("harvest", "last", id, "--json")).tweets;
  }
  const ids = lines.flatMap((line) => [JSON.parse(line).data].flat().map((tweet) => tweet.id));
  assert.equal(ids.length, tweets);
  const input = place.path("tweets.jsonl");
  await Deno.writeTextFile(input, lines.map((line) => `${line}\n`).join(""));
  const flat = (await converted(place, ["flatten"], input)).trimEnd().split("\n");
  assert.deepEqual(flat.map((line) => JSON.parse(line).id), ids);
  // Line breaks and commas stand only between quotation marks.
  const rows = (await converted(place, ["csv", ...options], input)).replaceAll(
    /"(?:[^"]|"")*"/g,
    "",
  ).trimEnd();
  assert.deepEqual(rows.split("\n").slice(1).map((row) => row.split(",", 1)[0]), ids);
}

Deno.test("twarc2's flatten and twarc-csv read our files of version 2 without a warning, and find the same tweets", () =>
  inOneProcess(async (place) => {
    const keys = { bearer_token: place.sandbox.bearer };
    const users = Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
    await place.add({ id: "tl", type: "user_timeline", api: "2", keys, users });
    await place.harvest("tl");
    await place.add({ id: "find", type: "search", api: "2", keys, search: { query: "sandbox" } });
    await place.harvest("find");
    await check(place, ["find"]);
    const filter = { track: "sandbox", max_records: 12 };
    await place.add({ id: "live", type: "filter", api: "2", keys, filter });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "live"]);
    await until(() => Promise.resolve(place.sandbox.filtered.size > 0));
    place.sandbox.world.post(Object.keys(users)[0] ?? "", 12);
    await harvest.output();
    await check(place, ["tl", "live"]);
  }, { world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 130 }) }));

Deno.test("twarc2's flatten and twarc-csv read answers as X sent them, long ones with the columns that the documents say", () =>
  withPages(async (place) => {
    const documents = await Deno.readTextFile(new URL("../../docs/files.md", import.meta.url));
    const [, columns = ""] = /--extra-input-columns (\S+)/.exec(documents) ?? [];
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    await place.harvest("find");
    await check(place, ["find"], ["--extra-input-columns", columns]);
  }));
