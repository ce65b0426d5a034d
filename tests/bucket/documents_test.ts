import assert from "node:assert/strict";
import { Collections } from "../../lib/bucket/collections.ts";
import { searchesLeft } from "../../lib/bucket/gaps.ts";
import { UserError } from "../../lib/base/errors.ts";
import { lastWord } from "../../lib/base/visible.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const FOLDER = "collections/c d/";
const ID = "2026-11-29T05:58:08.000Z";

Deno.test("a document of a collection that is damaged is an error that says how to see what is wrong", async () => {
  const documents: [name: string, read: (store: MemoryStore, of: Collections) => unknown][] = [
    ["collection.json", (_, of) => of.loadJson("c d")],
    ["last_harvest.json", (_, of) => of.lastHarvest("c d")],
    ["harvests/2026/11/29/05/58/08/harvest.json", (_, of) => of.lastHarvest("c d")],
    ["changesets/change-20261129055808.json", (_, of) => of.changesets("c d")],
    ["checkpoint.json", (store) => searchesLeft(store, "c d")],
  ];
  for (const [name, read] of documents) {
    const store = new MemoryStore();
    const put = (key: string, text: string) =>
      store.put(`${FOLDER}${key}`, new TextEncoder().encode(text));
    await put("collection.json", "{}");
    await put("last_harvest.json", JSON.stringify({ harvest_id: ID }));
    await put(name, "\0\0\0");
    await assert.rejects(
      async () => await read(store, new Collections(store, new ManualClock())),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.ok(error.message.startsWith(`${FOLDER}${name} is not JSON`), error.message);
        const command = `\`twarc-cloud collection verify ${lastWord("c d")}\``;
        assert.ok(error.hint?.includes(command), error.hint);
        return true;
      },
    );
  }
});
