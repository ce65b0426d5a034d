import assert from "node:assert/strict";
import { withBucket, withConfigFile } from "../../lib/cli/named_bucket.ts";
import { inOneProcess } from "../e2e/program.ts";

Deno.test("a command that is shown names the bucket that was named, where it takes one and names none", () => {
  for (
    const [text, named] of [
      ["See: twarc-cloud harvest last a", "See: twarc-cloud harvest last --bucket ./b a"],
      ["Keep `twarc-cloud scheduler` up.", "Keep `twarc-cloud scheduler --bucket ./b` up."],
      ["Try: twarc-cloud collection once -- -a", null],
      ["Store keys: twarc-cloud configure", "Store keys: twarc-cloud configure"],
      ["See: twarc-cloud collection once --help", "See: twarc-cloud collection once --help"],
      [
        "Try: twarc-cloud collection add --bucket ./c",
        "Try: twarc-cloud collection add --bucket ./c",
      ],
      [
        "With `twarc-cloud collection list`, then: twarc-cloud harvest list",
        "With `twarc-cloud collection list --bucket ./b`, then: twarc-cloud harvest list --bucket ./b",
      ],
    ] as const
  ) {
    assert.equal(
      withBucket(text, "./b"),
      named ?? "Try: twarc-cloud collection once --bucket ./b -- -a",
    );
  }
});

Deno.test("a command that is shown names the configuration file that was named, where it takes one and names none", () => {
  const file = "--collection-config-filepath my.json";
  for (
    const [text, named] of [
      [
        "Add with `twarc-cloud collection-config keys`.",
        `Add with \`twarc-cloud collection-config keys ${file}\`.`,
      ],
      ["Next: twarc-cloud collection add", `Next: twarc-cloud collection add ${file}`],
      [`Next: twarc-cloud collection add ${file}`, null],
      ["See: twarc-cloud collection-config keys --help", null],
      [
        "Create it with: twarc-cloud collection-config template search --id=ID",
        `Create it with: twarc-cloud collection-config template search ${file} --id=ID`,
      ],
      ["Start it with: twarc-cloud collection once a", null],
    ] as const
  ) assert.equal(withConfigFile(text, "my.json"), named ?? text);
});

Deno.test("what solves an error of a configuration file is for the file that was named", () =>
  inOneProcess(async (place) => {
    const named = ["--collection-config-filepath", "my.json"];
    const absent = await place.run("collection", "add", ...named);
    assert.match(
      absent.err,
      /template user_timeline --collection-config-filepath my\.json --id=ID/,
    );
    await place.writeJson("my.json", { id: "find", type: "search", search: { query: "a" } });
    const bare = await place.run("collection", "add", ...named, "--bucket", "./b");
    assert.match(
      bare.err,
      /`twarc-cloud collection-config keys --bucket \.\/b --collection-config-filepath my\.json`/,
    );
    const usual = await place.run("collection", "add");
    assert.doesNotMatch(usual.err, /filepath/);
  }));

Deno.test("what comes next, and what solves an error, is for the bucket that was named", () =>
  inOneProcess(async (place) => {
    const { keys } = place.sandbox;
    const other = ["--bucket", "./other"];
    await place.writeJson("collection.json", {
      id: "find",
      type: "search",
      search: { query: "sandbox" },
      keys,
    });
    const added = await place.run("collection", "add", ...other);
    assert.match(
      added.err,
      /Start it with: twarc-cloud collection once --bucket \.\/other find\n$/,
    );
    const unknown = await place.run("collection", "once", "fund", ...other);
    assert.match(unknown.err, /twarc-cloud collection list --bucket \.\/other/);
    const ini = await place.run("collection", "list");
    assert.doesNotMatch(ini.err, /other/);
  }));
