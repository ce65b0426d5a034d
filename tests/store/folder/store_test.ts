import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { OutsideError, UserError } from "../../../lib/base/errors.ts";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { openStore } from "../../../lib/store/open.ts";
import { asOnWindows } from "../../fakes/windows.ts";
import { storeContract } from "../../contract/store.ts";
import { claim, countUp, keysOf, startProcess, temporary, withFolder } from "../bucket_folder.ts";

const encoder = new TextEncoder();

/** What a put in another process came to. */
async function outcomeOfPut(folder: string, under: string[]): Promise<string> {
  const process = startProcess(
    folder,
    `try { await store.put("a/object", new Uint8Array(1_000_000)); console.log("done"); }
    catch (error) { console.log(error.name + ": " + error.message + " " + error.hint); }`,
    { under },
  );
  return new TextDecoder().decode((await process.output()).stdout);
}

storeContract("local", async () => {
  const { folder, close } = await temporary();
  return { store: await LocalStore.open(`${folder}/bucket`), close };
});

Deno.test("local: processes that count up side by side lose no step", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("n", encoder.encode("0"));
    const processes = Array.from({ length: 3 }, () => startProcess(folder, countUp(25)));
    for (const process of processes) assert.equal((await process.output()).code, 0);
    const found = await store.get("n");
    assert.equal(found && new TextDecoder().decode(found.bytes), "75");
  }));

