/** Copies a collection from its bucket to the person's disk. */

import { dirname, join } from "node:path";
import { collectionKeys } from "../collection/layout.ts";
import { messageOf, UserError } from "../errors.ts";
import type { Listed, Store } from "../store/store.ts";

/** What a download is made of. */
export interface DownloadOptions {
  store: Store;
  collectionId: string;
  /** The folder that stands for the bucket. */
  to: string;
  /** Fetch also what is there already. */
  clean: boolean;
  /** Told of each file, fetched or skipped. */
  onFile: (done: { files: number; bytes: number; skipped: number }) => void;
}

/**
 * Fetches every file of a collection but its lock and its checkpoint. Files that are there with the
 * same size are skipped; those directly in the collection's folder change, and are always fetched. A
 * file gets its name when it is whole.
 * @throws UserError where the disk cannot be written; OutsideError where the bucket fails.
 */
export async function download(
  { store, collectionId, to, clean, onFile }: DownloadOptions,
): Promise<{ files: number; bytes: number; skipped: number }> {
  const keys = collectionKeys(collectionId);
  const done = { files: 0, bytes: 0, skipped: 0 };
  for await (const { key, size } of store.list(keys.folder)) {
    if (key === keys.lock || key === keys.checkpoint) continue;
    const path = join(to, ...checkedParts(key));
    const isFixed = key.slice(keys.folder.length).includes("/");
    if (isFixed && !clean && await sizeOf(path) === size) done.skipped++;
    else if (await fetched(store, { key, size }, path)) {
      done.files++;
      done.bytes += size;
    }
    onFile(done);
  }
  return done;
}

/** False where it was removed meanwhile: a piece that was merged into its segment. */
async function fetched(
  store: Store,
  { key, size }: Pick<Listed, "key" | "size">,
  path: string,
): Promise<boolean> {
  const temporary = join(dirname(path), `.${crypto.randomUUID()}.part`);
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const content = await store.read(key).catch(async (error) => {
      if (await exists(store, key)) throw error;
      return null;
    });
    if (!content) return false;
    await Deno.writeFile(temporary, content, key.endsWith(".json") ? { mode: 0o600 } : {});
    const written = await sizeOf(temporary);
    if (written !== size && key.includes("/tweets-")) {
      throw new UserError(`${key} came with ${written} bytes in place of ${size}`, {
        hint: "Try again.",
      });
    }
    await Deno.rename(temporary, path);
    return true;
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    if (cause instanceof Error && "exitCode" in cause) throw cause;
    throw new UserError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

async function exists(store: Store, key: string): Promise<boolean> {
  for await (const found of store.list(key)) if (found.key === key) return true;
  return false;
}

async function sizeOf(path: string): Promise<number | null> {
  return (await Deno.stat(path).catch(() => null))?.size ?? null;
}

/** A key's parts as names of files; keys from outside never leave the folder. */
function checkedParts(key: string): string[] {
  const parts = key.split("/");
  if (parts.some((part) => part === "" || part === ".." || part === "." || /[\\:\0]/.test(part))) {
    throw new UserError(`${JSON.stringify(key)} cannot be the name of a file here`);
  }
  return parts;
}
