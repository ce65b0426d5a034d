import assert from "node:assert/strict";
import { inOneProcess, type Place } from "../../e2e/program.ts";
import { runsHere } from "../../fakes/other_processes.ts";

const SEARCH = { id: "find", type: "search", title: "Marmots", search: { query: "sandbox" } };

async function readmeOf(place: Place, ...parts: string[]): Promise<string> {
  return await Deno.readTextFile(place.path("twarc-cloud-data", ...parts, "README.md"));
}

/** Runs the blocks of a README as somebody without this program does; what they print. */
async function checked(place: Place): Promise<string> {
  const cwd = place.path("twarc-cloud-data", "collections", "find");
  const text = await readmeOf(place, "collections", "find");
  let said = "";
  const blocks = [...text.matchAll(/^```(sh|python)\n([\s\S]*?)^```/gm)];
  assert.deepEqual(blocks.map(([, language]) => language), ["sh", "python"]);
  const sum = await runsHere("sha1sum") ? "sha1sum" : "shasum";
  for (const [, language, block = ""] of blocks) {
    const args = ["-c", block.replaceAll("sha1sum", sum)];
    const program = language === "sh" ? "sh" : "python3";
    const { stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
    said += new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  }
  return said;
}

Deno.test("a bucket and its collections say what they are, and how to check them without this program", () =>
  inOneProcess(async (place) => {
    await place.addByCommand(SEARCH);
    assert.match(await readmeOf(place), /This is a bucket of twarc-cloud/);
    assert.match(await readmeOf(place, "collections", "find"), /\n# Marmots\n/);
    await place.harvest("find");
    assert.equal(await checked(place), "The inventory is whole.\n");
    const [folder = ""] = await place.harvests("find");
    await Deno.writeTextFile(`${folder}/harvest.json`, "{}");
    assert.match(await checked(place), /harvest\.json: FAILED/);
    const inventory = place.path("twarc-cloud-data", "collections", "find", "inventory.jsonl");
    const [, ...lines] = (await Deno.readTextFile(inventory)).split("\n");
    await Deno.writeTextFile(inventory, lines.join("\n"));
    assert.match(await checked(place), /AssertionError: inventory\.jsonl/);
  }));

Deno.test("what a README says is true after each command that changes it, and it is no fault and no secret", () =>
  inOneProcess(async (place) => {
    await place.addByCommand(SEARCH);
    const readme = (id = "find") => readmeOf(place, "collections", id);
    await place.ok("collection-config", "download", "find");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    await place.writeJson("collection.json", { ...config, title: "Ibexes", contact: "me@x.org" });
    await place.ok("collection-config", "update");
    assert.match(await readme(), /\n# Ibexes\n[\s\S]*\nContact: me@x\.org\n/);
    await place.ok("collection", "rename", "find", "found");
    assert.match(await readme("found"), /with the\nid `found`/);
    // An older collection gets one from what starts a harvest.
    await Deno.remove(place.path("twarc-cloud-data", "collections", "found", "README.md"));
    await place.ok("collection", "once", "found", "--wait");
    assert.match(await readme("found"), /\n# Ibexes\n/);
    await place.ok("collection", "freeze", "found");
    assert.match(await readme("found"), /It is frozen since 20/);
    await place.ok("collection", "unfreeze", "--note=x", "found");
    assert.doesNotMatch(await readme("found"), /frozen/);
    await place.ok("collection", "download", "found");
    const copy = place.path("download", "twarc-cloud-data", "collections", "found", "README.md");
    assert.equal(await Deno.readTextFile(copy), await readme("found"));
  }));
