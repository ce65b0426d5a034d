import assert from "node:assert/strict";
import {
  compareIds,
  idAbove,
  idBelow,
  readIds as idsInBytes,
} from "../../../lib/twitter/bytes/ids.ts";

const idsIn = (line: string) => idsInBytes(new TextEncoder().encode(line));

Deno.test("a line of version 1.1 has one id, exact also where only a number is there", () => {
  assert.deepEqual(
    idsIn('{"id":12345678901234567891,"id_str":"12345678901234567890","user":{"id_str":"5"}}'),
    ["12345678901234567890"],
  );
  assert.deepEqual(idsIn('{"text":"x","id":12345678901234567891}'), ["12345678901234567891"]);
});

Deno.test("a line of version 2 has the ids of its answer, or of its one tweet", () => {
  assert.deepEqual(
    idsIn('{"data":[{"id":"1"},{"text":"x","id":"2"}],"includes":{"tweets":[{"id":"3"}]}}'),
    ["1", "2"],
  );
  assert.deepEqual(idsIn('{"data":{"id":"7"},"matching_rules":[{"id":1377649934414049282}]}'), [
    "7",
  ]);
});

Deno.test("a line without an id is told", () => {
  for (const line of ["{}", '{"id":"x"}', "[]", '{"data":[{}]}']) {
    assert.throws(() => idsIn(line), SyntaxError);
  }
});

Deno.test("ids are compared and counted as numbers, however many digits they have", () => {
  const ids = ["10", "9", "1377649934414049282", "1377649934414049281", "9"];
  assert.deepEqual(ids.toSorted(compareIds), [
    "9",
    "9",
    "10",
    "1377649934414049281",
    "1377649934414049282",
  ]);
  assert.deepEqual([idBelow("10"), idAbove("9")], ["9", "10"]);
  assert.equal(idBelow("1377649934414049282"), "1377649934414049281");
  assert.equal(idAbove("1377649934414049281"), "1377649934414049282");
});
