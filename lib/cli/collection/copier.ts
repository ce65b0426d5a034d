/** Copies objects of a bucket to files of the person's disk: each is whole, and as listed, before it has its name. */

import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { tap } from "../../base/tap.ts";
import { removeFile, renameFile } from "../../base/in_use.ts";
import { keyless, mayHaveKeys, needsNoKeys } from "../../collection/keyless.ts";
import { isNamedLikeTweets, isTweetsFileName } from "../../format/file_name.ts";
import { messageOf, TwarcCloudError, UserError } from "../../base/errors.ts";
import { isThere, type Store, type Version } from "../../store/store.ts";

/** An object that is to be copied, with what is known of it. */
export interface Wanted {
  key: string;
  /** Bytes, as a listing has it. */
  size?: number;
  version?: Version;
  /** In hex, as a manifest has it. */
  sha1?: string;
}

/**
 * What became of it. damaged: it is not as it is listed, and the copy has no file of its name; gone: the bucket does
 * not have it any more; stray: it cannot be a file here; withheld: keys cannot be left out of it.
 */
export type Copied =
  | { is: "fetched" | "skipped"; bytes: number }
  | { is: "damaged" }
  | { is: "gone" }
  | { is: "stray" | "withheld"; why: string };

/** Where objects are copied to, and how. */
export interface CopierOptions {
  store: Store;
  /** The folder that stands for the bucket, or for what is below `root`. */
  to: string;
  /** What keys begin with that `to` stands for; the bucket where it is absent. */
  root?: string | undefined;
  /** Fetch also what is there already. */
  clean: boolean;
  /** Whether the keys of the configuration are copied: those in records never are. */
  withKeys?: boolean;
}

/** Copies objects of one bucket. Their keys are names of files, checked by who calls. */
export class Copier {
  /** The checksums, in hex, of listed files that are not as in the bucket: keys were left out of them. */
  readonly changed = new Map<string, string>();
  readonly #options: CopierOptions;

  constructor(options: CopierOptions) {
    this.#options = options;
  }

  /** Copies an object. @throws UserError where the disk cannot be written; OutsideError where the bucket fails. */
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
    return await this.#tried(
      path,
      (temporary) =>
        isPlain ? this.#fetch(wanted, path, temporary) : this.#withoutKeys(wanted, path, temporary),
    );
  }

  /** Returns whether the copy has a file of an object. */
  async has(key: string): Promise<boolean> {
    return await sizeOf(this.#path(key)) !== null;
  }

  /** Gives a file a content, unless it has it; whether it was written. @throws UserError */
  async place(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#path(key);
    const outcome = await this.#tried(path, async (temporary) => {
      const isNew = await writeUnlessSame(path, temporary, bytes);
      return { is: isNew ? "fetched" : "skipped", bytes: bytes.length };
    });
    if ("why" in outcome) throw new UserError(`${path} cannot be written: ${outcome.why}`);
    return outcome.is === "fetched";
  }

  /**
   * Removes files of tweets that were copied earlier and that the manifest of their folder does not list any more.
   * Nothing but such files: no folder, no link.
   */
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

  /** Returns whether a file is there with the content of an object of which no checksum is known. */
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

  /** Null where the bucket does not have it any more. */
  async #read(key: string): Promise<ReadableStream<Uint8Array> | null> {
    const { store } = this.#options;
    return await store.read(key).catch(async (error) => {
      if (await isThere(store, key)) throw error;
      return null;
    });
  }

  /** Small ones: a configuration, or a changeset. */
  async #withoutKeys({ key, sha1 }: Wanted, path: string, temporary: string): Promise<Copied> {
    const content = await this.#read(key);
    if (!content) return { is: "gone" };
    const found = await new Response(content).bytes();
    if (sha1 !== undefined && sumOf(found) !== sha1) return { is: "damaged" };
    const bytes = keyless(key, found);
    if (!bytes) return { is: "withheld", why: "it is not JSON" };
    if (sha1 !== undefined && bytes !== found) this.changed.set(key, sumOf(bytes));
    const isNew = await writeUnlessSame(path, temporary, bytes);
    const isThere = !this.#options.clean && !isNew;
    return { is: isThere ? "skipped" : "fetched", bytes: found.length };
  }

  /** Works on a file beside the one that is meant; what is left of it goes. */
  async #tried(path: string, act: (temporary: string) => Promise<Copied>): Promise<Copied> {
    const temporary = join(dirname(path), `.${crypto.randomUUID()}.part`);
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      return await act(temporary);
    } catch (cause) {
      if (cause instanceof TwarcCloudError) throw cause;
      if (isOfName(cause)) return { is: "stray", why: "no file here can have its name" };
      throw new UserError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
    } finally {
      await removeFile(temporary).catch(() => {});
    }
  }

  #path(key: string): string {
    const { to, root = "" } = this.#options;
    return join(to, ...key.slice(root.length).split("/"));
  }
}

/** Writes a small file, unless it is there with this content; whether it was written. */
async function writeUnlessSame(
  path: string,
  temporary: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const there = await Deno.readFile(path).catch(() => null);
  if (there && Buffer.from(there).equals(bytes)) return false;
  await Deno.writeFile(temporary, bytes, path.endsWith(".json") ? { mode: 0o600 } : {});
  await renameFile(temporary, path);
  return true;
}

/** Returns whether a file is there as it is in the bucket; where nothing tells, it is not. */
async function isSame(path: string, { size, version, sha1 }: Wanted): Promise<boolean> {
  const there = await sizeOf(path);
  if (there === null || (size !== undefined && there !== size)) return false;
  // What S3 calls an ETag is the MD5 sum of an object that was put in one piece.
  const md5 = /^"([0-9a-f]{32})"$/.exec(version ?? "")?.[1];
  if (sha1 !== undefined) return await sumOfFile(path, createHash("sha1")) === sha1;
  return md5 !== undefined && await sumOfFile(path, createHash("md5")) === md5;
}

async function isKeyless(key: string, path: string): Promise<boolean> {
  const bytes = await Deno.readFile(path);
  return keyless(key, bytes) === bytes;
}

async function sumOfFile(path: string, hash: Hash): Promise<string> {
  using file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

function sumOf(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await Deno.lstat(path).catch(() => null);
  return found?.isFile ? found.size : null;
}

/** Returns whether what failed is a name, and not the disk: another file is where its folder would be, or it is too long. */
function isOfName(error: unknown): boolean {
  const { NotADirectory, IsADirectory, AlreadyExists } = Deno.errors;
  const isTaken = [NotADirectory, IsADirectory, AlreadyExists].some((Kind) =>
    error instanceof Kind
  );
  // File name too long (Linux, macOS), invalid or too long (Windows).
  return isTaken || /\(os error (36|63|123|206)\)/.test(messageOf(error));
}

function noneIfAbsent(error: unknown): Deno.DirEntry[] {
  if (error instanceof Deno.errors.NotFound) return [];
  throw error;
}
