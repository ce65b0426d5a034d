import assert from "node:assert/strict";
import { relative } from "node:path";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { type Disk, systemDisk } from "../../../lib/store/folder/disk.ts";
import { treeOf, withFolder } from "../bucket_folder.ts";

const bytes = new TextEncoder().encode("x");

Deno.test("each folder that a write makes is durable in the one above it, up to the first that was there", () =>
  withFolder(async (folder) => {
    const synced: string[] = [];
    const disk: Disk = {
      ...systemDisk,
      sync: (path) => {
        synced.push(relative(folder, path));
        return systemDisk.sync(path);
      },
    };
    const store = await LocalStore.open(`${folder}/new/bucket`, { disk });
    await store.put("a/b/c", bytes);
    for (const path of ["", "new", "new/bucket", "new/bucket/a", "new/bucket/a/b"]) {
      assert.ok(synced.includes(path), `${path || "the parent"} is not: ${synced}`);
    }
    assert.equal(synced.at(-1), "new/bucket/a/b", "the file itself comes last");
    synced.length = 0;
    await store.put("a/b/d", bytes, { ifAbsent: true });
    assert.deepEqual(synced, ["new/bucket/a/b"], "what is durable stays so");
    await store.delete("a/b/c");
    await store.delete("a/b/d");
    synced.length = 0;
    await store.put("a/b/c", bytes);
    assert.ok(synced.includes("new/bucket") && synced.includes("new/bucket/a"), "made again");
  }));

Deno.test("a folder that another process has made may not be durable yet, and is made so", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    const synced = new Set<string>();
    const disk: Disk = {
      ...systemDisk,
      sync: (path) => {
        synced.add(relative(folder, path));
        return Promise.resolve();
      },
    };
    await (await LocalStore.open(folder, { disk })).put("a/b/c", bytes);
    assert.ok(["", "a", "a/b"].every((path) => synced.has(path)), [...synced].join());
  }));

Deno.test("a disk that fails to make a folder durable has not taken the write", () =>
  withFolder(async (folder) => {
    let fails = false;
    const failed = new Error("Input/output error (os error 5)");
    const disk: Disk = {
      ...systemDisk,
      sync: () => fails ? Promise.reject(failed) : Promise.resolve(),
    };
    const store = await LocalStore.open(folder, { disk });
    await store.put("a/b", bytes);
    fails = true;
    await assert.rejects(store.put("a/b", bytes), { name: "OutsideError", message: /os error 5/ });
  }));

for (const [what, condition] of [["replaces", undefined], ["makes", { ifAbsent: true }]] as const) {
  Deno.test(`a write that ${what} an object and fails at its end leaves neither file nor folder`, () =>
    withFolder(async (folder) => {
      const store = await LocalStore.open(folder);
      await store.put("there", bytes);
      // A folder in the object's place.
      await Deno.mkdir(`${folder}/a/b/taken/by`, { recursive: true });
      const before = await treeOf(folder);
      await assert.rejects(store.put("a/b/taken", bytes, condition));
      await assert.rejects(store.put("new/folders/x", bytes, { ifVersion: "1-1" }));
      await assert.rejects(store.upload("new/folders/x", `${folder}/nothing`, { when: condition }));
      await assert.rejects(store.put("there/below/it", bytes, condition));
      assert.deepEqual(await treeOf(folder), before);
    }));
}

Deno.test("folders that were made for a write that fails are removed again, and no others", () =>
  withFolder(async (folder) => {
    const failed = new Error("Input/output error (os error 5)");
    const disk: Disk = { ...systemDisk, link: () => Promise.reject(failed) };
    const store = await LocalStore.open(folder, { disk });
    await store.put("there", bytes);
    await Deno.mkdir(`${folder}/empty`);
    const before = await treeOf(folder);
    await assert.rejects(store.put("empty/new/folders/x", bytes, { ifAbsent: true }), {
      name: "OutsideError",
    });
    assert.deepEqual(await treeOf(folder), before);
  }));
