/**
 * Holds every --help text. After a change that was meant, renew them with
 * UPDATE_SNAPSHOTS=1 deno test --no-check -A tests/e2e/help_test.ts
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run } from "../../main.ts";
import { inPlace } from "./program.ts";

const SNAPSHOTS = fileURLToPath(new URL("../snapshots/help.txt", import.meta.url));

/** The commands below a command, as its help lists them. */
function commandsIn(help: string): string[] {
  const listed = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(help)?.[1] ?? "";
  return [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = ""]) => name);
}

/** What a command line prints, in this process. */
async function printed(...args: string[]): Promise<string> {
  let out = "";
  const write = { out: (text: string) => void (out += text), err: assert.fail };
  assert.equal(await run(args, write), 0);
  return out;
}

Deno.test("every command has its help, with what the snapshot says", async () => {
  const texts: string[] = [];
  async function visit(path: string[]): Promise<void> {
    const help = await printed(...path, "--help");
    assert.equal(await printed(...path, "-h"), help);
    texts.push(`$ twarc-cloud ${[...path, "--help"].join(" ")}\n${help}`);
    for (const name of commandsIn(help)) await visit([...path, name]);
  }
  await visit([]);
  assert.ok(texts.length > 25);
  const all = texts.join("\n");
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(SNAPSHOTS, all);
  assert.equal(all, await Deno.readTextFile(SNAPSHOTS));
});

Deno.test("the program itself prints the same, on standard output", () =>
  inPlace(async (place) => {
    for (const path of [[], ["collection"], ["harvest", "run"]]) {
      assert.equal(await place.ok(...path, "--help"), await printed(...path, "--help"));
    }
  }));

Deno.test("who has only the README finds every command in its table", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
  const missing: string[] = [];
  for (const group of ["", "collection-config", "collection", "bucket", "harvest"]) {
    for (const name of commandsIn(await printed(...group === "" ? [] : [group], "--help"))) {
      if (["collection-config", "collection", "bucket", "harvest"].includes(name)) continue;
      const named = new RegExp(
        `^\\| \`${group} ?[^|]*\`(?:${group} )?${name}\\b|^\\| \`${group} ?${name}\\b`,
      );
      if (!rows.some((row) => named.test(row))) missing.push(`${group} ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("every command of the documents is there, under each of its names", async () => {
  const commands = {
    "": ["configure", "collection-config", "collection", "harvest", "sandbox", "scheduler"],
    "collection-config": [
      "template",
      "download",
      "update",
      "keys",
      "credentials",
      "screennames",
      "screenname-files",
      "userids",
      "userid-files",
      "userid-filenames",
      "changes",
    ],
    collection: [
      "list",
      "add",
      "once",
      "schedule",
      "stop",
      "scheduled",
      "filter-start",
      "timeline-start",
      "filter-stop",
      "timeline-stop",
      "download",
    ],
    harvest: ["list", "running", "last", "run", "unlock", "logs"],
  };
  await Promise.all(
    Object.entries(commands).flatMap(([group, names]) =>
      names.map(async (name) => {
        const path = [...group === "" ? [] : [group], name];
        assert.match(
          await printed(...path, "--help"),
          new RegExp(`^Usage: twarc-cloud ${group}`),
          path.join(" "),
        );
      })
    ),
  );
});
