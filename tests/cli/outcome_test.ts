import assert from "node:assert/strict";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { tellEnd } from "../../lib/cli/collection/outcome.ts";
import type { HarvestInfo } from "../../lib/collection/harvest_info.ts";
import {
  changeLines,
  harvestLocation,
  leftOutLines,
  placeLines,
  removedLines,
} from "../../lib/cli/text/harvest_text.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place } from "../e2e/program.ts";
import { contextWith, pipedOutput } from "../fakes/context.ts";

const INFO = {
  collection_id: "tl",
  harvest_timestamp: "2026-01-02T03:04:05.678Z",
  tweets: 1,
  files: 1,
  file_bytes: 100,
};
const FOLDER = "collections/tl/harvests/2026/01/02/03/04/05/";

/** The folder that a command's output names. */
function folderIn(place: Place, out: string): string {
  return place.path(/^Files are in (\S+)$/m.exec(out)?.[1] ?? assert.fail(out));
}

Deno.test("where a harvest's files are is said as other programs open it, in S3 with what copies them here", () => {
  assert.deepEqual(placeLines(INFO, parseBucket("./data/")), [`Files are in ./data/${FOLDER}`]);
  for (const bucket of ["/data", "file:///data"]) {
    const ref = parseBucket(bucket);
    assert.equal(
      harvestLocation({ id: "tl", began: INFO.harvest_timestamp }, ref),
      `/data/${FOLDER}`,
    );
  }
  for (const bucket of ["tweets", "s3://tweets"]) {
    assert.deepEqual(placeLines(INFO, parseBucket(bucket)), [
      `Files are in s3://tweets/${FOLDER}`,
      "Copy them here with: twarc-cloud collection download tl",
    ]);
  }
});

Deno.test("of many removed users, and of many changes, a few are named, and where all are", () => {
  const removed_users = Array.from({ length: 2_000 }, (_, i) => ({
    id: `${i + 1}`,
    screen_name: `n${i + 1}`,
    why: i % 2 === 0 ? "not_found" : "suspended",
  }));
  const [who = "", all, keep = ""] = removedLines({ ...INFO, removed_users });
  assert.match(who, /^2,000 users were removed from the collection: @n1 \(1\) not found, /);
  assert.match(who, / and 1,995 more$/);
  assert.equal(all, "All of them: twarc-cloud harvest last --json tl");
  assert.match(keep, /remove not_found and suspended from delete_users_for: .*config download tl/);
  assert.deepEqual(removedLines(INFO), []);

  const found = removed_users.map(({ id }) => ({ user_id: id, change: "screen name found" }));
  const lines = changeLines([...found, { user_id: "9", screen_name: "x", change: "suspended" }]);
  assert.equal(lines[0], "User 9 (x): suspended");
  const later = { user_id: "7", screen_name: "seven", change: "screen name found" };
  assert.deepEqual(changeLines([{ user_id: "7", change: "protected" }, later]), [
    "User 7 (seven): protected",
    "User 7 (seven): screen name found",
  ]);
  assert.deepEqual(changeLines([{ user_id: "8", change: "protected" }]), ["User 8: protected"]);
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "and 1,981 more (see user_changes.json)");
});

Deno.test("a followed harvest and the last one say where the files are, and who was removed and how to keep such", () => {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 2 });
  return inOneProcess(async (place) => {
    const [gone, ...others] = [...world.users.values()];
    assert.ok(gone);
    const users = Object.fromEntries(
      [gone, ...others].map(({ id, screenName }) => [id, { screen_name: screenName }]),
    );
    world.users.delete(gone.id);
    await place.add({ id: "tl", type: "user_timeline", users, delete_users_for: ["not_found"] });
    const followed = await place.ok("collection", "once", "tl", "--wait");
    const last = await place.ok("harvest", "last", "tl");
    for (const out of [followed, last]) {
      const names = await Array.fromAsync(Deno.readDir(folderIn(place, out)), ({ name }) => name);
      assert.ok(names.some((name) => name.startsWith("tweets-")), names.join());
      const who =
        `1 user was removed from the collection: @${gone.screenName} (${gone.id}) not found`;
      assert.ok(out.includes(`\n${who}\n`), out);
      assert.match(out, /\nTo keep such users, remove not_found from delete_users_for: /);
    }
    const list = await place.ok("collection", "list");
    assert.match(list, /^tl \(its last harvest removed: @\S+ \(\d+\) not found; .* last tl`\)$/m);
    const json = JSON.parse(await place.ok("harvest", "last", "tl", "--json"));
    assert.deepEqual(json.removed_users, [
      { id: gone.id, screen_name: gone.screenName, why: "not_found" },
    ]);
    assert.match(json.location, /collections\/tl\/harvests\//);

    await place.harvest("tl");
    assert.equal(await place.ok("collection", "list"), "Collections:\ntl\n", "it is news once");
  }, { world });
});

Deno.test("what a harvest leaves out is said to who follows it as to who looks at it later", async () => {
  const info: HarvestInfo = {
    ...INFO,
    protected: { tweets: 1, users: 2 },
    undelivered: 3,
    unavailable: [{ id: "7", screen_name: "away", why: "503" }],
    left_out: [{ parameter: "expansions" }],
  };
  const out: string[] = [];
  const output = pipedOutput((text) => out.push(text), () => {});
  await tellEnd(
    { info: { ...info, outcome: "complete" } },
    parseBucket("./data"),
    contextWith({ output }),
  );
  const lines = [
    "Matching tweets that were not delivered: 3",
    "Left out, from protected accounts: 2 timelines, 1 tweet",
    "User 7 (away) could not be read, the next harvest retries: 503",
    "The API rejected expansions",
  ];
  for (const line of lines) assert.ok(out.join("").includes(`${line}\n`), line);
  assert.deepEqual(leftOutLines(info), lines);
});

Deno.test("the last harvest that failed is shown with that first, and ends a command that asks for its outcome", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.harvest("find");
    const good = await place.ok("harvest", "last", "find", "--exit-status");
    assert.match(good, /^find => Bucket: /);
    const path = place.path("twarc-cloud-data", "collections", "find", "collection.json");
    const config = JSON.parse(await Deno.readTextFile(path));
    for (const name of Object.keys(config.keys)) config.keys[name] = "withdrawn";
    await Deno.writeTextFile(path, JSON.stringify(config));
    await place.run("harvest", "run", "--shutdown", "--port", "0", "find");
    const failed = await place.run("harvest", "last", "find");
    assert.equal(failed.code, 0);
    assert.match(failed.out, /^The last harvest of find failed: .+\nfind => Bucket: /);
    assert.equal(
      failed.err,
      "See what to do with `twarc-cloud harvest logs find`. What was collected is safe: continue with: " +
        "twarc-cloud collection once find\n",
    );
    const asked = await place.run("harvest", "last", "find", "--exit-status");
    assert.equal(asked.code, 1, "wrong keys are the person's to change");
    assert.match(asked.err, /The harvest of find failed: .*collection once find/);
  }, { world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 2 }) }));

Deno.test("the last harvest that a person has stopped is shown without what to do next", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    await place.ok("collection", "once", "find");
    await place.ok("collection", "stop", "--now", "find");
    const { out, err } = await place.run("harvest", "last", "find");
    assert.match(out, /^Outcome: stopped\./m);
    assert.equal(err, "");
  }, { world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 2 }) }));
