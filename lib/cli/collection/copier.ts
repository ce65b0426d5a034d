/** Copies objects of a bucket to local files, each verified before it gets its name. */

import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { tap } from "../../base/tap.ts";
import { InUseError, openFile, readFile, removeFile, renameFile } from "../../base/in_use.ts";
import { sha1Hex } from "../../bucket/inventory_entry.ts";
import { keyless, mayHaveKeys, needsNoKeys } from "../../collection/keyless.ts";
import { isNamedLikeTweets, isTweetsFileName } from "../../format/file_name.ts";
import { errorMessage, TwarcCloudError, UserError } from "../../base/errors.ts";
import { isThere, type Store, type Version } from "../../store/store.ts";

/** Bytes of a file below which it is read as a whole. */
const SMALL = 65_536;

/** An object to copy, with known facts. */
export interface Wanted {
  key: string;
  /** Bytes, from a listing. */
  size?: number;
  version?: Version;
  /** In hex, from a manifest. */
  sha1?: string;
}

/**
 * The result of a copy. damaged: it differs from its listing, and no file is written; gone: it is no longer in the
 * bucket; stray: its key is not a valid file name here; withheld: keys cannot be removed from it.
 */
export type Copied =
  | { is: "fetched" | "skipped"; bytes: number }
  | { is: "damaged" }
  | { is: "gone" }
  | { is: "stray" | "withheld"; why: string };

/** The destination and mode of copies. */
export interface CopierOptions {
  store: Store;
  /** The folder for the bucket, or for what is below `root`. */
  to: string;
  /** The prefix of keys that `to` stands for; by default the whole bucket. */
  root?: string | undefined;
  /** Whether to fetch existing files again. */
  clean: boolean;
  /** Whether to copy the configuration's keys; those in records are never copied. */
  withKeys?: boolean;
}

/** Copies objects of one bucket. Their keys become file names, which the caller has checked. */
export class Copier {
  /** Checksums, in hex, of copies of listed files from which keys were removed. */
  readonly changed = new Map<string, string>();
  readonly #options: CopierOptions;

  constructor(options: CopierOptions) {
    this.#options = options;
  }

  /** Copies an object. @throws UserError if the disk cannot be written; OutsideError if the bucket fails. */
  async copy(wanted: Wanted): Promise<Copied> {
    const { clean, withKeys = false } = this.#options;
    const path = this.#path(wanted.key);
    const isPlain = !mayHaveKeys(wanted.key) || (withKeys && !needsNoKeys(wanted.key));
    const isThere = !clean && await isSame(path, wanted) &&
      (isPlain || await isKeyless(wanted.key, path));
    if (isThere) return { is: "skipped", bytes: wanted.size ?? await sizeOf(path) ?? 0 };
    if (isPlain && !clean && await this.#isThere(wanted, path)) {
      return { is: "skipped", bytes: await sizeOf(path) ?? 0 };
    }
    return await this.#tryCopy(
      path,
      (temporary) =>
        isPlain ? this.#fetch(wanted, path, temporary) : this.#withoutKeys(wanted, path, temporary),
    );
  }

  /** Returns whether there is a copy of an object. */
  async has(key: string): Promise<boolean> {
    return await this.readSize(key) !== null;
  }

  /** Returns how many bytes the copy's file of an object has; null where there is none. */
  async readSize(key: string): Promise<number | null> {
    return await sizeOf(this.#path(key));
  }

  /** Returns the copy's file of a small object; null where there is none. */
  async read(key: string): Promise<Uint8Array | null> {
    return await readFile(this.#path(key)).catch(() => null);
  }

  /**
   * Writes a file unless it has this content. @returns Whether it was written
   * @throws UserError
   */
  async place(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#path(key);
    const outcome = await this.#tryCopy(path, async (temporary) => {
      const isNew = await writeUnlessSame(path, temporary, bytes);
      return { is: isNew ? "fetched" : "skipped", bytes: bytes.length };
    });
    if ("why" in outcome) throw new UserError(`${path} cannot be written: ${outcome.why}`);
    return outcome.is === "fetched";
  }

  /** Removes tweets files of an earlier copy that their folder's manifest no longer lists; no folders and no links. */
  async clear(folder: string, listed: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    const entries = Deno.readDir(this.#path(folder));
    for (const { name, isFile } of await Array.fromAsync(entries).catch(noneIfAbsent)) {
      const isTweets = isFile && isTweetsFileName(name);
      if (!isTweets || listed.has(`${folder}${name}`)) continue;
      await removeFile(this.#path(`${folder}${name}`));
      removed++;
    }
    return removed;
  }

  /** Returns whether there is a copy of an object without a known checksum. */
  async #isThere({ key, size, sha1 }: Wanted, path: string): Promise<boolean> {
    if (sha1 !== undefined || size === undefined || await sizeOf(path) !== size) return false;
    const content = await this.#read(key);
    if (!content) return false;
    const hash = createHash("sha1");
    for await (const chunk of content) hash.update(chunk);
    return hash.digest("hex") === await sumOfFile(path, createHash("sha1"));
  }

  async #fetch({ key, size, sha1 }: Wanted, path: string, temporary: string): Promise<Copied> {
    const content = await this.#read(key);
    if (!content) return { is: "gone" };
    const hash = createHash("sha1");
    let bytes = 0;
    const counted = content.pipeThrough(tap((chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    }));
    await Deno.writeFile(temporary, counted, key.endsWith(".json") ? { mode: 0o600 } : {});
    const isDamaged = sha1 !== undefined
      ? hash.digest("hex") !== sha1
      : isNamedLikeTweets(key) && size !== undefined && bytes !== size;
    if (isDamaged) return { is: "damaged" };
    await renameFile(temporary, path);
    return { is: "fetched", bytes };
  }

  /** Opens an object; null if it is no longer in the bucket. */
  async #read(key: string): Promise<ReadableStream<Uint8Array> | null> {
    const { store } = this.#options;
    return await store.read(key).catch(async (error) => {
      if (await isThere(store, key)) throw error;
      return null;
    });
  }

  /** Copies a small object, a configuration or a changeset, without keys. */
  async #withoutKeys({ key, sha1 }: Wanted, path: string, temporary: string): Promise<Copied> {
    const content = await this.#read(key);
    if (!content) return { is: "gone" };
    const found = await new Response(content).bytes();
    if (sha1 !== undefined && sha1Hex(found) !== sha1) return { is: "damaged" };
    const bytes = keyless(key, found);
    if (!bytes) return { is: "withheld", why: "it is not JSON" };
    if (sha1 !== undefined && bytes !== found) this.changed.set(key, sha1Hex(bytes));
    const isNew = await writeUnlessSame(path, temporary, bytes);
    const isThere = !this.#options.clean && !isNew;
    return { is: isThere ? "skipped" : "fetched", bytes: found.length };
  }

  /** Writes to a temporary file next to the target, and removes it afterwards. */
  async #tryCopy(path: string, act: (temporary: string) => Promise<Copied>): Promise<Copied> {
    const temporary = join(dirname(path), `.${crypto.randomUUID()}.part`);
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      return await act(temporary);
    } catch (cause) {
      if (isOfName(cause) || cause instanceof InUseError && await isFolder(path)) {
        return { is: "stray", why: "its name is not a valid file name here" };
      }
      if (cause instanceof TwarcCloudError) throw cause;
      throw new UserError(`${path} cannot be written: ${errorMessage(cause)}`, { cause });
    } finally {
      await removeFile(temporary).catch(() => {});
    }
  }

  #path(key: string): string {
    const { to, root = "" } = this.#options;
    return join(to, ...key.slice(root.length).split("/"));
  }
}

