import assert from "node:assert/strict";
import { BlockFile } from "../../lib/base/block_file.ts";
import { temporaryVariable } from "../../lib/base/shell.ts";
import { DiskError, UserError } from "../../lib/base/errors.ts";
import { namesIn, withFolder } from "../fakes/folder.ts";

Deno.test("blocks are read as they were written, in any order; no file is made before one, and none is left", () =>
  withFolder(async (folder) => {
    const file = new BlockFile(folder);
    assert.deepEqual(await namesIn(folder), []);
    const blocks = [3, 0, 200_000].map((length, i) => new Uint8Array(length).fill(i + 1));
    const places = blocks.map((block) => file.append(block));
    assert.equal((await namesIn(folder)).length, 1);
    for (const i of [2, 0, 1, 2]) {
      const read = new Uint8Array(blocks[i]?.length ?? 0);
      file.read(places[i] ?? NaN, read);
      assert.deepEqual(read, blocks[i]);
    }
    await file.close();
    assert.deepEqual(await namesIn(folder), []);
    await new BlockFile(folder).close();
  }));

Deno.test("a place for temporary files that is not there, or may not be written, is the person's to change", async () => {
  for (const parent of ["/nowhere/tmp", "/proc"]) {
    const file = new BlockFile(parent);
    assert.throws(() => file.append(new Uint8Array(1)), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^The disk for temporary files cannot be written: /);
      assert.match(error.hint ?? "", new RegExp(`set ${temporaryVariable()} to another disk`));
      return true;
    });
    await file.close();
  }
});

/** Acts while files that are opened fail as said. */
async function failing(fail: (file: Deno.FsFile) => void, act: () => Promise<void>): Promise<void> {
  const { openSync } = Deno;
  const value = (...args: Parameters<typeof openSync>) => {
    const file = openSync(...args);
    fail(file);
    return file;
  };
  Object.defineProperty(Deno, "openSync", { value, configurable: true });
  try {
    await act();
  } finally {
    Object.defineProperty(Deno, "openSync", { value: openSync, configurable: true });
  }
}

Deno.test("a full disk is told as such, and nothing is left on it", () =>
  withFolder(async (folder) => {
    const fail = (file: Deno.FsFile) => {
      file.writeSync = () => {
        throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      };
    };
    await failing(fail, async () => {
      const file = new BlockFile(folder);
      assert.throws(
        () => file.append(new Uint8Array(9)),
        (error) =>
          error instanceof UserError && error.message === "The disk for temporary files is full",
      );
      await file.close();
    });
    assert.deepEqual(await namesIn(folder), []);
  }));

Deno.test("a block that is written or read in parts is whole, and one that was cut is a failure of the disk", () =>
  withFolder(async (folder) => {
    const fail = (file: Deno.FsFile) => {
      const { writeSync, readSync } = file;
      file.writeSync = (bytes) => writeSync.call(file, bytes.subarray(0, 7));
      file.readSync = (bytes) => readSync.call(file, bytes.subarray(0, 7));
    };
    await failing(fail, async () => {
      const file = new BlockFile(folder);
      const block = crypto.getRandomValues(new Uint8Array(100));
      const read = new Uint8Array(100);
      file.read(file.append(block), read);
      assert.deepEqual(read, block);
      const [name = ""] = await namesIn(folder);
      await Deno.truncate(`${folder}/${name}`, 50);
      assert.throws(() => file.read(0, read), DiskError);
      await file.close();
    });
  }));
