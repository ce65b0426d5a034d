import assert from "node:assert/strict";
import { OutsideError, UserError } from "../../lib/errors.ts";
import { LocalStore } from "../../lib/store/local.ts";
import { openStore } from "../../lib/store/store.ts";
import { storeContract } from "../contract/store.ts";

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

/** Starts another process that runs this module text with the store open as `store`. */
function startProcess(folder: string, act: string): Deno.ChildProcess {
  const local = new URL("../../lib/store/local.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const code = `import { LocalStore } from ${JSON.stringify(local)};
    const store = await LocalStore.open(${JSON.stringify(folder)});
    ${act}`;
  const url = `data:application/typescript,${encodeURIComponent(code)}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", "--config", config, url],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

storeContract("local", async () => {
  const { folder, close } = await temporary();
  return { store: await LocalStore.open(`${folder}/bucket`), close };
});

Deno.test("local: processes that count up side by side lose no step", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await store.put("n", new TextEncoder().encode("0"));
    const countUp = `for (let done = 0; done < 25;) {
      const { bytes, version } = await store.get("n");
      const next = Number(new TextDecoder().decode(bytes)) + 1;
      try { await store.put("n", new TextEncoder().encode(String(next)), { ifVersion: version }); done++; }
      catch (error) { if (error.name !== "ConflictError") throw error; }
    }`;
    const processes = [startProcess(folder, countUp), startProcess(folder, countUp)];
    for (const process of processes) assert.equal((await process.output()).code, 0);
    const found = await store.get("n");
    assert.equal(found && new TextDecoder().decode(found.bytes), "50");
  }));

Deno.test("local: a process killed in the middle of its puts leaves only whole objects", () =>
  withFolder(async (folder) => {
    const size = 3_000_000;
    const process = startProcess(
      folder,
      `console.log("begun");
      for (let i = 0;; i++) await store.put("object", new Uint8Array(${size}).fill(i % 250));`,
    );
    const reader = process.stdout.getReader();
    await reader.read();
    const store = await LocalStore.open(folder);
    while (!await store.get("object")) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill("SIGKILL");
    await reader.cancel();
    await process.status;
    const found = await store.get("object");
    assert.equal(found?.bytes.length, size);
    assert.equal(new Set(found?.bytes).size, 1);
    assert.deepEqual((await Array.fromAsync(store.list(""))).map(({ key }) => key), ["object"]);
  }));

Deno.test("local: looking into a bucket that does not exist makes nothing", () =>
  withFolder(async (folder) => {
    const store = await openStore(`${folder}/bucket`);
    assert.equal(await store.get("a"), null);
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

Deno.test("local: a file URL is a folder", () =>
  withFolder(async (folder) => {
    const store = await openStore(`file://${folder}/with%20space`);
    await store.put("a", new Uint8Array());
    assert.ok((await Deno.stat(`${folder}/with space/a`)).isFile);
  }));

Deno.test("local: keys that would leave the folder are refused", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    for (const key of ["../x", "a/../../x", "a//b", "/etc/x", "a\\b", "a\0b", ""]) {
      await assert.rejects(store.put(key, new Uint8Array()), UserError, key);
      await assert.rejects(store.get(key), UserError, key);
    }
  }));

Deno.test("local: a bucket that is a file is the person's to mend", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const store = await LocalStore.open(`${folder}/file`);
    await assert.rejects(store.put("a", new Uint8Array()), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /cannot be used/);
      return true;
    });
  }));

Deno.test("local: an object that is not there cannot be read", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder);
    await assert.rejects(store.read("a"), OutsideError);
  }));
