import assert from "node:assert/strict";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OutsideError, UserError } from "../../lib/errors.ts";
import { LocalStore } from "../../lib/store/local.ts";
import { openStore } from "../../lib/store/store.ts";
import { storeContract } from "../contract/store.ts";

const encoder = new TextEncoder();

async function temporary(): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await Deno.makeTempDir();
  return { folder, close: () => Deno.remove(folder, { recursive: true }) };
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const { folder, close } = await temporary();
  try {
    await use(folder);
  } finally {
    await close();
  }
}

async function keysOf(store: LocalStore): Promise<string[]> {
  return (await Array.fromAsync(store.list(""))).map(({ key }) => key);
}

/**
 * Starts another process that runs this text with the store open as `store`.
 * @param under A command that runs the command which follows it.
 */
function startProcess(folder: string, act: string, under: string[] = []): Deno.ChildProcess {
  const local = new URL("../../lib/store/local.ts", import.meta.url).href;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const code = `import { LocalStore } from ${JSON.stringify(local)};
    const store = await LocalStore.open(${JSON.stringify(folder)});
    ${act}`;
  const url = `data:application/typescript,${encodeURIComponent(code)}`;
  const [command = "", ...args] = [
    ...under,
    Deno.execPath(),
    ...["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--config", config, url],
  ];
  return new Deno.Command(command, { args, stdout: "piped", stderr: "inherit" }).spawn();
}

/** What a put in another process came to. */
async function outcomeOfPut(folder: string, under: string[]): Promise<string> {
  const process = startProcess(
    folder,
    `try { await store.put("a/object", new Uint8Array(1_000_000)); console.log("done"); }
    catch (error) { console.log(error.name + ": " + error.message + " " + error.hint); }`,
    under,
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
    const countUp = `for (let done = 0; done < 25;) {
      const { bytes, version } = await store.get("n");
      const next = Number(new TextDecoder().decode(bytes)) + 1;
      try { await store.put("n", new TextEncoder().encode(String(next)), { ifVersion: version }); done++; }
      catch (error) { if (error.name !== "ConflictError") throw error; }
    }`;
    const processes = Array.from({ length: 3 }, () => startProcess(folder, countUp));
    for (const process of processes) assert.equal((await process.output()).code, 0);
    const found = await store.get("n");
    assert.equal(found && new TextDecoder().decode(found.bytes), "75");
  }));

Deno.test("local: of processes that want absence only one wins", () =>
  withFolder(async (folder) => {
    const claim = `let won = 0;
    for (let i = 0; i < 50; i++) {
      try { await store.put("claim/" + i, new Uint8Array(), { ifAbsent: true }); won++; }
      catch (error) { if (error.name !== "ConflictError") throw error; }
    }
    console.log(won);`;
    const processes = Array.from({ length: 3 }, () => startProcess(folder, claim));
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
    const store = await openStore(`${folder}/bucket`);
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
    assert.ok((await Deno.stat(`${folder}/.tmp`)).isDirectory);
    assert.ok((await Deno.stat(`${folder}/.lock`)).isFile);
    assert.deepEqual(await keysOf(store), ["a/.hidden-no-more"]);
  }));

Deno.test("local: a harvest that was moved to another disk is found behind its link", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(`${folder}/bucket`);
    await store.put("a/b", encoder.encode("x"));
    await Deno.rename(`${folder}/bucket/a`, `${folder}/moved`);
    await Deno.symlink(`${folder}/moved`, `${folder}/bucket/a`);
    await Deno.symlink(`${folder}/nowhere`, `${folder}/bucket/broken`);
    const [listed, ...more] = await Array.fromAsync(store.list(""));
    const version = (await store.get("a/b"))?.version;
    assert.deepEqual([listed, more], [{ key: "a/b", size: 1, version }, []]);
  }));

Deno.test("local: what a killed process left is cleared after an hour, not before", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("a", new Uint8Array());
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.tmp`)), []);
    for (const [name, minutes] of [["old", 61], ["new", 59]] as const) {
      await Deno.writeTextFile(`${folder}/.tmp/${name}`, "half");
      const then = new Date(Date.now() - minutes * 60_000);
      await Deno.utime(`${folder}/.tmp/${name}`, then, then);
    }
    await LocalStore.open(folder);
    const left = await Array.fromAsync(Deno.readDir(`${folder}/.tmp`));
    assert.deepEqual(left.map(({ name }) => name), ["new"]);
  }));

Deno.test("local: a file URL is a folder", () =>
  withFolder(async (folder) => {
    const store = await openStore(pathToFileURL(`${folder}/with space`).href);
    await store.put("a", new Uint8Array());
    assert.ok((await Deno.stat(`${folder}/with space/a`)).isFile);
  }));

Deno.test("local: a file URL of another machine, or of no place, is refused", async () => {
  for (const url of ["file://other/x", "file:./x", "file:x"]) {
    await assert.rejects(openStore(url), { name: "UserError", message: /is not a folder of this/ });
  }
});

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
    await Deno.writeTextFile(`${folder}/file`, "");
    const store = await LocalStore.open(`${folder}/file`);
    const says = { name: "UserError", message: /cannot be used/, hint: /--bucket/ };
    await assert.rejects(store.put("a", new Uint8Array()), says);
    await assert.rejects(store.get("a"), says);
    await assert.rejects(Array.fromAsync(store.list("")), says);
  }));

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
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.tmp`)), []);
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
        error instanceof OutsideError && /is away/.test(error.message);
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
