import assert from "node:assert/strict";
import { keepReadme } from "../../lib/bucket/readme.ts";
import { bucketReadme, collectionReadme } from "../../lib/bucket/readme_text.ts";
import { AccessError } from "../../lib/base/errors.ts";
import { keyless } from "../../lib/collection/keyless.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const KEY = "collections/c/README.md";

async function textIn(store: MemoryStore): Promise<string> {
  return new TextDecoder().decode((await store.get(KEY))?.bytes);
}

const put = (store: MemoryStore, text: string) => store.put(KEY, new TextEncoder().encode(text));

Deno.test("a README is kept true, and written once where nothing is new", async () => {
  const store = new MemoryStore();
  const keep = (title: string) =>
    keepReadme(store, "collections/c/", collectionReadme({ id: "c", type: "search", title }));
  await keep("Marmots");
  assert.match(await textIn(store), /^<!-- Kept up to date .*-->\n\n# Marmots\n/);
  const first = (await store.get(KEY))?.version;
  await keep("Marmots");
  assert.equal((await store.get(KEY))?.version, first);
  await keep("Ibexes");
  assert.match(await textIn(store), /\n# Ibexes\n/);
});

Deno.test("a README that a person has made or changed is theirs", async () => {
  const store = new MemoryStore();
  const keep = (title: string) => keepReadme(store, "collections/c/", collectionReadme({ title }));
  await put(store, "# Mine\n");
  await keep("Marmots");
  assert.equal(await textIn(store), "# Mine\n");
  await store.delete(KEY);
  await keep("Marmots");
  const changed = (await textIn(store)).replace("Marmots", "My marmots");
  await put(store, changed);
  await keep("Ibexes");
  assert.equal(await textIn(store), changed);
});

Deno.test("that a README may not be written is no fault", async () => {
  const store = new MemoryStore();
  store.before = ({ method }) => {
    if (method === "put") throw new AccessError("You may not write here");
  };
  await keepReadme(store, "", bucketReadme({ format: 1, id: "x", created: "2026" }));
  assert.equal(await store.get("README.md"), null);
});

Deno.test("what a person has written is text in it, and no Markdown, link or terminal command", () => {
  const text = collectionReadme({
    id: "c",
    type: "search",
    title: "# <b>*A*</b>\n# [x](http://y)",
    notes: "one\u001b[31m\ntwo",
    tags: ["a_b", "c"],
  });
  assert.match(text, /^# \\# \\<b\\>\\\*A\\\*\\<\/b\\> \\# \\\[x\\\]\(http:\/\/y\)\n/);
  assert.match(text, /\nNotes: one\\\\u001b\\\[31m two\n/);
  assert.match(text, /\nTags: a\\_b, c\n/);
});

Deno.test("a copy that is handed on has the README, and one of a person's that may have keys is looked at", async () => {
  const store = new MemoryStore();
  await keepReadme(store, "collections/c/", collectionReadme({ id: "c", type: "search" }));
  const bytes = (await store.get(KEY))?.bytes ?? assert.fail("it is not there");
  assert.equal(keyless(KEY, bytes), bytes);
  assert.equal(keyless(KEY, new TextEncoder().encode("consumer_key: abc")), null);
});
