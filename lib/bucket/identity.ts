/** Identifies a bucket, whatever its name and place: `twarc-cloud.json` at its root. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { AccessError, ConflictError, UserError } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { BUCKET_FORMAT } from "../collection/made.ts";
import { type Place, placeSchema } from "../store/place.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store, Version } from "../store/store.ts";

/** The key of the identity. */
export const IDENTITY = "twarc-cloud.json";

const identitySchema = z.looseObject({
  /** The version of the bucket's layout. */
  format: z.int(),
  id: z.string().min(1),
  /** When the bucket, or its identity, was made: ISO 8601, UTC. */
  created: z.string(),
  title: z.string().optional(),
  /** Its place when that was last checked. */
  place: placeSchema.optional().catch(undefined),
  /** The id of the bucket that it was copied from. */
  copied_from: z.string().optional(),
});

/** The identity of a bucket. */
export type Identity = z.output<typeof identitySchema>;

/** An identity as it was read. */
export interface FoundIdentity {
  identity: Identity;
  version: Version;
}

/**
 * Reads a bucket's identity; null if it has none, or it may not be read.
 * @throws UserError if it is damaged, or a later version's.
 */
export async function readIdentity(store: Store): Promise<FoundIdentity | null> {
  const found = await store.get(IDENTITY).catch(nullIfForbidden);
  if (!found) return null;
  const identity = parseAs(identitySchema, found.bytes, IDENTITY);
  if (identity.format <= BUCKET_FORMAT) return { identity, version: found.version };
  throw new UserError(
    `Bucket ${store.name} is laid out by version ${identity.format} of the format, and this program knows ${BUCKET_FORMAT}`,
    { hint: "Install the newest version of twarc-cloud." },
  );
}

/** Returns a bucket's identity, made if it has none; null if it may not be written. @throws as `readIdentity` */
export async function madeIdentity(
  store: Store,
  { clock, place }: { clock: Clock; place: Place },
): Promise<Identity | null> {
  const found = await readIdentity(store);
  if (found) return found.identity;
  const made = { ...newIdentity(clock), place };
  try {
    await settledPut(store, IDENTITY, jsonBytes(made), { ifAbsent: true });
    return made;
  } catch (error) {
    if (error instanceof ConflictError) return (await readIdentity(store))?.identity ?? null;
    return nullIfForbidden(error);
  }
}

/** Writes changes to a bucket's identity. @throws ConflictError if another process did meanwhile. */
export async function changeIdentity(
  store: Store,
  { identity, version }: FoundIdentity,
  change: Partial<Identity>,
): Promise<Identity> {
  const changed = { ...identity, ...change };
  await settledPut(store, IDENTITY, jsonBytes(changed), { ifVersion: version });
  return changed;
}

/** Returns a new, unique identity. */
export function newIdentity(clock: Clock): Pick<Identity, "format" | "id" | "created"> {
  return { format: BUCKET_FORMAT, id: crypto.randomUUID(), created: isoTime(clock.now()) };
}

/** Write access to collections need not include the bucket's root. */
function nullIfForbidden(error: unknown): null {
  if (error instanceof AccessError) return null;
  throw error;
}
