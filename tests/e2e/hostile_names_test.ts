import assert from "node:assert/strict";
import { inOneProcess, type Place } from "./program.ts";

const EVIL = "\u001b[2J\u009b31m\u202e\r\nError: forged";
// deno-lint-ignore no-control-regex
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

/** Runs a command; whatever it says steers no terminal and forges no line. */
async function harmless(place: Place, ...args: string[]): Promise<string> {
  const { code, out, err } = await place.run(...args);
  const name = args.join(" ");
  assert.ok(code === 0 || code === 1 || code === 3, `${name}: ${code} ${err}`);
  assert.doesNotMatch(out + err, STEERS, name);
  assert.doesNotMatch(out + err, /^Error: forged/m, name);
  if (code !== 0) assert.equal(err.match(/^Error: /gm)?.length, 1, err);
  return out + err;
}

Deno.test("a bucket whose names, configurations, locks and harvests have control sequences in them steers no terminal", () =>
  inOneProcess(async (place) => {
    const [user = ""] = place.sandbox.world.users.keys();
    await place.add({ id: "c", type: "user_timeline", users: { [user]: { screen_name: EVIL } } });
    await place.harvest("c");
    const folder = place.path("twarc-cloud-data", "collections", "c");
    const [harvest = ""] = await place.harvests("c");
    const edit = async (path: string, change: Record<string, unknown>) => {
      const json = JSON.parse(await Deno.readTextFile(path));
      await Deno.writeTextFile(path, JSON.stringify({ ...json, ...change }));
    };
    await edit(`${harvest}/harvest.json`, { outcome: EVIL, reason: EVIL });
    await Deno.writeTextFile(
      `${harvest}/user_changes.json`,
      JSON.stringify([{ user_id: EVIL, screen_name: EVIL, change: EVIL }]),
    );
    // Windows has no such names.
    if (Deno.build.os !== "windows") {
      await Deno.mkdir(place.path("twarc-cloud-data", "collections", EVIL));
      await Deno.writeTextFile(
        place.path("twarc-cloud-data", "collections", EVIL, "collection.json"),
        JSON.stringify({ id: EVIL, type: EVIL, [EVIL]: EVIL }),
      );
    }
    const time = new Date(Date.now() + 60_000).toISOString();
    const times = { acquired: EVIL, renewed: time, expires: time };
    await Deno.writeTextFile(
      `${folder}/lock.json`,
      JSON.stringify({ holder: EVIL, host: EVIL, pid: 1, control: EVIL, ...times }),
    );
    for (
      const args of [
        ["collection", "list"],
        ["collection-config", "changes", "c"],
        ["harvest", "list"],
        ["harvest", "running", "c"],
        ["harvest", "last", "c"],
        ["harvest", "logs", "c"],
        ["harvest", "run", "--shutdown", "c"],
        ["collection", "verify"],
        ["collection", "download", "c"],
      ]
    ) await harmless(place, ...args);
    const changes = await harmless(place, "collection-config", "changes", "c");
    assert.match(changes, /\\u001b\[2J/, "It is told what the name is");
  }));
