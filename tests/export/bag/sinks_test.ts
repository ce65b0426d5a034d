import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { Bag } from "../../../lib/export/bag/bag.ts";
import { openFolder, openTar } from "../../../lib/export/bag/sinks.ts";
import { namesIn, withFolder } from "../../fakes/folder.ts";

async function* parts(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(new TextEncoder().encode(text));
}

Deno.test("a bag's folder has its name when it is whole, and takes no other's place", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bag");
    const dropped = await openFolder(join(folder, "made", "bag"));
    await new Bag(dropped).carry("a.txt", { size: 3, content: parts("a", "bc") });
    await dropped.discard();
    assert.deepEqual(await namesIn(folder), []);

    const sink = await openFolder(path);
    const bag = new Bag(sink);
    await bag.carry("a.txt", { size: 3, content: parts("a", "bc") });
    await bag.end([["Contact-Name", "Ada\nInjected: label"]]);
    assert.match((await namesIn(folder)).join(), /^bag\.[0-9a-f]{8}\.part$/);
    await sink.keep();
    assert.deepEqual(await namesIn(folder), ["bag"]);
    const info = await Deno.readTextFile(join(path, "bag-info.txt"));
    assert.equal(info, "Contact-Name: Ada Injected: label\nPayload-Oxum: 3.1\n");
    await assert.rejects(openFolder(path), /bag already exists/);
  }));

Deno.test("a file that is not as long as it was listed ends a bag: a tar would lie about it", async () => {
  const nothing = () => Promise.resolve();
  for (const texts of [["a"], ["abc", "d"]]) {
    const tar = { name: "bag", time: 0, keep: nothing, discard: nothing };
    const bag = new Bag(openTar({ write: nothing }, tar));
    const content = parts(...texts);
    await assert.rejects(bag.carry("a.txt", { size: 3, content }), /a\.txt changed while/);
  }
});

Deno.test("the same bag has the same bytes", async () => {
  const written = async () => {
    const blocks: Uint8Array[] = [];
    const write = (bytes: Uint8Array) => Promise.resolve(void blocks.push(bytes.slice()));
    const nothing = () => Promise.resolve();
    const sink = openTar({ write }, { name: "b", time: 0, keep: nothing, discard: nothing });
    const bag = new Bag(sink);
    await bag.carry("100%.txt", { size: 3, content: parts("abc") });
    await bag.end([]);
    await sink.keep();
    return Buffer.concat(blocks).toString();
  };
  const text = await written();
  assert.equal(text, await written());
  assert.match(text, /data\/100%25\.txt\n/);
});
