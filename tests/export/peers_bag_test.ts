/** Bags, read by the programs that archives use: bagit.py and rocrate. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inOneProcess, type Place } from "../e2e/program.ts";
import { ORIGINAL_SECRET, originalBuckets, placeIn } from "../fakes/original_bucket.ts";
import { pythonReads } from "../peers/python.ts";

const INI = `[DEFAULT]
bucket = ./written
[citation]
title = Tweets about #marmots: a corpus
creators = Lovelace, Ada (0000-0002-1825-0097); The Marmot Group
publisher = University of Zürich
year = 2026
rights = For research only
license = https://creativecommons.org/licenses/by/4.0/
`;

/** What bagit.py says. */
interface Found {
  fault: string | null;
  info: Record<string, string | string[]>;
  payload: string[];
}

/** What rocrate reads. */
interface Crate {
  name: string;
  authors: string[];
  license: unknown;
  files: Record<string, [sha256: string, bytes: string]>;
  runs: { name: string; by: string; result: string[] }[];
}

/** A place with a bucket that the Python original wrote, with keys in the clear. */
async function withBucket(use: (place: Place) => Promise<void>): Promise<void> {
  const [[, objects] = ["", new Map<string, Uint8Array>()]] = await originalBuckets();
  await inOneProcess(async (place) => {
    await placeIn(place.path("written"), objects);
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), INI);
    await use(place);
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    found.push(...isDirectory ? await filesBelow(path) : [path]);
  }
  return found.toSorted();
}

async function flip(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await Deno.writeFile(path, bytes);
}

Deno.test("a bag is valid for bagit.py until a byte is changed, has no keys, and is a crate that rocrate reads", () =>
  withBucket(async (place) => {
    const out = await place.ok("collection", "export", "people", "live", "--format", "bagit");
    assert.equal(out, `Exported to ${join("export", "people+live.bagit")}\n`);
    const bag = place.path("export", "people+live.bagit");
    const tar = ["--format", "bagit", "--output", "people.tar"];
    await place.ok("collection", "export", "people", ...tar);
    const packed = place.path("people.tar");
    const piped = await place.spawn(["collection", "export", "people", ...tar.slice(0, 3), "-"])
      .output();
    assert.ok(Buffer.from(piped.stdout).equals(await Deno.readFile(packed)), "the same bytes");
    const [whole, crate, names] = await pythonReads([
      ["bag", bag],
      ["crate", join(bag, "data")],
      ["untar", packed, place.path("untarred")],
    ]) as [Found, Crate, string[]];

    assert.equal(whole.fault, null);
    assert.equal(whole.info["Source-Organization"], "University of Zürich");
    assert.deepEqual(whole.info["External-Identifier"], ["people", "live"]);
    assert.ok(whole.payload.includes("data/collections/people/collection.json"));
    for (const path of await filesBelow(bag)) {
      assert.doesNotMatch(await Deno.readTextFile(path), ORIGINAL_SECRET, path);
    }

    assert.equal(crate.name, "Tweets about #marmots: a corpus");
    assert.deepEqual(crate.authors, ["Lovelace, Ada", "The Marmot Group"]);
    assert.equal(crate.license, "https://creativecommons.org/licenses/by/4.0/");
    const runs = crate.runs.map(({ result }) => result.filter((one) => one.includes("/tweets-")));
    assert.deepEqual(runs.map(({ length }) => length), [1, 1]);
    for (const [name, [sha256, bytes]] of Object.entries(crate.files)) {
      const content = await Deno.readFile(
        join(bag, "data", ...decodeURIComponent(name).split("/")),
      );
      assert.equal(createHash("sha256").update(content).digest("hex"), sha256, name);
      assert.equal(`${content.length}`, bytes);
    }

    assert.ok(names.every((name) => name.startsWith("people/")), names.join());
    const unpacked = place.path("untarred", "people");
    await flip(join(bag, whole.payload.find((path) => path.includes("/tweets-")) ?? ""));
    await flip(join(unpacked, "export.json"));
    const broken = await pythonReads([["bag", bag], ["bag", unpacked]]) as Found[];
    assert.match(broken[0]?.fault ?? "", /tweets-.*sha256 validation failed/);
    assert.match(broken[1]?.fault ?? "", /export\.json/);
    await flip(join(unpacked, "export.json"));
    const [mended] = await pythonReads([["bag", unpacked]]) as Found[];
    assert.equal(mended?.fault, null);
    // What it carries is a bucket.
    const inBag = place.path("untarred", "people", "data");
    const ids = await place.ok("collection", "dehydrate", "people", "--bucket", inBag);
    assert.equal(ids, await place.ok("collection", "dehydrate", "people"));
  }));
