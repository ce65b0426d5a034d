import assert from "node:assert/strict";
import { tarHeader } from "../../../lib/export/bag/tar.ts";

const TIME = Date.UTC(2026, 0, 2);

/** The texts of a header's fields. */
function fields(block: Uint8Array) {
  const text = new TextDecoder("latin1").decode(block);
  const field = (at: number, length: number) => text.slice(at, at + length).replace(/\0.*$/, "");
  return { name: field(0, 100), size: field(124, 12), type: field(156, 1), magic: field(257, 6) };
}

Deno.test("a name or a size for which a tar's header has no room is in a record before it, which says its own length", () => {
  const plain = tarHeader("bag/data/a.txt", 5, TIME);
  assert.equal(plain.length, 512);
  assert.deepEqual(fields(plain), {
    name: "bag/data/a.txt",
    size: "00000000005",
    type: "0",
    magic: "ustar",
  });
  // Lengths around those at which the number of the record's digits grows.
  for (const length of [83, 84, 85, 86, 101, 150, 985, 986, 987, 988, 989]) {
    const name = `bag/é${"x".repeat(length)}`;
    const blocks = tarHeader(name, 9 * 2 ** 30, TIME);
    assert.equal(fields(blocks).type, "x");
    const size = parseInt(fields(blocks).size, 8);
    let rest = blocks.subarray(512, 512 + size);
    const found: Record<string, string> = {};
    while (rest.length > 0) {
      const [digits = ""] = new TextDecoder().decode(rest).split(" ");
      const record = new TextDecoder().decode(rest.subarray(0, Number(digits)));
      const [, key = "", value = ""] = /^\d+ ([^=]+)=([^\n]*)\n$/.exec(record) ?? [];
      found[key] = value;
      rest = rest.subarray(Number(digits));
    }
    assert.deepEqual(found, { path: name, size: `${9 * 2 ** 30}` });
    assert.equal(blocks.length % 512, 0);
    assert.equal(fields(blocks.subarray(-512)).type, "0");
  }
});
