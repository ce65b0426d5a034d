/** Opens the store that keeps a bucket. */

import type { AwsAccess } from "../base/aws.ts";
import type { BucketRef } from "../base/bucket_ref.ts";
import { UserError } from "../base/errors.ts";
import { lastWord } from "../base/visible.ts";
import type { Store } from "./store.ts";

/** @throws UserError for a folder bucket that is not there: nobody has made it, its disk is away, or it is elsewhere. */
export async function checkThere(bucket: BucketRef): Promise<void> {
  if (bucket.kind !== "folder") return;
  const { path, text } = bucket;
  try {
    await Deno.stat(path);
  } catch (cause) {
    // What else may be wrong with it is for the store to say.
    if (!(cause instanceof Deno.errors.NotFound)) return;
    throw new UserError(`There is no bucket at ${path}`, {
      cause,
      hint:
        "Name the one that you mean with --bucket, or go to the folder that its path begins in; is its disk " +
        `attached? This makes a new one: twarc-cloud collection add --bucket ${lastWord(text)}`,
    });
  }
}

/** Returns whether a name that means a bucket of S3 is also that of a folder here: it is easily mistaken. */
export async function isFolderToo({ kind, text }: BucketRef): Promise<boolean> {
  if (kind === "folder" || /[/:]/.test(text)) return false;
  return await Deno.stat(text).then(
    (found) => found.isDirectory,
    () => false,
  );
}

/**
 * Opens the store that keeps a bucket.
 * @param access How S3 is asked.
 * @throws UserError
 */
export async function openStore(bucket: BucketRef, access: AwsAccess = {}): Promise<Store> {
  if (bucket.kind === "folder") {
    const { LocalStore } = await import("./folder/store.ts");
    return await LocalStore.open(bucket.path, { name: bucket.text });
  }
  const { name } = bucket;
  const endpoint = await s3Endpoint(access);
  if (await isOthers(endpoint)) {
    const { CompatibleStore } = await import("./s3/compatible.ts");
    return new CompatibleStore(name, { ...access, storeEndpoint: endpoint });
  }
  const { S3Store } = await import("./s3/store.ts");
  return new S3Store(name, { ...access, storeEndpoint: endpoint });
}

/** Returns the address of a store that is not AWS's own; undefined for AWS, whose buckets' names are nobody else's. */
export async function storeEndpoint(access: AwsAccess): Promise<string | undefined> {
  const endpoint = await s3Endpoint(access);
  return await isOthers(endpoint) ? new URL(endpoint ?? "").href : undefined;
}

async function s3Endpoint(access: AwsAccess): Promise<string | undefined> {
  const { profileEndpoint } = await import("../base/aws_profile.ts");
  return access.storeEndpoint ?? access.endpoint ?? await profileEndpoint();
}

async function isOthers(endpoint: string | undefined): Promise<boolean> {
  const { isAws } = await import("./s3/traits.ts");
  return endpoint !== undefined && !isAws(endpoint);
}
