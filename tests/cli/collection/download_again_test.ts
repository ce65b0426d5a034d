import assert from "node:assert/strict";
import { join } from "node:path";
import { OutsideError } from "../../../lib/base/errors.ts";
import { append } from "../../../lib/bucket/inventory.ts";
import { download, type Downloaded } from "../../../lib/cli/collection/download.ts";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { counted } from "../../fakes/counting_store.ts";
import { withFolder } from "../../fakes/folder.ts";
import { loaded, manyHarvests } from "../../fakes/many_harvests.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import { isAtPath, temporaryFilesOf } from "../../fakes/temporary_files.ts";

/** Downloads collection `c` of a bucket; what was done, and how many objects were read. */
async function fetched(bucket: string, to: string, { clean = false } = {}) {
  const store = await loaded(bucket);
  const { gets } = counted(store);
  const options = { store, collectionId: "c", to, root: "collections/c/", clean };
  const done = await download({ ...options, onFile: () => {} });
  return { done, reads: gets.length };
}

/** Compares a copy with its bucket, file by file; the names of the tweets files. */
async function compared(bucket: string, to: string): Promise<string[]> {
  const root = join(bucket, "collections", "c");
  const names: string[] = [];
  for await (const { key } of (await LocalStore.open(root)).list("")) {
    assert.deepEqual(await Deno.readFile(join(to, key)), await Deno.readFile(join(root, key)), key);
    if (key.includes("tweets-")) names.push(key);
  }
  return names;
}

Deno.test("what a copy has already is not read again, whatever the number of harvests", () =>
  withFolder(async (folder) => {
    const [bucket, to] = [join(folder, "bucket"), join(folder, "copy")];
    const asked: number[] = [];
    for (const harvests of [10, 40]) {
      await Deno.remove(bucket, { recursive: true }).catch(() => {});
      await manyHarvests(bucket, { harvests });
      const first = await fetched(bucket, to, { clean: true });
      assert.equal(first.done.files, first.done.allFiles);
      const again = await fetched(bucket, to);
      assert.deepEqual([again.done.files, again.done.skipped], [0, first.done.allFiles]);
      assert.equal((await compared(bucket, to)).length, harvests);
      asked.push(again.reads);
    }
    assert.equal(asked[0], asked[1]);
  }));

Deno.test("a copy that lacks a file, or has one of another size, gets it; what is new comes, and no more", () =>
  withFolder(async (folder) => {
    const [bucket, to] = [join(folder, "bucket"), join(folder, "copy")];
    await manyHarvests(bucket, { harvests: 5 });
    await fetched(bucket, to);
    const [one = "", other = ""] = (await compared(bucket, to)).map((name) => join(to, name));
    await Deno.remove(one);
    await Deno.truncate(other, 3);
    assert.equal((await fetched(bucket, to)).done.files, 2);
    assert.equal((await compared(bucket, to)).length, 5);
    await manyHarvests(bucket, { harvests: 7 });
    const { done } = await fetched(bucket, to);
    // Two harvests of five files, their changesets, and what says which was the last, what there is, and was covered.
    assert.equal(done.files, 2 * 6 + 3);
    assert.equal((await compared(bucket, to)).length, 7);
  }));

Deno.test("an inventory of years goes to a file, which is gone after a download, also one that fails", () =>
  withFolder(async (to) => {
    const store = new MemoryStore();
    const files = { "manifest-sha1.txt": { sha1: "a".repeat(40), bytes: 1 } };
    const drafts = Array.from({ length: 900 }, (_, n) => ({
      what: "harvest",
      folder: `harvests/${`${n}`.padStart(1_000, "0")}`,
      files,
    }));
    await append({ store, clock: new ManualClock(), collectionId: "c" }, drafts);
    const options = { store, collectionId: "c", to, root: "collections/c/", clean: false };
    for (const isFailing of [false, true]) {
      // The first files are fetched before the inventory is read.
      const onFile = ({ files, skipped }: Downloaded) => {
        if (isFailing && files + skipped > 0) throw new OutsideError("It fails");
      };
      await store.put("collections/c/harvests/2020/01/01/00/00/00/a.txt", new Uint8Array(9));
      const [file, ...others] = await temporaryFilesOf(async () => {
        const done = download({ ...options, onFile });
        if (isFailing) await assert.rejects(done, /It fails/);
        else await done;
      });
      assert.ok(file !== undefined && others.length === 0);
      assert.ok(!await isAtPath(file));
    }
  }));
