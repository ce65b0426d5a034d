import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { inOneProcess, inPlace, type Place } from "../e2e/program.ts";

Deno.test("the version is told in both ways", () =>
  inPlace(async (place) => {
    for (const flag of ["-V", "--version"]) {
      assert.equal(await place.ok(flag), `${config.version}\n`);
    }
  }));

Deno.test("a name that is mistyped is met with the one that was meant, and exit code 2", () =>
  inOneProcess(async (place) => {
    const { code, out, err } = await place.run("collection", "onse", "x");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /unknown command 'onse'\n\(Did you mean once\?\)/);
  }));

Deno.test("help of a command is to be had in front of it too, and a usage error names that command's", () =>
  inOneProcess(async (place) => {
    for (
      const command of [[], ["collection"], ["collection", "once"], ["collection", "timeline-stop"]]
    ) {
      assert.equal(await place.ok("help", ...command), await place.ok(...command, "--help"));
    }
    assert.equal(
      await place.ok("collection", "help", "once"),
      await place.ok("collection", "once", "--help"),
    );
    assert.equal(await place.ok("harvest", "help"), await place.ok("harvest", "--help"));
    const unknown = await place.run("help", "collection", "nonce");
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /Unknown command collection nonce\. Commands: list, add/);
    const usage = await place.run("collection", "once");
    assert.match(usage.err, /\nSee: twarc-cloud collection once --help\n$/);
  }));

Deno.test("a group without a command shows its help on standard output, and exits with 2", () =>
  inOneProcess(async (place) => {
    for (const args of [[], ["collection-config"], ["collection"], ["harvest"]]) {
      const { code, out, err } = await place.run(...args);
      assert.deepEqual([code, err], [2, ""]);
      assert.equal(out, await place.ok(...args, "--help"));
    }
  }));

Deno.test("every command's help ends with an example of it", async () => {
  const help = await Deno.readTextFile(new URL("../snapshots/help.txt", import.meta.url));
  const commands = help.split(/^\$ twarc-cloud /m).slice(1);
  assert.ok(commands.length > 25);
  for (const text of commands) {
    const [path = ""] = text.split(" --help\n");
    const isGroup = text.includes("\nCommands:\n") || path.startsWith("--help");
    if (isGroup || path === "demo") continue;
    // What is to be copied is on one line of a usual terminal.
    for (const line of text.split("\n").filter((line) => line.startsWith("  twarc-cloud "))) {
      assert.ok(line.length <= 80, line);
    }
    assert.match(text, new RegExp(`\nExamples?:\n  twarc-cloud ${path}\\b`), path);
  }
});

Deno.test("--debug shows the cause of an error, which is one line without it", () =>
  inOneProcess(async (place) => {
    const plain = await place.run("collection", "once", "nope");
    assert.equal(plain.err.trimEnd().split("\n").length, 1);
    const debug = await place.run("--debug", "collection", "once", "nope");
    assert.equal(debug.code, 1);
    assert.ok(debug.err.startsWith(plain.err));
    assert.match(debug.err, /\n\s+at /);
  }));

/** A bucket with more collections than a pipe holds bytes of their names. */
async function manyCollections(place: Place): Promise<void> {
  for (let n = 0; n < 600; n++) {
    const folder = place.path("twarc-cloud-data", "collections", `${n}-${"x".repeat(120)}`);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/collection.json`, "{}");
  }
}

Deno.test("a reader that has seen enough ends a command, which says in one line that it is no success", () =>
  inPlace(async (place) => {
    await manyCollections(place);
    const child = place.spawn(["collection", "list"]);
    await child.stdout.cancel();
    const { code } = await child.status;
    assert.equal(code, 1);
    assert.match(
      await new Response(child.stderr).text(),
      /^Error: Standard output was closed before all output was written\..*`head`.*\n$/,
    );
  }));

Deno.test("no colours and no control characters come where there is no terminal", () =>
  inPlace(async (place) => {
    const { out, err } = await place.run("collection", "once", "a\u001b[31mb");
    assert.ok(!(out + err).includes("\u001b"));
    assert.match(err, /^Error: /);
  }));
