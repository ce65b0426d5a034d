import assert from "node:assert/strict";
import { claimFolder } from "../../lib/bucket/harvest_folder.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

Deno.test("a claim whose answer is lost is made, and claims one folder", async () => {
  const store = new MemoryStore();
  const config = { id: "c", type: "search" };
  const claim = () => claimFolder(store, { collectionId: "c", config, now: 5_000 });
  store.after = () => {
    store.after = () => {};
    throw new OutsideError("The connection was reset");
  };
  assert.equal((await claim()).began, 5_000);
  assert.equal((await claim()).began, 5_000, "made again by who was killed in between");
  await store.put("collections/c/harvests/1970/01/01/00/00/05/users.jsonl", new Uint8Array());
  assert.equal((await claim()).began, 6_000, "a folder that is in use is another's");
  assert.equal(store.keys().length, 3);
  store.before = ({ method }) => {
    if (method === "put") throw new OutsideError("The store is away");
  };
  await assert.rejects(claim(), /The store is away/);
});
