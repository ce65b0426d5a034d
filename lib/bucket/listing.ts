/** Lists a collection's tweets files: from manifests, and of the current harvest from the checkpoint. */

import { collectionKeys, FILES } from "../collection/layout.ts";
import { UserError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { type CheckpointState, readCheckpoint } from "./checkpoint_state.ts";
import {
  formatManifest,
  type ListedFile,
  manifests,
  readListedFiles,
  readManifest,
} from "./manifest.ts";

/** A harvest that is not settled: its manifest may be older than its checkpoint. */
export interface OpenListing {
  /** With a `/` at its end. */
  folder: string;
  /** The manifest according to the checkpoint. */
  manifest: Uint8Array;
}

/**
 * Returns the checkpoint's listing; null if all harvests are settled, or it is damaged: then only manifests are left.
 */
export async function openListing(
  store: Store,
  collectionId: string,
): Promise<OpenListing | null> {
  const state = await readCheckpoint(store, collectionId).catch(nullIfDamaged);
  if (!state || state.state === "settled") return null;
  const folder = collectionKeys(collectionId).harvest(state.began);
  return { folder, manifest: formatManifest(state.files) };
}

/** Returns the stored manifest, or for an unsettled harvest the checkpoint's; null if there is none. */
export async function newestManifest(
  store: Store,
  collectionId: string,
  folder: string,
): Promise<Uint8Array | null> {
  // Read the checkpoint first: an earlier harvest has all in its manifest by then.
  const open = await openListing(store, collectionId);
  if (open?.folder === folder) return open.manifest;
  return (await store.get(`${folder}${FILES.manifest}`))?.bytes ?? null;
}

/**
 * Yields the tweets files of every harvest of a collection, including the current one, oldest harvest first.
 * @param options.oldest The folder of the first harvest to list.
 */
export async function* listedFiles(
  store: Store,
  collectionId: string,
  { oldest = "" } = {},
): AsyncGenerator<ListedFile> {
  const open = await openListing(store, collectionId);
  const later = new Set(open ? [open.folder] : []);
  for await (const key of manifests(store, collectionId)) {
    const folder = key.slice(0, -FILES.manifest.length);
    if (open && folder >= open.folder) later.add(folder);
    else if (folder >= oldest) yield* readListedFiles(store, key);
  }
  for (const folder of [...later].sort().filter((one) => one >= oldest)) {
    const manifest = await newestManifest(store, collectionId, folder);
    yield* readManifest(manifest ?? undefined, folder).files;
  }
}

function nullIfDamaged(error: unknown): CheckpointState | null {
  if (error instanceof UserError) return null;
  throw error;
}
