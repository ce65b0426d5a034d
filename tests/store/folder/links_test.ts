import assert from "node:assert/strict";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { keysOf, treeOf, withFolder } from "../bucket_folder.ts";

const bytes = new TextEncoder().encode("x");
const LEADS_OUT = {
  name: "LinkError",
  message: /bucket.* leads out of the bucket through a link, to .*documents/,
  hint: /\.twarc-cloud-part/,
};
const IS_BEHIND = { name: "UserError", message: /is a link, and nothing is written or deleted/ };

/** A bucket as somebody might send it, with documents beside it. */
async function withSent(
  use: (place: { store: LocalStore; bucket: string; documents: string }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const [bucket, documents] = [`${folder}/bucket`, `${folder}/documents`];
    await Deno.mkdir(documents);
    await Deno.writeTextFile(`${documents}/secret`, "key");
    const store = await LocalStore.open(bucket);
    await store.put("c/1", bytes);
    await use({ store, bucket, documents });
  });
}

Deno.test("nothing is read through a link out of the bucket: what is sent with one shows nobody's files", () =>
  withSent(async ({ store, bucket, documents }) => {
    await Deno.symlink(documents, `${bucket}/c/sent`);
    for (
      const act of [
        () => store.get("c/sent/secret"),
        () => store.read("c/sent/secret"),
      ]
    ) await assert.rejects(act, LEADS_OUT);
    await Deno.symlink(`${documents}/secret`, `${bucket}/c/users.jsonl`);
    await assert.rejects(() => store.get("c/users.jsonl"), LEADS_OUT);
  }));

Deno.test("a link that may not be followed holds up no listing, and is named once", () =>
  withSent(async ({ store, bucket, documents }) => {
    await Deno.symlink(documents, `${bucket}/c/sent`);
    await Deno.symlink(`${documents}/secret`, `${bucket}/c/users.jsonl`);
    await Deno.symlink("circle", `${bucket}/c/circle`);
    await Deno.symlink(`${documents}/secret/below`, `${bucket}/c/no-folder`);
    const passed = ["c/circle", "c/no-folder", "c/sent", "c/users.jsonl"];
    assert.deepEqual(await keysOf(store), ["c/1"]);
    assert.deepEqual([...store.passedOver("d/").keys()], []);
    const found = store.passedOver("c/");
    assert.deepEqual([...found.keys()].toSorted(), passed);
    assert.match(found.get("c/sent")?.message ?? "", LEADS_OUT.message);
    assert.match(found.get("c/sent")?.hint ?? "", LEADS_OUT.hint);
    assert.equal(store.passedOver("").size, 0);
    const folders = await Array.fromAsync(store.list("c/", { folders: true }));
    assert.deepEqual(folders.map(({ key }) => key), ["c/1"]);
    assert.equal(store.passedOver("").size, 4);
    for (const prefix of ["c/sent/", "c/sent/deep/", "c/circle/"]) {
      assert.deepEqual(await Array.fromAsync(store.list(prefix)), []);
    }
    assert.deepEqual([...store.passedOver("").keys()], ["c/sent", "c/circle"]);
    assert.deepEqual(
      await Array.fromAsync(store.list("c/1")),
      await Array.fromAsync(store.list("")),
    );
  }));

Deno.test("a harvest that was moved to another disk is found behind its link, where that place is marked", () =>
  withSent(async ({ store, bucket, documents }) => {
    await Deno.writeTextFile(`${documents}/.twarc-cloud-part`, "");
    await Deno.mkdir(`${documents}/moved`);
    await Deno.rename(`${bucket}/c/1`, `${documents}/moved/1`);
    await Deno.symlink(`${documents}/moved`, `${bucket}/c/2020`);
    await Deno.symlink(`${documents}/nowhere`, `${bucket}/c/broken`);
    const [listed, ...more] = await Array.fromAsync(store.list(""));
    const found = await store.get("c/2020/1");
    assert.deepEqual([listed, more], [{ key: "c/2020/1", size: 1, version: found?.version }, []]);
    assert.equal(await new Response(await store.read("c/2020/1")).text(), "x");
  }));

Deno.test("nothing is written, replaced or deleted through a link, also where reading is allowed", () =>
  withSent(async ({ store, bucket, documents }) => {
    await Deno.writeTextFile(`${documents}/.twarc-cloud-part`, "");
    await Deno.mkdir(`${documents}/empty`);
    await Deno.symlink(documents, `${bucket}/c/sent`);
    const found = await store.get("c/sent/secret");
    assert.ok(found);
    const before = await treeOf(documents);
    for (
      const act of [
        () => store.put("c/sent/new", bytes),
        () => store.put("c/sent/new", bytes, { ifAbsent: true }),
        () => store.put("c/sent/new/deep/er", bytes),
        () => store.put("c/sent/secret", bytes, { ifVersion: found.version }),
        () => store.upload("c/sent/new", `${documents}/secret`),
        () => store.delete("c/sent/secret"),
        () => store.delete("c/sent/secret", { ifVersion: found.version }),
      ]
    ) await assert.rejects(act, IS_BEHIND);
    assert.deepEqual(await treeOf(documents), before);
  }));

Deno.test("a link in an object's place is replaced or removed itself, not what it leads to", () =>
  withSent(async ({ store, bucket, documents }) => {
    await Deno.writeTextFile(`${documents}/.twarc-cloud-part`, "");
    for (const key of ["c/put", "c/deleted"]) {
      await Deno.symlink(`${documents}/secret`, `${bucket}/${key}`);
    }
    await store.put("c/put", bytes);
    await store.delete("c/deleted");
    assert.equal(await Deno.readTextFile(`${documents}/secret`), "key");
    assert.deepEqual(await keysOf(store), ["c/1", "c/put"]);
  }));

Deno.test("a second name for a part of the bucket is not listed twice, and a circle ends", () =>
  withSent(async ({ store, bucket }) => {
    await Deno.symlink(".", `${bucket}/c/again`);
    await Deno.symlink("..", `${bucket}/c/up`);
    await Deno.symlink("1", `${bucket}/c/annexed`);
    assert.deepEqual(await keysOf(store), ["c/1", "c/annexed"]);
    assert.ok(await store.get("c/again/1"));
  }));

Deno.test("a bucket may be named by a link", () =>
  withSent(async ({ bucket }) => {
    await Deno.symlink(bucket, `${bucket}-link`);
    const store = await LocalStore.open(`${bucket}-link`);
    await store.put("c/2", bytes);
    await store.delete("c/1");
    assert.deepEqual(await keysOf(store), ["c/2"]);
  }));
