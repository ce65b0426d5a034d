/** Marks of a collection that is being copied: in the target whose copy it is, in the source where it went. */

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

/** The name of the marker at the head of a target. */
export const MARKER = "transfer.json";
/** The name of what says at the head of a source that it is to be removed. */
const MOVED = "moved.json";

const markerSchema = z.object({
  /** The bucket by its id or its name, and the collection in it. */
  from: z.object({ bucket: z.string(), id: z.string() }),
  began: z.string(),
  /** The schedule that the target gets once it is complete. */
  schedule: jsonObject.exactOptional(),
});

/** Says whose copy a target is. */
export type Marker = z.output<typeof markerSchema>;

/** A collection, as it is copied. */
export interface End {
  store: Store;
  collectionId: string;
  /** Nobody else works on it meanwhile. */
  lease: Pick<Lease, "check">;
}

/** Returns the marker of a target that is not complete; null where there is none. @throws UserError where it is damaged */
export async function readMarker(store: Store, id: string): Promise<Marker | null> {
  const key = `${collectionKeys(id).folder}${MARKER}`;
  const found = await store.get(key);
  return found && parseDocument(markerSchema, found.bytes, key);
}

/**
 * Marks a target as somebody's copy, or returns the marker of the time before.
 * @throws UserError where the target is another collection.
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

/** Says that a target is complete. */
export async function unmark(
  { store, collectionId }: Pick<End, "store" | "collectionId">,
): Promise<void> {
  await store.delete(`${collectionKeys(collectionId).folder}${MARKER}`);
}

/** Where a collection went. */
const movedSchema = z.object({ bucket: z.string(), id: z.string(), at: z.string() });
/** Where a collection went that is to be removed. */
export type Moved = z.output<typeof movedSchema>;

/** Returns where a collection went of which something is left; null where it is there. */
export async function readMoved(store: Store, id: string): Promise<Moved | null> {
  const key = `${collectionKeys(id).folder}${MOVED}`;
  const found = await store.get(key);
  return found && parseDocument(movedSchema, found.bytes, key);
}

/**
 * Removes a collection whose copy is complete: first what it is harvested by. Cut at whatever point, doing it once more
 * ends it. The lock goes with its lease, and what says where it went is to be removed by `removeMoved` then.
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

/** Ends the removal of a collection. */
export async function removeMoved(store: Store, id: string): Promise<void> {
  await store.delete(`${collectionKeys(id).folder}${MOVED}`);
}
