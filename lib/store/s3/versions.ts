/** Older versions of deleted or replaced objects in a bucket of S3 with versioning, and their deletion. */

import {
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { awsFailure } from "../../base/aws.ts";
import { OutsideError } from "../../base/errors.ts";
import { decodeKey } from "./list_page.ts";
import type { OlderVersion, Purged } from "../store.ts";

const DENIED = "AccessDenied";

/** Selects versions. */
export interface VersionsOptions {
  bucket: string;
  prefix: string;
  /** Returns whether only the current version of an object is to stay. */
  isGarbage: (key: string) => boolean;
}

/** A version as S3 lists it. */
interface ListedVersion {
  Key: string;
  VersionId: string;
  LastModified: Date | undefined;
}

/** Returns every older version of some objects; null where AWS does not allow to list them. */
export async function olderVersions(
  client: S3Client,
  options: VersionsOptions,
): Promise<OlderVersion[] | null> {
  const all: OlderVersion[] = [];
  try {
    for await (const page of pages(client, options)) {
      for (const { Key, LastModified } of oldVersions(page, options)) {
        all.push({ key: Key, written: LastModified?.getTime() ?? NaN });
      }
    }
    return all;
  } catch (error) {
    if (knowsNoVersions(error)) return [];
    if (isDenied(error)) return null;
    throw error;
  }
}

/**
 * Deletes every older version of some objects. Delete markers stay: they have no content, and without them an older
 * version would become the current one.
 * @returns With `left`, where AWS does not allow it.
 */
export async function purgeVersions(client: S3Client, options: VersionsOptions): Promise<Purged> {
  let deleted = 0;
  try {
    for await (const page of pages(client, options)) {
      const old = oldVersions(page, options);
      if (old.length === 0) continue;
      const refused = await deleteAll(client, options.bucket, old);
      deleted += old.length - refused;
      if (refused > 0) return { deleted, left: { days: await daysKept(client, options) } };
    }
    return { deleted, left: null };
  } catch (error) {
    if (knowsNoVersions(error)) return { deleted, left: null };
    if (!isDenied(error)) throw error;
    return { deleted, left: { days: await daysKept(client, options) } };
  }
}

/** Returns whether a store does not support versions: then it keeps none. */
function knowsNoVersions(error: unknown): boolean {
  const { code, status } = awsFailure(error);
  return status === 501 || code === "NotImplemented";
}

function isDenied(error: unknown): boolean {
  const { code, status } = awsFailure(error);
  return status === 403 || code === DENIED;
}

async function* pages(
  client: S3Client,
  { bucket, prefix }: VersionsOptions,
): AsyncGenerator<ListObjectVersionsCommandOutput> {
  const asked = { Bucket: bucket, Prefix: prefix, EncodingType: "url" } as const;
  let page = await client.send(new ListObjectVersionsCommand(asked));
  for (;;) {
    // Before its versions are deleted: the next page begins at the last version of this one.
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    yield page;
    if (!IsTruncated || NextKeyMarker === undefined) return;
    page = await client.send(
      new ListObjectVersionsCommand({
        ...asked,
        // Markers are encoded as keys are, and sent unencoded.
        KeyMarker: decodeKey(NextKeyMarker, page.EncodingType),
        ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
      }),
    );
  }
}

function oldVersions(
  { Versions = [], EncodingType }: ListObjectVersionsCommandOutput,
  { isGarbage }: VersionsOptions,
): ListedVersion[] {
  return Versions.flatMap(({ Key = "", VersionId, IsLatest, LastModified }) => {
    const key = decodeKey(Key, EncodingType);
    const isOld = IsLatest === false && VersionId !== undefined && isGarbage(key);
    return isOld ? [{ Key: key, VersionId, LastModified }] : [];
  });
}

/**
 * Deletes the versions of a page: a request accepts as many as a page has. Returns how many AWS does not allow to
 * delete.
 */
async function deleteAll(client: S3Client, bucket: string, old: ListedVersion[]): Promise<number> {
  const Objects = old.map(({ Key, VersionId }) => ({ Key, VersionId }));
  const { Errors = [] } = await client.send(
    new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
  );
  const failed = Errors.find(({ Code }) => Code !== DENIED);
  if (!failed) return Errors.length;
  const { Key = "", Code = "", Message = Code } = failed;
  throw new OutsideError(`An older version of ${Key} cannot be deleted: ${Message}`);
}

/** Returns for how many days older versions are kept, by the bucket's rules; null where these cannot be read. */
async function daysKept(
  client: S3Client,
  { bucket, prefix }: VersionsOptions,
): Promise<number | null> {
  try {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    const { Rules = [] } = await client.send(command);
    const days = Rules.flatMap(({ Status, Filter, NoncurrentVersionExpiration }) => {
      const isFor = Status === "Enabled" && !Filter?.And && !Filter?.Tag &&
        prefix.startsWith(Filter?.Prefix ?? "");
      const { NoncurrentDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration ?? {};
      return isFor && NoncurrentDays !== undefined && !NewerNoncurrentVersions
        ? [NoncurrentDays]
        : [];
    });
    return days.length > 0 ? Math.min(...days) : Infinity;
  } catch (error) {
    return awsFailure(error).code === "NoSuchLifecycleConfiguration" ? Infinity : null;
  }
}
