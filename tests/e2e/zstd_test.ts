import assert from "node:assert/strict";
import { codecFor } from "../../lib/format/codec.ts";
import { inOneProcess } from "./program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

Deno.test("a collection that changes to zstd is read as one, by every command that reads", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    await place.ok("collection-config", "download", "find");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    const zstd = { ...config, compression: "zstd", compression_level: 9 };
    await place.writeJson("collection.json", zstd);
    await place.ok("collection-config", "update");
    const user = [...place.sandbox.world.users.keys()][0] ?? "";
    const [posted] = place.sandbox.world.post(user);
    await place.harvest("find");
    const names = await tweetsFiles(place.path("twarc-cloud-data"));
    assert.deepEqual(names.map((name) => name.replace(/.*\.jsonl/, "")).sort(), [".gz", ".zst"]);
    const packed = await Deno.readFile(names.find((name) => name.endsWith(".zst")) ?? "");
    const lines = new TextDecoder().decode(codecFor("zstd").unpackBytes(packed, 1e6)).trim();
    assert.deepEqual(lines.split("\n").map((line) => JSON.parse(line).id_str), [`${posted?.id}`]);
    await place.ok("collection", "verify", "find");
    const { out } = await place.run("collection", "dehydrate", "find");
    assert.ok(out.split("\n").includes(`${posted?.id}`));
    await place.ok("collection", "export", "find", "--format", "csv", "--output", "all.csv");
    assert.ok((await Deno.readTextFile(place.path("all.csv"))).includes(`${posted?.id}`));
  }));

async function tweetsFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await tweetsFiles(`${folder}/${name}`));
    else if (name.startsWith("tweets-")) found.push(`${folder}/${name}`);
  }
  return found;
}
