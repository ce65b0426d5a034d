import assert from "node:assert/strict";
import { ConflictError, OutsideError } from "../../../lib/base/errors.ts";
import { MovedDocuments } from "../../../lib/runner/local/documents.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const KEY = "runner/schedules/a.json";

/** Documents of which a version before has left one in the bucket. */
async function moved() {
  const [own, former] = [new MemoryStore("own"), new MemoryStore("former")];
  const version = await former.put(KEY, bytes("before"));
  const documents = new MovedDocuments(own, former);
  const read = async () => new TextDecoder().decode((await documents.get(KEY))?.bytes);
  return { own, former, documents, version, read };
}

Deno.test("what a version before left is read and listed, and looking at it changes nothing", async () => {
  const { own, former, documents, read } = await moved();
  await documents.put("runner/schedules/b.json", bytes("mine"));
  assert.equal(await read(), "before");
  const listed = await Array.fromAsync(documents.list("runner/schedules/"));
  assert.deepEqual(listed.map(({ key }) => key).toSorted(), [KEY, "runner/schedules/b.json"]);
  assert.deepEqual([own.keys(), former.keys()], [["runner/schedules/b.json"], [KEY]]);
});

Deno.test("the first write takes it over, and the bucket has it no more", async () => {
  for (const isConditional of [true, false]) {
    const { own, former, documents, version, read } = await moved();
    await documents.put(KEY, bytes("after"), isConditional ? { ifVersion: version } : undefined);
    assert.equal(await read(), "after");
    assert.deepEqual([own.keys(), former.keys()], [[KEY], []]);
  }
});

Deno.test("what a scheduler of that version wrote meanwhile is not written over: it carries out that run", async () => {
  const { own, former, documents, version } = await moved();
  await former.put(KEY, bytes("due"));
  const late = () => documents.put(KEY, bytes("after"), { ifVersion: version });
  await assert.rejects(late(), ConflictError);
  assert.deepEqual([own.keys(), former.keys()], [[], [KEY]]);

  // It writes after this one has looked.
  const now = await documents.get(KEY) ?? assert.fail();
  own.before = async ({ method }) => {
    if (method === "put") await former.put(KEY, bytes("due again"));
  };
  const beaten = () => documents.put(KEY, bytes("after"), { ifVersion: now.version });
  await assert.rejects(beaten(), ConflictError);
  assert.deepEqual([own.keys(), former.keys()], [[], [KEY]]);
});

Deno.test("who is killed while taking it over loses nothing, and the next write or end clears what is left", async () => {
  for (const act of ["put", "delete"] as const) {
    const { own, former, documents, version, read } = await moved();
    former.before = ({ method }) => {
      if (method === "delete") throw new OutsideError("killed");
    };
    await assert.rejects(documents.put(KEY, bytes("after"), { ifVersion: version }), /killed/);
    former.before = () => {};
    assert.equal(await read(), "after");
    const listed = await Array.fromAsync(documents.list("runner/"));
    assert.equal(listed.length, 1, "it is one schedule");
    if (act === "put") await documents.put(KEY, bytes("last"));
    else await documents.delete(KEY);
    assert.deepEqual(former.keys(), []);
    assert.equal(own.keys().length, act === "put" ? 1 : 0);
  }
});

Deno.test("a schedule of a version before ends for good", async () => {
  const { own, former, documents } = await moved();
  await documents.delete(KEY);
  assert.equal(await documents.get(KEY), null);
  assert.deepEqual([own.keys(), former.keys()], [[], []]);
});