Deno.test("local: processes that count up lose no step where other programs hold its files", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("n", encoder.encode("0"));
    const processes = Array.from(
      { length: 3 },
      () => startProcess(folder, countUp(10), { disk: "IN_USE" }),
    );
    for (const process of processes) assert.equal((await process.output()).code, 0);
    const found = await store.get("n");
    assert.equal(found && new TextDecoder().decode(found.bytes), "30");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.twarc-cloud/tmp`)), []);
  }));

Deno.test("local: of processes that want absence only one wins", () =>
  withFolder(async (folder) => {
    const processes = Array.from({ length: 3 }, () => startProcess(folder, claim(50)));
    const outputs = await Promise.all(processes.map((process) => process.output()));
    const won = outputs.map(({ stdout }) => Number(new TextDecoder().decode(stdout)));
    assert.equal(won.reduce((sum, n) => sum + n), 50);
  }));

Deno.test("local: a process killed in the middle of its puts leaves only whole objects", () =>
  withFolder(async (folder) => {
    const size = 3_000_000;
    for (let puts = 1; puts <= 4; puts++) {
      const process = startProcess(
        folder,
        `for (let i = 0, version;; i++) {
          const when = i % 2 && version ? { ifVersion: version } : undefined;
          version = await store.put("object", new Uint8Array(${size}).fill(i % 250), when);
          console.log(i);
        }`,
      );
      const reader = process.stdout.getReader();
      for (let i = 0; i < puts; i++) await reader.read();
      process.kill("SIGKILL");
      await reader.cancel();
      await process.status;
      const store = await LocalStore.open(folder);
      const found = await store.get("object");
      assert.equal(found?.bytes.length, size);
      assert.equal(new Set(found?.bytes).size, 1);
      assert.deepEqual(await keysOf(store), ["object"]);
      await store.put("object", new Uint8Array(1), { ifVersion: found.version });
    }
  }));

Deno.test("local: looking into a bucket that does not exist makes nothing", () =>
  withFolder(async (folder) => {
    const store = await openStore(parseBucket(`${folder}/bucket`));
    assert.equal(await store.get("a"), null);
    await store.delete("a");
    await assert.rejects(store.delete("a", { ifVersion: "1" }), { name: "ConflictError" });
    assert.deepEqual(await Array.fromAsync(store.list("collections/", { folders: true })), []);
    await assert.rejects(Deno.stat(`${folder}/bucket`), Deno.errors.NotFound);
  }));

Deno.test("local: deleting the last object of a folder removes the folder", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a/b/c", new Uint8Array());
    await store.delete("a/b/c");
    await assert.rejects(Deno.stat(`${folder}/a`), Deno.errors.NotFound);
  }));

Deno.test("local: writers and deleters of one folder do not stumble over each other", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    const coming = async (name: string) => {
      for (let i = 0; i < 40; i++) {
        await store.put(`a/b/${name}`, new Uint8Array(), i % 2 ? { ifAbsent: true } : undefined);
        await store.delete(`a/b/${name}`);
      }
    };
    await Promise.all(["1", "2", "3", "4"].map(coming));
    assert.deepEqual(await keysOf(store), []);
  }));

Deno.test("local: a write is newer than what it replaces, even when the clock was set back", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a", new Uint8Array(1));
    const future = new Date(Date.now() + 3_600_000);
    await Deno.utime(`${folder}/a`, future, future);
    await store.put("a", new Uint8Array(1));
    const { mtime } = await Deno.stat(`${folder}/a`);
    assert.ok(mtime && mtime.getTime() > future.getTime());
  }));

Deno.test("local: a listing hides what the store keeps for itself", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a/.hidden-no-more", new Uint8Array());
    await Deno.writeTextFile(`${folder}/.DS_Store`, "");
    assert.ok((await Deno.stat(`${folder}/.twarc-cloud`)).isDirectory);
    assert.deepEqual(await keysOf(store), ["a/.hidden-no-more"]);
  }));

Deno.test("local: a file URL is a folder", () =>
  withFolder(async (folder) => {
    const store = await openStore(parseBucket(pathToFileURL(`${folder}/with space`).href));
    await store.put("a", new Uint8Array());
    assert.ok((await Deno.stat(`${folder}/with space/a`)).isFile);
  }));

Deno.test("local: keys that would leave the folder or hide in it are refused", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(`${folder}/bucket`);
    for (
      const key of [
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "/etc/x",
        "a\\b",
        "a\0b",
        "",
        "a/",
        ".lock",
      ]
    ) {
      await assert.rejects(store.put(key, new Uint8Array()), UserError, key);
      await assert.rejects(store.get(key), UserError, key);
      await assert.rejects(store.delete(key), UserError, key);
    }
    await assert.rejects(Array.fromAsync(store.list("../")), UserError);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("local: a bucket that is a file is the person's to mend", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(`${folder}/file`);
    await Deno.writeTextFile(`${folder}/file`, "");
    await assert.rejects(LocalStore.open(`${folder}/file`, { name: "./file" }), {
      name: "UserError",
      message: "Bucket ./file is a file, not a folder",
      hint: /--bucket/,
    });
    const says = { name: "UserError", message: /cannot be used/, hint: /--bucket/ };
    await assert.rejects(store.put("a", new Uint8Array()), says);
    await assert.rejects(store.get("a"), says);
    await assert.rejects(Array.fromAsync(store.list("")), says);
  }));

Deno.test("local: a share of Windows is refused with how to give it a letter", () =>
  asOnWindows(() =>
    assert.rejects(LocalStore.open("\\\\server.uni.edu\\home$\\me\\data"), {
      name: "UserError",
      message: /^Bucket \\\\server\.uni\.edu\\home\$\\me\\data is on a network share/,
      hint: /net use T: \\\\server\.uni\.edu\\home\$\).*--bucket/,
    })
  ));

Deno.test("local: an object in the place of a folder is no conflict but a fault", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a", new Uint8Array());
    for (const when of [undefined, { ifAbsent: true }] as const) {
      await assert.rejects(store.put("a/b", new Uint8Array(), when), { name: "UserError" });
    }
  }));

Deno.test("local: a folder that may not be written is the person's to mend", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/bucket`, { mode: 0o500 });
    // Root writes everywhere, unless this right of its is taken away.
    const { stdout } = await new Deno.Command("id", { args: ["-u"] }).output();
    const isRoot = new TextDecoder().decode(stdout).trim() === "0";
    const under = isRoot ? ["setpriv", "--bounding-set=-dac_override"] : [];
    const says = await outcomeOfPut(`${folder}/bucket`, under);
    assert.match(
      says,
      /^AccessError: The bucket folder .* cannot be used: .*permissions.*--bucket/,
    );
  }));

