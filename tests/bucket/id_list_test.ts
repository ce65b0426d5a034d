import assert from "node:assert/strict";
import { IdList, idText, readIds } from "../../lib/bucket/id_list.ts";
import { UserError } from "../../lib/base/errors.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

Deno.test("ids come out sorted by their numbers, each once, however many there are", () => {
  const list = new IdList();
  for (let i = 5_000; i > 0; i--) for (const id of [`${i}`, `${i}`]) assert.ok(list.add(id));
  assert.ok(list.add("18446744073709551615"));
  const ids = list.takeSorted();
  assert.equal(ids.length, 5_001);
  assert.deepEqual([...ids.subarray(0, 3)], [1n, 2n, 3n]);
  assert.equal(ids.at(-1), 18446744073709551615n);
});

Deno.test("what no tweet can have for an id is not taken", () => {
  const list = new IdList();
  for (const id of ["", "0", "-1", "1.0", "1e3", "18446744073709551616", "123456789012345678901"]) {
    assert.equal(list.add(id), false, id);
  }
  assert.equal(list.takeSorted().length, 0);
});

Deno.test("ids survive the way to the bucket and back, in many blocks", async () => {
  const list = new IdList();
  for (let i = 1; i <= 10_000; i++) list.add(`${1_000_000_000_000_000_000n + BigInt(i)}`);
  const ids = list.takeSorted();
  const store = new MemoryStore();
  await store.put("ids.txt", idText(ids));
  assert.deepEqual(await readIds(store, "ids.txt"), ids);
  assert.equal(idText(new BigUint64Array([3n, 20n])).length, "3\n20\n".length);
});

Deno.test("an ids file that is gone or damaged is named", async () => {
  const store = new MemoryStore();
  await assert.rejects(readIds(store, "c/ids.txt"), UserError);
  await store.put("c/ids.txt", new TextEncoder().encode("12\nabc\n"));
  await assert.rejects(readIds(store, "c/ids.txt"), /c\/ids\.txt has a line.*abc/);
});
