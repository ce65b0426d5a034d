/** Markers of a collection that is being copied: the source's name in the target, the target's in the source. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { jsonObject } from "../base/json_object.ts";
import { parseDocument } from "../bucket/documents.ts";
import type { Lease } from "../bucket/lease.ts";
import { collectionKeys } from "../collection/layout.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store } from "../store/store.ts";

/** The name of the marker at the root of a target. */
export const MARKER = "transfer.json";
/** The name of the marker at the root of a source that is being removed. */
const MOVED = "moved.json";

const markerSchema = z.object({
  /** The bucket by its id or its name, and the collection in it. */
  from: z.object({ bucket: z.string(), id: z.string() }),
  began: z.string(),
  /** The schedule that the target gets once it is complete. */
  schedule: jsonObject.exactOptional(),
});

/** The source of a target. */
export type Marker = z.output<typeof markerSchema>;

/** An end of a copy. */
export interface End {
  store: Store;
  collectionId: string;
  /** The collection's lease: it is not changed meanwhile. */
  lease: Pick<Lease, "check">;
}

/** Reads the marker of an incomplete target; null if there is none. @throws UserError if it is damaged */
export async function readMarker(store: Store, id: string): Promise<Marker | null> {
  const key = `${collectionKeys(id).folder}${MARKER}`;
  const found = await store.get(key);
  return found && parseDocument(markerSchema, found.bytes, key);
}

/**
 * Marks a target as a copy. @returns The marker, or that of an earlier run
 * @throws UserError if the target is another collection.
 */
export async function mark(
  { store, collectionId }: Pick<End, "store" | "collectionId">,
  marker: Marker,
): Promise<Marker> {
  const { folder, lock } = collectionKeys(collectionId);
  const found = await readMarker(store, collectionId);
  const isSame = found?.from.id === marker.from.id && found.from.bucket === marker.from.bucket;
  if (found && isSame) return found;
  for await (const { key } of store.list(folder)) {
    if (key === lock || key.endsWith("/")) continue;
    throw new UserError(`Collection ${collectionId} already exists in bucket ${store.name}`, {
      hint: "Take another id.",
    });
  }
  await settledPut(store, `${folder}${MARKER}`, jsonBytes(marker), { ifAbsent: true });
  return marker;
}

/** Removes the marker of a complete target. */
export async function unmark(
  { store, collectionId }: Pick<End, "store" | "collectionId">,
): Promise<void> {
  await store.delete(`${collectionKeys(collectionId).folder}${MARKER}`);
}

/** The schema of a removed collection's target. */
const movedSchema = z.object({ bucket: z.string(), id: z.string(), at: z.string() });
/** The target of a collection that is being removed. */
export type Moved = z.output<typeof movedSchema>;

/** Returns the target of a collection that is not removed completely; null if it is not being removed. */
export async function readMoved(store: Store, id: string): Promise<Moved | null> {
  const key = `${collectionKeys(id).folder}${MOVED}`;
  const found = await store.get(key);
  return found && parseDocument(movedSchema, found.bytes, key);
}

/**
 * Removes a collection whose copy is complete, first what it is harvested by. Running it again completes an interrupted
 * removal. The lock is removed with its lease, and then `removeMoved` removes the marker.
 */
export async function removeSource(
  { store, collectionId, lease }: End,
  { to, clock, onFile }: {
    to: { bucket: string; id: string };
    clock: Clock;
    onFile: (key: string) => void;
  },
): Promise<void> {
  const { folder, config, lock } = collectionKeys(collectionId);
  const moved = `${folder}${MOVED}`;
  lease.check();
  if (!await store.get(moved)) {
    const said: Moved = { ...to, at: isoTime(clock.now()) };
    await settledPut(store, moved, jsonBytes(said), { ifAbsent: true });
  }
  await store.delete(config);
  for await (const { key } of store.list(folder)) {
    if (key === lock || key === moved || key.endsWith("/")) continue;
    lease.check();
    await store.delete(key);
    onFile(key.slice(folder.length));
  }
}

/** Completes the removal of a collection. */
export async function removeMoved(store: Store, id: string): Promise<void> {
  await store.delete(`${collectionKeys(id).folder}${MOVED}`);
}
