import assert from "node:assert/strict";
import {
  InUseError,
  removeFile,
  renameFile,
  whenFree,
  whenReadable,
} from "../../lib/base/in_use.ts";
import { readWrittenText } from "../../lib/base/written_text.ts";
import { SecretFiles } from "../../lib/secrets/secret_files.ts";
import { readBlocks } from "../../lib/store/expected.ts";
import { LocalStore } from "../../lib/store/folder/store.ts";
import { ROOT, sources } from "../sources.ts";

/** Fails with each of these errors in turn, then returns. */
function failing(...errors: Error[]): () => Promise<string> {
  return () => {
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve("done");
  };
}

const denied = () => new Deno.errors.PermissionDenied("Access is denied (os error 5)");
const held = () => Object.assign(new Error("It is used by another process"), { code: "EBUSY" });

Deno.test("acts again while another program holds the file", async () => {
  const eacces = Object.assign(denied(), { code: "EACCES" });
  const eperm = Object.assign(denied(), { code: "EPERM" });
  assert.equal(await whenFree("a", failing(held(), eacces, eperm)), "done");
});

Deno.test("acts again where Windows still has a removed file, or one that is read as memory", async () => {
  const numbered = (number: number, code: object = {}) =>
    Object.assign(new Error(`It failed (os error ${number})`), code);
  const errors = [numbered(145, { code: "ENOTEMPTY" }), numbered(303), numbered(1224)];
  assert.equal(await whenFree("a", failing(...errors), { os: "windows" }), "done");
  await assert.rejects(
    whenFree("C:\\a", () => Promise.reject(numbered(145)), { patienceMs: 20, os: "windows" }),
    (error) => error instanceof InUseError && /^C:\\a is in use by another/.test(error.message),
  );
  // Elsewhere a folder that is not empty stays so.
  const full = Object.assign(new Error("Directory not empty (os error 39)"), { code: "ENOTEMPTY" });
  await assert.rejects(whenFree("a", failing(full), { os: "linux" }), full);
});

Deno.test("gives up after its patience and says that another program has the file", async () => {
  await assert.rejects(
    whenFree("C:\\a", () => Promise.reject(held()), { patienceMs: 20 }),
    (error) =>
      error instanceof InUseError &&
      error.message === "C:\\a is in use by another program" && /Close it/.test(error.hint ?? ""),
  );
  const eacces = Object.assign(denied(), { code: "EACCES" });
  const refuse = () => Promise.reject(eacces);
  await assert.rejects(
    whenFree("C:\\a", refuse, { patienceMs: 20, os: "windows" }),
    /in use by another program, or is not writable/,
  );
  await assert.rejects(whenFree("/a", refuse, { patienceMs: 20, os: "linux" }), eacces);
});

Deno.test("acts once where waiting helps nothing", async () => {
  for (const error of [new Deno.errors.NotFound("no"), new Deno.errors.NotCapable("no")]) {
    let calls = 0;
    const act = () => {
      calls++;
      return Promise.reject(error);
    };
    await assert.rejects(whenFree("a", act), error);
    assert.equal(calls, 1);
  }
});

Deno.test("reads again while another program holds the file for itself, and waits for nothing else", async () => {
  const sharing = () => new Error("Sharing violation. (os error 32)");
  const locked = () => new Error("Lock violation. (os error 33)");
  const windows = { os: "windows" };
  assert.equal(await whenReadable("a", failing(sharing(), locked(), held()), windows), "done");
  await assert.rejects(
    whenReadable("C:\\a", () => Promise.reject(sharing()), { ...windows, patienceMs: 20 }),
    (error) =>
      error instanceof InUseError && error.message === "C:\\a is in use by another program",
  );
  for (const error of [denied(), new Deno.errors.NotFound("no"), new Error("Odd (os error 5)")]) {
    await assert.rejects(whenReadable("a", failing(error), windows), error);
  }
});

/** Makes this process's reads fail as often as is said, as where another program holds each file. */
async function holding(times: number, use: () => Promise<void>): Promise<void> {
  const { open, readFile, readTextFile } = Deno;
  let left = times;
  const failingFirst = (act: unknown) => (...args: unknown[]) =>
    left-- > 0
      ? Promise.reject(held())
      : typeof act === "function"
      ? Reflect.apply(act, Deno, args)
      : assert.fail();
  const replaced = Object.entries({ open, readFile, readTextFile });
  for (const [name, act] of replaced) {
    Object.defineProperty(Deno, name, { value: failingFirst(act), configurable: true });
  }
  try {
    await use();
  } finally {
    for (const [name, value] of replaced) {
      Object.defineProperty(Deno, name, { value, configurable: true });
    }
  }
}

