/** The quick start of the original's documents, command by command, with each line that it prints. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { filesBelow, inOneProcess, type Place, until } from "./program.ts";

/** Each command with what the documents print; `…` stands for what is of a time or a place. */
const LINES: [string[], string][] = [
  [["harvest", "list"], "No running harvests.\n"],
  [
    // The documents' template is of version 1.1, ours is of version 2 unless that is said.
    ["collection-config", "template", "user_timeline", "--id=test_collection", "--api", "1.1"],
    "Template written to collection.json.\nAdd the collection before adding users to collect.\n",
  ],
  [["collection-config", "credentials"], "Added credentials to collection.json.\n"],
  [["collection-config", "keys"], "Added keys to collection.json.\n"],
  [
    ["collection", "add"],
    "Collection added.\nDon't forget to start or schedule the collection.\n",
  ],
  [
    ["collection-config", "screennames", "@ada_quill_0", "@not_justin_littman"],
    "Getting users ids for screen names. This may take some time ...\n" +
    "Added screen names to collection.json.\n" +
    "Following screen names where not found:\nnot_justin_littman\n",
  ],
  [["collection-config", "update"], "Collection configuration updated.\n"],
  [["collection", "list"], "Collections:\ntest_collection\n"],
  [["collection", "schedule", "test_collection", "rate(7 days)"], "Scheduled\n"],
];
const AFTER: [string[], RegExp][] = [
  [["collection", "scheduled"], /^twarc-cloud-data_test_collection_schedule => rate\(7 days\)\n/],
  [
    ["harvest", "last", "test_collection"],
    /^test_collection => Bucket: \S+\. Harvest timestamp: \S+\. Tweets: 30\. Files: 1 \(\d+K?B?\)\n[\s\S]*No user changes\.\n/,
  ],
  [
    ["collection-config", "changes", "test_collection"],
    /^users -> \d+ -> screen_name changed from None to ada_quill_0 on \d{4}-\d\d-\d\dT\S+$/m,
  ],
  [
    ["collection-config", "download", "test_collection"],
    /^Downloaded to collection\.json\.\n$/,
  ],
  [
    ["collection", "download", "test_collection"],
    /^Collection downloaded to download[\\/]twarc-cloud-data[\\/]collections[\\/]test_collection\n$/,
  ],
  [["collection", "stop", "test_collection"], /^Stopped\n$/],
];

async function withKeys(place: Place): Promise<void> {
  await Deno.mkdir(place.path("twarc-cloud-data"));
  const keys = Object.entries(place.sandbox.keys).map(([name, value]) => `${name} = ${value}`);
  await Deno.writeTextFile(place.path(".twarc"), `[main]\n${keys.join("\n")}\n`);
}

Deno.test("the original's quick start prints what its documents show, and leaves the files that they name", () =>
  inOneProcess(async (place) => {
    await withKeys(place);
    for (const [args, printed] of LINES) assert.equal(await place.ok(...args), printed);
    await until(async () => (await place.ok("harvest", "list")) === "No running harvests.\n");
    for (const [args, printed] of AFTER) assert.match(await place.ok(...args), printed);
    const folder = place.path("download", "twarc-cloud-data", "collections", "test_collection");
    const names = (await Array.fromAsync(filesBelow(folder))).map((path) =>
      path.slice(folder.length + 1).replace(/\d{4}(\/\d\d){5}/, "DATE").replace(/\d{14}/, "TIME")
    );
    // But user_changes.json: what has nothing in it is not written.
    for (
      const name of [
        "collection.json",
        "last_harvest.json",
        "changesets/change-TIME.json",
        "harvests/DATE/tweets-TIME.jsonl.gz",
        "harvests/DATE/users.jsonl",
        "harvests/DATE/manifest-sha1.txt",
        "harvests/DATE/collection.json",
        "harvests/DATE/harvest.json",
      ]
    ) assert.ok(names.includes(name), `${name}: ${names}`);
  }, { world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 30 }) }));

Deno.test("the documents' filter commands print what they show", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "test_filter", type: "filter", filter: { track: "sandbox" } });
    const start = ["collection", "timeline-start", "test_filter"];
    assert.equal(await place.ok(...start), "Started\n");
    const list = await place.ok("harvest", "list");
    assert.match(list, /^test_filter => Bucket: \S+\. Status: RUNNING\n$/);
    assert.match(
      await place.ok("harvest", "running", "test_filter"),
      /^test_filter => Bucket: \S+\. Harvest timestamp: \S+\. Tweets: \d+\. Files: \d+ \(\S+\)\n/,
    );
    const stop = ["collection", "timeline-stop", "test_filter"];
    assert.equal(await place.ok(...stop), "Stopping ...\nStopped\n");
  }));