/** Writes a small file unless it has this content. @returns Whether it was written */
async function writeUnlessSame(
  path: string,
  temporary: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const there = await readFile(path).catch(() => null);
  if (there && Buffer.from(there).equals(bytes)) return false;
  await Deno.writeFile(temporary, bytes, path.endsWith(".json") ? { mode: 0o600 } : {});
  await renameFile(temporary, path);
  return true;
}

/** Returns whether a file matches its object in the bucket; false if unknown. */
async function isSame(path: string, { size, version, sha1 }: Wanted): Promise<boolean> {
  const there = await sizeOf(path);
  if (there === null || (size !== undefined && there !== size)) return false;
  // S3's ETag of an object that was put in one piece is its MD5 sum.
  const md5 = /^"([0-9a-f]{32})"$/.exec(version ?? "")?.[1];
  if (sha1 !== undefined) return await sumOfFile(path, createHash("sha1")) === sha1;
  return md5 !== undefined && await sumOfFile(path, createHash("md5")) === md5;
}

async function isKeyless(key: string, path: string): Promise<boolean> {
  const bytes = await readFile(path);
  return keyless(key, bytes) === bytes;
}

async function sumOfFile(path: string, hash: Hash): Promise<string> {
  const size = await sizeOf(path);
  if (size !== null && size < SMALL) return hash.update(await readFile(path)).digest("hex");
  using file = await openFile(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await Deno.lstat(path).catch(() => null);
  return found?.isFile ? found.size : null;
}

/** Returns whether a folder is in a file's place: Windows reports that as it does a file in use. */
async function isFolder(path: string): Promise<boolean> {
  return (await Deno.lstat(path).catch(() => null))?.isDirectory ?? false;
}

/** Returns whether a failure is about the name, not the disk: a file is in place of a folder, or it is too long. */
function isOfName(error: unknown): boolean {
  const { NotADirectory, IsADirectory, AlreadyExists } = Deno.errors;
  const isTaken = [NotADirectory, IsADirectory, AlreadyExists].some((Kind) =>
    error instanceof Kind
  );
  // File name too long (Linux, macOS), invalid or too long (Windows).
  return isTaken || /\(os error (36|63|123|206)\)/.test(errorMessage(error));
}

function noneIfAbsent(error: unknown): Deno.DirEntry[] {
  if (error instanceof Deno.errors.NotFound) return [];
  throw error;
}