Deno.test("local: a full disk is told, and what was there stays", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a/object", encoder.encode("before"));
    // The system refuses bytes beyond a limit as it does on a full disk, with another number.
    const limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$0" "$@"'];
    assert.match(
      await outcomeOfPut(folder, limited),
      /^UserError: The disk of bucket .* is full Free some space/,
    );
    const found = await store.get("a/object");
    assert.equal(found && new TextDecoder().decode(found.bytes), "before");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.twarc-cloud/tmp`)), []);
  }));

Deno.test("local: an object that is not there cannot be read", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await assert.rejects(store.read("a"), OutsideError);
  }));

Deno.test("local: a folder that goes away is told of, is not made again, and is used again when it is back", async () => {
  const parent = await Deno.makeTempDir();
  const [folder, elsewhere] = [`${parent}/bucket`, `${parent}/elsewhere`];
  try {
    const store = await LocalStore.open(folder);
    await store.put("a/b", new Uint8Array([1]));
    await Deno.rename(folder, elsewhere);
    // What is left of a disk that was unmounted.
    for (const isLeft of [false, true]) {
      if (isLeft) await Deno.mkdir(folder);
      const isAway = (error: unknown) =>
        error instanceof OutsideError && /is not available/.test(error.message);
      await assert.rejects(store.get("a/b"), isAway);
      await assert.rejects(store.put("a/c", new Uint8Array([2])), isAway);
      await assert.rejects(store.delete("a/b"), isAway);
      await assert.rejects(Array.fromAsync(store.list("a/")), isAway);
      const left = await Array.fromAsync(Deno.readDir(folder)).catch(() => null);
      assert.deepEqual(left, isLeft ? [] : null);
    }
    await Deno.remove(folder);
    await Deno.rename(elsewhere, folder);
    assert.deepEqual((await store.get("a/b"))?.bytes, new Uint8Array([1]));
    await store.put("a/c", new Uint8Array([2]));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("local: a configuration, which has keys, is for its owner alone; what was collected is as the system has it", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    const modeOf = async (key: string) => {
      await store.put(key, new Uint8Array([1]));
      return ((await Deno.stat(`${folder}/${key}`)).mode ?? 0) & 0o077;
    };
    assert.equal(await modeOf("collections/a/collection.json"), 0);
    assert.equal(await modeOf("collections/a/collection.json"), 0, "also when it is written again");
    const harvest = "collections/a/harvests/2026/01/02/03/04/05/";
    assert.notEqual(await modeOf(`${harvest}collection.json`), 0);
    assert.notEqual(await modeOf(`${harvest}tweets-1.jsonl.gz`), 0);
  }));

Deno.test("local: a bucket that goes away while a write begins is not made anew in its place", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const [bucket, away] = [join(folder, "bucket"), join(folder, "away")];
  const { lstat } = Deno;
  try {
    const store = await openStore(parseBucket(bucket));
    await store.put("a", new Uint8Array(1));
    let isLate = true;
    Deno.lstat = async (path) => {
      if (isLate && path === join(bucket, ".twarc-cloud")) {
        isLate = false;
        await Deno.rename(bucket, away);
      }
      return await lstat(path);
    };
    await assert.rejects(store.put("b", new Uint8Array(1)), /is not available/);
    assert.equal(isLate, false);
    await assert.rejects(lstat(bucket), Deno.errors.NotFound);
    await Deno.rename(away, bucket);
    await store.put("b", new Uint8Array(1));
    assert.equal((await store.get("a"))?.bytes.length, 1);
  } finally {
    Deno.lstat = lstat;
    await Deno.remove(folder, { recursive: true });
  }
});
