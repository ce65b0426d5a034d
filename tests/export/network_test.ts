import assert from "node:assert/strict";
import { join } from "node:path";
import { OutsideError } from "../../lib/base/errors.ts";
import { Network } from "../../lib/export/network.ts";
import { type EdgeKind, EDGES } from "../../lib/export/network_records.ts";
import { EdgesWriter, GexfWriter } from "../../lib/export/network_writers.ts";
import { Pseudonyms } from "../../lib/export/pseudonyms.ts";
import { Spill } from "../../lib/export/spill.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported, madeStatuses } from "./exported.ts";

async function edgesOf(lines: string[], kinds: readonly EdgeKind[] = EDGES): Promise<string[]> {
  const network = new Network({ kinds: new Set(kinds) });
  const csv = await exported(lines, (sink) => new EdgesWriter(sink, network));
  return new TextDecoder().decode(csv).trimEnd().split("\n").slice(1).toSorted();
}

Deno.test("edges go from who wrote a tweet to whom it is about, of either version", async () => {
  assert.deepEqual(await edgesOf(madeStatuses()), [
    "11,11,quote,1",
    "11,11,retweet,1",
    "11,6,reply,1",
  ]);
  assert.deepEqual(await edgesOf(madePages()), [
    "11,12,quote,1",
    "11,12,retweet,1",
    "12,11,mention,1",
    "12,99,reply,1",
  ]);
  assert.deepEqual(await edgesOf(madePages(), ["reply"]), ["12,99,reply,1"]);
});

Deno.test("nodes have a name, what they posted and when, and nothing that XML cannot have", async () => {
  const lines = madeStatuses().map((line) => line.replaceAll('"ada"', '"a<&\\u0007\\ud800"'));
  const graph = async (pseudonyms?: Pseudonyms) => {
    const network = new Network({ kinds: new Set(EDGES), pseudonyms });
    return new TextDecoder().decode(
      await exported(lines, (sink) => new GexfWriter(sink, network)),
    );
  };
  const text = await graph();
  assert.match(
    text,
    /<node id="11" label="a&lt;&amp;\ufffd\ufffd"><attvalues><attvalue for="posts" value="7"\/>/,
  );
  assert.match(text, /<attvalue for="first" value="2016-03-28T14:36:00.000Z"\/>/);
  const hidden = await graph(new Pseudonyms("0123456789abcdef"));
  assert.doesNotMatch(hidden, /id="11"|label="a/);
});

Deno.test("records that are too many for memory come back from the disk, those of a key together", async () => {
  const spill = new Spill();
  const long = "x".repeat(100_000);
  try {
    for (let i = 0; i < 100; i++) {
      spill.add(`${i % 10}`, `${i}:${long}`);
      await spill.settle();
    }
    const parts = await Array.fromAsync(spill.parts());
    const numbers = parts.map((records) => {
      const lines = new TextDecoder().decode(records).split("\n").slice(0, -1);
      return lines.map((one) => Number(one.split(":")[0]));
    });
    assert.equal(numbers.flat().length, 100);
    for (let key = 0; key < 10; key++) {
      const parts = numbers.filter((part) => part.some((n) => n % 10 === key));
      assert.equal(parts.length, 1);
      const mine = parts.flat().filter((n) => n % 10 === key);
      assert.deepEqual(mine, mine.toSorted((a, b) => a - b));
    }
  } finally {
    await spill.close();
  }
});

Deno.test("a part that cannot be read back from the disk, or is gone, ends in an error", async () => {
  for (const spoil of [spoilByFolder, Deno.remove]) {
    const parent = await Deno.makeTempDir();
    const spill = new Spill(parent);
    try {
      spill.add("a", "x".repeat(100_000));
      spill.add("b", "of another part, which has no file");
      await spill.settle();
      const [folder] = await Array.fromAsync(Deno.readDir(parent));
      const [part, ...others] = await Array.fromAsync(
        Deno.readDir(join(parent, `${folder?.name}`)),
      );
      assert.deepEqual(others, []);
      await spoil(join(parent, `${folder?.name}`, `${part?.name}`));
      await assert.rejects(Array.fromAsync(spill.parts()), OutsideError);
    } finally {
      await spill.close();
      await Deno.remove(parent, { recursive: true });
    }
  }
});

/** Puts a folder in a file's place: reading it fails with something else than that it is absent. */
async function spoilByFolder(path: string): Promise<void> {
  await Deno.remove(path);
  await Deno.mkdir(path);
}
