/** A folder of this machine as a store: every write is whole, conditions hold between processes. */

import { lstat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ConflictError, messageOf, OutsideError, UserError } from "../errors.ts";
import type { Listed, Store, Version, When } from "./store.ts";

/** Where files are written before they are renamed into place. */
const TEMPORARY = ".tmp";
/** What is locked while a condition is looked at and its write done. */
const LOCK = ".lock";
/** A temporary file this old, in milliseconds, was left by a process that was killed. */
const STALE = 3_600_000;

/** A Store in a folder. */
export class LocalStore implements Store {
  readonly name: string;
  readonly #root: string;

  private constructor(name: string, root: string) {
    this.name = name;
    this.#root = root;
  }

  /** Opens the folder; it is made by the first write. Clears what killed processes left. */
  static async open(name: string): Promise<LocalStore> {
    const root = resolve(name.startsWith("file:") ? fileURLToPath(name) : name);
    const store = new LocalStore(name, root);
    await store.#clearStale();
    return store;
  }

  async get(key: string): Promise<{ bytes: Uint8Array; version: Version } | null> {
    const path = this.#path(key);
    return await this.#translated(async () => {
      for (;;) {
        const version = await versionOf(path);
        const bytes = await Deno.readFile(path).catch(nullIfAbsent);
        if (!bytes || !version) return null;
        // The same before and after: the bytes are of this version, not of a neighbour's write.
        if (version === await versionOf(path)) return { bytes, version };
      }
    });
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    const file = await this.#translated(() => Deno.open(this.#path(key)).catch(nullIfAbsent));
    if (!file) throw new OutsideError(`There is no ${key} in bucket ${this.name}`);
    return file.readable;
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    return await this.#write(key, when, (file) => writeAll(file, bytes));
  }

  async upload(key: string, path: string, when?: When): Promise<Version> {
    return await this.#write(key, when, async (file) => {
      using source = await Deno.open(path);
      const buffer = new Uint8Array(1 << 20);
      for (let n = await source.read(buffer); n !== null; n = await source.read(buffer)) {
        await writeAll(file, buffer.subarray(0, n));
      }
    });
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const path = this.#path(key);
    await this.#translated(async () => {
      if (!when) return await Deno.remove(path).catch(nullIfAbsent);
      await this.#locked(async () => {
        if (await versionOf(path) !== when.ifVersion) throw new ConflictError(key);
        await Deno.remove(path);
      });
    });
    await this.#prune(dirname(path));
  }

  async *list(prefix: string, { folders = false } = {}): AsyncGenerator<Listed> {
    const cut = prefix.lastIndexOf("/") + 1;
    const walk = this.#entries(prefix.slice(0, cut), { folders, begins: prefix });
    yield* await this.#translated(async () => {
      const found = await Array.fromAsync(walk);
      return found.sort((a, b) => compareBytes(a.key, b.key));
    });
  }

  /** @param folder A key that ends with `/`, or nothing for the root. */
  async *#entries(
    folder: string,
    { folders, begins }: { folders: boolean; begins: string },
  ): AsyncGenerator<Listed> {
    const path = folder === "" ? this.#root : this.#path(folder.slice(0, -1));
    for (const entry of await entriesOf(path)) {
      if (folder === "" && entry.name.startsWith(".")) continue;
      const key = `${folder}${entry.name}${entry.isDirectory ? "/" : ""}`;
      if (!key.startsWith(begins) && !(entry.isDirectory && begins.startsWith(key))) continue;
      if (entry.isDirectory) {
        if (folders) yield { key, size: 0, version: "" };
        else yield* this.#entries(key, { folders, begins });
      } else {
        const stat = await lstat(`${path}/${entry.name}`, { bigint: true }).catch(nullIfAbsent);
        if (stat) yield { key, size: Number(stat.size), version: version(stat) };
      }
    }
  }

  /** Writes a temporary file, makes it durable, and puts it in place if `when` is met. */
  #write(
    key: string,
    when: When | undefined,
    fill: (file: Deno.FsFile) => Promise<void>,
  ): Promise<Version> {
    const path = this.#path(key);
    return this.#translated(async () => {
      const temporary = `${this.#root}/${TEMPORARY}/${crypto.randomUUID()}`;
      try {
        await Deno.mkdir(dirname(temporary), { recursive: true });
        const file = await Deno.open(temporary, { createNew: true, write: true });
        try {
          await fill(file);
          await file.sync();
        } finally {
          file.close();
        }
        const version = await versionOf(temporary);
        await this.#place(temporary, path, { key, when });
        return version ?? "";
      } finally {
        await Deno.remove(temporary).catch(() => {});
      }
    });
  }

  async #place(
    temporary: string,
    path: string,
    { key, when }: { key: string; when: When | undefined },
  ): Promise<void> {
    if (when && "ifVersion" in when) {
      await this.#locked(async () => {
        if (await versionOf(path) !== when.ifVersion) throw new ConflictError(key);
        await Deno.rename(temporary, path);
      });
    } else {
      // A neighbour's delete may prune the folder between making it and using it.
      await retriedIfAbsent(async () => {
        await Deno.mkdir(dirname(path), { recursive: true });
        await (when ? Deno.link(temporary, path) : Deno.rename(temporary, path));
      }).catch((error) => {
        throw error instanceof Deno.errors.AlreadyExists ? new ConflictError(key) : error;
      });
    }
    await synced(dirname(path));
  }

  /** Runs while no other process of this machine is between looking and writing. */
  async #locked(act: () => Promise<void>): Promise<void> {
    await Deno.mkdir(this.#root, { recursive: true });
    const lock = await Deno.open(`${this.#root}/${LOCK}`, { create: true, write: true });
    try {
      await lock.lock(true);
      await act();
    } finally {
      lock.close();
    }
  }

  /** Removes folders that have become empty, up to the bucket. */
  async #prune(folder: string): Promise<void> {
    for (let path = folder; path.startsWith(`${this.#root}/`); path = dirname(path)) {
      try {
        await Deno.remove(path);
      } catch {
        return;
      }
    }
  }

  async #clearStale(): Promise<void> {
    const folder = `${this.#root}/${TEMPORARY}`;
    for (const { name } of await entriesOf(folder).catch(() => [])) {
      const stat = await Deno.stat(`${folder}/${name}`).catch(() => null);
      if (stat?.mtime && Date.now() - stat.mtime.getTime() > STALE) {
        await Deno.remove(`${folder}/${name}`).catch(() => {});
      }
    }
  }

  #path(key: string): string {
    const parts = key.split("/");
    if (
      key.includes("\0") || key.includes("\\") ||
      parts.some((part) => part === "" || part === "." || part === "..")
    ) {
      throw new UserError(`${JSON.stringify(key)} cannot be a key in a folder bucket`);
    }
    return join(this.#root, ...parts);
  }

  async #translated<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw this.#translate(cause);
    }
  }

  #translate(cause: unknown): unknown {
    if (cause instanceof UserError || cause instanceof OutsideError) return cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (/ENOSPC|EDQUOT|EFBIG/.test(code)) {
      return new UserError(`The disk of bucket ${this.name} is full`, {
        cause,
        hint: "Free some space and start again: what was committed is intact.",
      });
    }
    if (
      /EACCES|EPERM|EROFS|ENOTDIR|EISDIR/.test(code) || cause instanceof Deno.errors.NotADirectory
    ) {
      return new UserError(`The bucket folder ${this.name} cannot be used: ${messageOf(cause)}`, {
        cause,
        hint: "Check its permissions, or name another folder with --bucket.",
      });
    }
    return new OutsideError(`The bucket folder ${this.name} failed: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let n = 0; n < bytes.length;) n += await file.write(bytes.subarray(n));
}

async function entriesOf(path: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(path)).catch(nullIfAbsent) ?? [];
}

/** Identifies a content: each write makes a new file, so its number and time tell it from others. */
function version(stat: { ino: bigint; mtimeNs: bigint; size: bigint }): Version {
  return `${stat.ino}-${stat.mtimeNs}-${stat.size}`;
}

async function versionOf(path: string): Promise<Version | null> {
  const stat = await lstat(path, { bigint: true }).catch(nullIfAbsent);
  return stat && version(stat);
}

function nullIfAbsent(error: unknown): null {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof Deno.errors.NotFound || code === "ENOENT") return null;
  throw error;
}

async function retriedIfAbsent(act: () => Promise<void>): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || tries === 10) throw error;
    }
  }
}

/** Makes a folder's entries durable where the system can; elsewhere the file's own sync must do. */
async function synced(folder: string): Promise<void> {
  try {
    using directory = await Deno.open(folder);
    await directory.sync();
  } catch {
    // Windows opens no folders.
  }
}

/** S3 orders keys by their UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
