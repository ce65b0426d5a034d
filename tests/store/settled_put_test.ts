import assert from "node:assert/strict";
import { ConflictError, LinkError, OutsideError, UserError } from "../../lib/base/errors.ts";
import { settledPut } from "../../lib/store/settled_put.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A store whose next put is done, and answered by an error; `failing` is thrown by the read that follows. */
function unanswering(error: Error, failing?: Error): MemoryStore {
  const store = new MemoryStore();
  store.after = ({ method }) => {
    if (method !== "put") return;
    store.after = () => {};
    if (failing) {
      store.before = (operation) => {
        if (operation.method === "get") throw failing;
      };
    }
    throw error;
  };
  return store;
}

Deno.test("a write that was done is done, whether its answer was lost or its second try met itself", async () => {
  for (const error of [new OutsideError("The connection was reset"), new ConflictError("k")]) {
    const store = unanswering(error);
    const version = await settledPut(store, "k", bytes("mine"), { ifAbsent: true });
    assert.equal((await store.get("k"))?.version, version);
    await settledPut(store, "k", bytes("next"), { ifVersion: version });
  }
});

Deno.test("another's write is a conflict, and one that was not done is a failure", async () => {
  const store = new MemoryStore();
  await store.put("k", bytes("another's"));
  const conflict = settledPut(store, "k", bytes("mine"), { ifAbsent: true });
  await assert.rejects(conflict, ConflictError);
  store.before = ({ method }) => {
    if (method === "put") throw new OutsideError("503 SlowDown");
  };
  await assert.rejects(settledPut(store, "k", bytes("mine"), { ifVersion: "v1" }), /SlowDown/);
  assert.deepEqual((await store.get("k"))?.bytes, bytes("another's"));
});

Deno.test("where what is there cannot be read, nobody is called another", async () => {
  const away = new OutsideError("The store is away");
  const met = unanswering(new ConflictError("k"), away);
  await assert.rejects(settledPut(met, "k", bytes("mine"), { ifAbsent: true }), away);
  const lost = unanswering(new OutsideError("The connection was reset"), away);
  await assert.rejects(settledPut(lost, "k", bytes("mine"), { ifAbsent: true }), /was reset/);
});

Deno.test("what lies behind a link out of the bucket is another's", async () => {
  const met = unanswering(new ConflictError("k"), new LinkError("k leads out of the bucket"));
  await assert.rejects(settledPut(met, "k", bytes("mine"), { ifAbsent: true }), ConflictError);
});

Deno.test("what is the person's to change is passed on without another look", async () => {
  const store = new MemoryStore();
  store.before = ({ method }) => {
    assert.equal(method, "put");
    throw new UserError("The disk is full");
  };
  await assert.rejects(settledPut(store, "k", bytes("mine"), { ifAbsent: true }), UserError);
});
