/** Folders for buckets, processes that use them, and disks that lack something. */

import { fileURLToPath } from "node:url";
import type { Disk } from "../../lib/store/folder/disk.ts";
import { systemDisk } from "../../lib/store/folder/disk.ts";
import type { LocalStore } from "../../lib/store/folder/store.ts";

/** Where a bucket keeps its own files. */
export const OWN = ".twarc-cloud";

/** A folder of its own. */
export async function temporary(): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await Deno.makeTempDir();
  return { folder, close: () => Deno.remove(folder, { recursive: true }) };
}

/** Uses a folder, and removes it. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const { folder, close } = await temporary();
  try {
    await use(folder);
  } finally {
    await close();
  }
}

/** Every key of a store. */
export async function keysOf(store: LocalStore): Promise<string[]> {
  return (await Array.fromAsync(store.list(""))).map(({ key }) => key);
}

/** Every path below a folder, links not followed, with the content of files and where links lead. */
export async function treeOf(folder: string, below = ""): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${folder}/${below}`)) {
    const path = `${below}${name}`;
    if (isDirectory) Object.assign(tree, { [`${path}/`]: "" }, await treeOf(folder, `${path}/`));
    else if (isSymlink) tree[path] = `-> ${await Deno.readLink(`${folder}/${path}`)}`;
    else tree[path] = await Deno.readTextFile(`${folder}/${path}`);
  }
  return tree;
}

/** Dates a file back. */
export async function age(path: string, minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * 60_000);
  await Deno.utime(path, then, then);
}

/** As Deno has the failure of a call that a file system does not know: ENOSYS, on Windows ERROR_NOT_SUPPORTED. */
function lacking(): Promise<never> {
  const number = Deno.build.os === "windows" ? 50 : 38;
  return Promise.reject(new Error(`Function not implemented (os error ${number})`));
}

/** A disk as FAT and exFAT have it. */
export const WITHOUT_LINKS: Disk = {
  ...systemDisk,
  link: () => Promise.reject(new Deno.errors.PermissionDenied("link (os error 1)")),
};
/** A disk as Lustre and some mounts of a network have it. */
export const WITHOUT_LOCKS: Disk = { ...systemDisk, lock: lacking };
/** A disk that has neither, nor durable folders or files. */
export const WITHOUT_ANY: Disk = {
  ...systemDisk,
  link: WITHOUT_LINKS.link,
  lock: lacking,
  sync: lacking,
  syncFile: lacking,
};
/** As Deno on Windows has the failure of a call that exFAT does not know (ERROR_INVALID_FUNCTION). */
function incorrect(): Promise<never> {
  return Promise.reject(
    Object.assign(new Error("Incorrect function. (os error 1)"), { code: "EISDIR" }),
  );
}

/** exFAT as Windows has it, for `asOnWindows`. */
export const EXFAT_OF_WINDOWS: Disk = { ...systemDisk, link: incorrect, lock: incorrect };
/** A disk of which another program (a virus scanner, an indexer) holds every third file when it is locked, renamed or removed. */
export const IN_USE: Disk = {
  ...systemDisk,
  open: everyThirdRefused(systemDisk.open),
  rename: everyThirdRefused(systemDisk.rename),
  remove: everyThirdRefused(systemDisk.remove),
};

function everyThirdRefused<A extends unknown[], T>(
  act: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const refusals = [
    new Deno.errors.PermissionDenied("Access is denied (os error 13)"),
    Object.assign(new Error("It is used by another process"), { code: "EBUSY" }),
  ];
  let calls = 0;
  return async (...args) => {
    calls++;
    if (calls % 3 !== 0) return await act(...args);
    throw refusals[calls % 2];
  };
}

/**
 * Starts another process that runs this text with the store open as `store`.
 * @param options.under A command that runs the command which follows it.
 * @param options.disk The name of a disk above.
 */
export function startProcess(
  folder: string,
  act: string,
  { under = [], disk }: { under?: string[]; disk?: string } = {},
): Deno.ChildProcess {
  const local = new URL("../../lib/store/folder/store.ts", import.meta.url).href;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const code = `import { LocalStore } from ${JSON.stringify(local)};
    import * as disks from ${JSON.stringify(import.meta.url)};
    const store = await LocalStore.open(${JSON.stringify(folder)}, ${
    disk ? `{ disk: disks.${disk} }` : ""
  });
    ${act}`;
  const url = `data:application/typescript,${encodeURIComponent(code)}`;
  const [command = "", ...args] = [
    ...under,
    Deno.execPath(),
    ...[
      "run",
      "--quiet",
      "--no-check",
      "--no-code-cache",
      "--allow-read",
      "--allow-write",
      "--config",
      config,
      url,
    ],
  ];
  return new Deno.Command(command, { args, stdout: "piped", stderr: "inherit" }).spawn();
}

/** Adds 1 to the object `n`, some times, beside others that do so. */
export function countUp(times: number): string {
  return `for (let done = 0; done < ${times};) {
    const { bytes, version } = await store.get("n");
    const next = Number(new TextDecoder().decode(bytes)) + 1;
    try { await store.put("n", new TextEncoder().encode(String(next)), { ifVersion: version }); done++; }
    catch (error) { if (error.name !== "ConflictError") throw error; }
  }`;
}

/** Claims objects that others claim as well, and prints how many were won. */
export function claim(objects: number): string {
  return `let won = 0;
  for (let i = 0; i < ${objects}; i++) {
    try { await store.put("claim/" + i, new Uint8Array(), { ifAbsent: true }); won++; }
    catch (error) { if (error.name !== "ConflictError") throw error; }
  }
  console.log(won);`;
}