Deno.test("what people wrote, what is uploaded, a bucket's objects and secrets are read once another program is done", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a`;
    await Deno.writeTextFile(path, "text");
    const store = await LocalStore.open(folder);
    const secrets = new SecretFiles(folder, { called: "It", hint: "" });
    const reads = {
      written: () => readWrittenText(path),
      uploaded: async () => {
        const blocks = await Array.fromAsync(readBlocks(path), (block) => block.slice());
        return await new Blob(blocks).text();
      },
      read: async () => await new Response(await store.read("a")).text(),
      secret: () => secrets.get("a"),
    };
    for (const [what, read] of Object.entries(reads)) {
      await holding(2, async () => assert.equal(await read(), "text", what));
    }
    // A cut that is held is whole, and waits: it is not damaged.
    await holding(Infinity, () => assert.rejects(reads.uploaded, InUseError));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("renames and removes files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a`, "1");
    await Deno.writeTextFile(`${folder}/b`, "2");
    await renameFile(`${folder}/a`, `${folder}/b`);
    assert.equal(await Deno.readTextFile(`${folder}/b`), "1");
    await removeFile(`${folder}/b`);
    await assert.rejects(removeFile(`${folder}/b`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Whether a source renames or removes files by itself, by whichever of Deno's two ways. */
function renamesOrRemoves(text: string): boolean {
  if (/Deno\.(rename|remove)(Sync)?\(/.test(text)) return true;
  const OF_NODE = /import ([^;]*?) from "(?:node:)?fs(?:\/promises)?"|import\("(?:node:)?fs/g;
  return [...text.matchAll(OF_NODE)].some(([, names]) =>
    // A whole module could rename by any of its names.
    !names?.includes("{") || /\b(rename|rm|rmdir|unlink)(Sync)?\b/.test(names)
  );
}

Deno.test("finds both ways of renaming and removing in a source", () => {
  const sources = [
    "await Deno.rename(a, b)",
    'import { lstat, unlink } from "node:fs/promises";',
    'import {\n  rmSync,\n} from "node:fs";',
    'import * as fs from "node:fs";',
    'const { rm } = await import("node:fs/promises");',
  ];
  for (const text of sources) assert.ok(renamesOrRemoves(text), text);
  assert.ok(!renamesOrRemoves('import { lstat, open } from "node:fs/promises";'));
  assert.ok(!renamesOrRemoves('import { rename } from "./names.ts"; import { a } from "node:fs";'));
});

Deno.test("no other file renames or removes, but the disk of a store and what may stay", async () => {
  const found: string[] = [];
  for (const file of [...await sources(`${ROOT}lib`), `${ROOT}main.ts`, `${ROOT}harvester.ts`]) {
    const text = await Deno.readTextFile(file);
    if (renamesOrRemoves(text)) found.push(file.slice(ROOT.length));
  }
  assert.deepEqual(found.toSorted(), [
    "lib/base/in_use.ts",
    "lib/store/folder/disk.ts",
    // An empty folder: nothing depends on it.
    "lib/store/folder/folders.ts",
  ]);
});

/** Reads of Deno's, or opens for reading alone, that would be tried once. */
const READS =
  /Deno\.(?:(?:readFile|readTextFile)(?:Sync)?\(|open(?:Sync)?\((?:\w+|\w+\([^()]*\))\))/;

Deno.test("no other file reads files by itself, but where waiting is no use", async () => {
  const found: string[] = [];
  for (const file of [...await sources(`${ROOT}lib`), `${ROOT}main.ts`, `${ROOT}harvester.ts`]) {
    if (READS.test(await Deno.readTextFile(file))) found.push(file.slice(ROOT.length));
  }
  assert.deepEqual(found.toSorted(), [
    // Once, before anything begins.
    "lib/base/certificates.ts",
    "lib/base/in_use.ts",
    // A folder, to make its names durable.
    "lib/store/folder/disk.ts",
  ]);
});
