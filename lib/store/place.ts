/** The place of a bucket, which distinguishes a copy from the same bucket under another name. */

import { z } from "zod";
import type { AwsAccess } from "../base/aws.ts";
import { bucketLocation, type BucketRef } from "../base/bucket_ref.ts";
import { realPlace } from "../base/real_place.ts";
import { storeEndpoint } from "./open.ts";

/** The place of a bucket. */
export const placeSchema = z.object({
  /** A folder's path without links, or `s3://name`. */
  place: z.string(),
  /** The address of a store other than AWS's. It identifies nothing: one store has many, by proxies and tunnels. */
  endpoint: z.string().exactOptional(),
  /** The machine of that path; absent for S3. */
  host: z.string().exactOptional(),
  /**
   * The folder's number on its disk: it stays when the folder is renamed or mounted elsewhere, and a copy has another
   * one.
   */
  number: z.string().exactOptional(),
  /** When the folder was created, ISO 8601, UTC, where its disk records it. */
  made: z.string().exactOptional(),
});

/** The place of a bucket. */
export type Place = z.output<typeof placeSchema>;

/** Returns the place of a bucket; that of a missing folder has no number. */
export async function findPlace(bucket: BucketRef, aws: AwsAccess): Promise<Place> {
  if (bucket.kind !== "folder") {
    const endpoint = await storeEndpoint(aws);
    return { place: bucketLocation(bucket), ...(endpoint === undefined ? {} : { endpoint }) };
  }
  const place = { place: await realPlace(bucket.path), host: Deno.hostname() };
  const found = await Deno.stat(bucket.path).catch(() => null);
  if (!found?.ino) return place;
  const made = found.birthtime?.toISOString();
  return { ...place, number: `${found.ino}`, ...(made ? { made } : {}) };
}

/**
 * Returns whether two places are one: by their names on one machine, or because they are one folder whatever its
 * name.
 */
export function isSamePlace(a: Place, b: Place): boolean {
  if (a.place === b.place && a.host === b.host) return true;
  if (a.number === undefined || a.number !== b.number) return false;
  return a.made === undefined || b.made === undefined || a.made === b.made;
}

/** Returns a place for a person. */
export function placeText({ place, host }: Place): string {
  return host === undefined || host === Deno.hostname() ? place : `${place} of ${host}`;
}
