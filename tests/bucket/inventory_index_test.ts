import assert from "node:assert/strict";
import fc from "fast-check";
import { InventoriedHarvests } from "../../lib/bucket/inventory_index.ts";

const sha1 = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 40, maxLength: 40 }),
  fc.constantFrom("", "=", "A".repeat(40), "a".repeat(39), "_-".repeat(13)),
);
const file = fc.constantFrom(
  "collection.json",
  "manifest-sha1.txt",
  "users.jsonl",
  "missing.jsonl",
  "tweets-20200101000000.jsonl.gz",
  "0",
  "note.txt",
  "__proto__",
);
const sum = fc.record({ sha1, bytes: fc.nat(), tweets: fc.nat() }, {
  requiredKeys: ["sha1", "bytes"],
  noNullPrototype: true,
});
const harvest = fc.record({
  files: fc.array(fc.tuple(file, sum)).map((files) => Object.fromEntries(files)),
  checkpoint: fc.option(sha1.filter((text) => text !== ""), { nil: undefined }),
  entry: fc.nat(),
}, { noNullPrototype: true });

Deno.test("a harvest of an inventory is given as it was set, whatever its files and their sums are", () => {
  fc.assert(fc.property(harvest, (harvest) => {
    const harvests = new InventoriedHarvests();
    harvests.set("harvests/2020/01/01/00/00/00", harvest);
    assert.deepEqual(harvests.get("harvests/2020/01/01/00/00/00"), harvest);
    const sizes = Object.entries(harvest.files).map(([file, { bytes, tweets }]) => {
      return [file, { bytes, tweets }];
    });
    assert.deepEqual(harvests.sizesOf("harvests/2020/01/01/00/00/00"), sizes);
    assert.equal(harvests.entryOf("harvests/2020/01/01/00/00/00"), harvest.entry);
    assert.deepEqual([harvests.sizesOf("no"), harvests.entryOf("no")], [[], undefined]);
  }));
});
