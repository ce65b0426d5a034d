/**
 * The commands of the documents, as somebody types them who begins with an empty home: each in its order, and none that is
 * left out without a reason.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ROOT } from "../sources.ts";
import { inOneProcess, type Place, until } from "./program.ts";
import { runsHere } from "../fakes/other_processes.ts";

/** The documents, in the order in which they are read. */
const DOCUMENTS = [
  "README.md",
  "docs/configuration.md",
  "docs/exports.md",
  "docs/files.md",
  "docs/sandbox.md",
  "docs/administration.md",
  "docs/windows-and-macos.md",
];

/** Lines that are not run here, by what they begin with, and why. */
const NOT_RUN: Record<string, string> = {
  "npx -y deno@2.9.6 task": "CI runs these tasks",
  "twarc-cloud configure": "it asks a person: tests/cli/configure_test.ts",
  "twarc-cloud scheduler": "it goes on until it is stopped: tests/e2e/schedule_test.ts",
  "twarc-cloud sandbox": "it goes on until it is stopped: tests/e2e/demo_test.ts",
  "timeout --signal=TERM 8h": "it takes eight hours",
  "duckdb ": "a program of others",
  "bagit.py ": "a program of others",
  "twarc-cloud collection export my_people --format bagit --output - | ssh": "it wants a server",
  "BEARER_TOKEN=x twarc2": "a program of others: tests/e2e/twarc_test.ts",
  "zstd ": "for collections that are packed so: tests/e2e/zstd_test.ts",
  "cd twarc-cloud-data/collections/my_people/harvests/2026": "a time of the documents' own",
  "shasum ": "for macOS",
  "chmod ": "for macOS",
  "xattr ": "for macOS",
  "./twarc-cloud-macos-arm64 ": "for macOS",
};

/** What a person does before a line, as the text around it says. */
const BEFORE: Record<string, (place: Place) => Promise<unknown>> = {
  "twarc-cloud collection-config screenname-files names.txt": (place) => {
    const [user] = place.sandbox.world.users.values();
    return Deno.writeTextFile(place.path("names.txt"), `${user?.screenName}\n`);
  },
  "twarc-cloud collection add --collection-config-filepath my_search.json": (place) =>
    filled(place, "my_search.json", { search: { query: "sandbox" } }),
  "twarc-cloud collection add --collection-config-filepath my_stream.json": (place) =>
    filled(place, "my_stream.json", { filter: { rules: [{ value: "sandbox" }] } }),
  "twarc-cloud harvest running my_stream": (place) =>
    until(async () => (await place.run("harvest", "running", "my_stream")).code === 0),
};

/** Puts into a template what is to be collected. */
async function filled(place: Place, name: string, part: object): Promise<void> {
  const template: object = JSON.parse(await Deno.readTextFile(place.path(name)));
  await place.writeJson(name, { ...template, ...part });
}

/** The lines of a document's blocks for a shell, without comments. */
async function linesOf(document: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${ROOT}${document}`);
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
    block.split("\n").map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line)
  );
}

/** The words of a command as a shell takes them. */
function wordsOf(line: string): string[] {
  return Array.from(
    line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

/** Whether what the documents pipe into is here. */
const hasJq = await runsHere("jq");
/** What they say to take where there is no sha1sum. */
const SUM = await runsHere("sha1sum") ? "sha1sum" : "shasum";

/** Types a line: this program's command in this process, what follows a pipe and all else in a shell. */
async function typed(place: Place, line: string, cwd: string): Promise<void> {
  const [, own, rest] = /^twarc-cloud (.*?)(?: \| (.*))?$/.exec(line) ?? [];
  const out = own === undefined ? "" : await place.ok(...wordsOf(own));
  const shell = own === undefined ? line : rest;
  if (shell === undefined || (!hasJq && /\bjq\b/.test(shell))) return;
  const child = new Deno.Command("sh", {
    args: ["-c", shell.replace(/^sha1sum\b/, SUM)],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(out)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, `${line}: ${new TextDecoder().decode(stderr)}`);
  if (/\bjq\b/.test(shell)) assert.ok(stdout.length > 0, `${line} printed nothing`);
}

Deno.test("each command of the documents does what is said, in an empty home, in its order", () =>
  inOneProcess(async (place) => {
    // What `configure` stores.
    const keys = Object.entries(place.sandbox.keys).map(([name, value]) => `${name} = ${value}`);
    await Deno.writeTextFile(place.path(".twarc"), `[main]\n${keys.join("\n")}\n`);
    const [reasons, deeds] = [new Set(Object.keys(NOT_RUN)), new Set(Object.keys(BEFORE))];
    for (const document of DOCUMENTS) {
      let cwd = place.folder;
      for (const line of await linesOf(document)) {
        const reason = Object.keys(NOT_RUN).find((start) => line.startsWith(start));
        if (reason !== undefined) {
          reasons.delete(reason);
          // The documents name a harvest of their own time.
          if (line.includes("/harvests/2026")) [cwd = cwd] = await place.harvests("my_people");
          continue;
        }
        deeds.delete(line);
        await BEFORE[line]?.(place);
        const [, folder] = /^cd (.*)$/.exec(line) ?? [];
        if (folder === undefined) await typed(place, line, cwd);
        else cwd = join(folder.startsWith("twarc-cloud-data/") ? place.folder : cwd, folder);
      }
    }
    assert.deepEqual([[...reasons], [...deeds]], [[], []], "No document has these any more");
  }, { world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 5 }) }));
