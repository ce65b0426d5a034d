/** Opens the store of a bucket. */

import type { AwsAccess } from "../base/aws.ts";
import type { BucketRef } from "../base/bucket_ref.ts";
import { UserError } from "../base/errors.ts";
import { lastWord } from "../base/visible.ts";
import type { Store } from "./store.ts";

/**
 * @throws UserError for a folder bucket that does not exist: it was never created, its disk is not mounted, or it is
 * elsewhere.
 */
export async function checkThere(bucket: BucketRef): Promise<void> {
  if (bucket.kind !== "folder") return;
  const { path, text } = bucket;
  try {
    await Deno.stat(path);
  } catch (cause) {
    // The store reports all other faults.
    if (!(cause instanceof Deno.errors.NotFound)) return;
    throw new UserError(`There is no bucket at ${path}`, {
      cause,
      hint: "Check --bucket, the current folder, and whether its disk " +
        `is mounted. To create a new one: twarc-cloud collection add --bucket ${lastWord(text)}`,
    });
  }
}

/**
 * Says that a name, which means a bucket of S3, is also that of a folder or a file here: it is easily mistaken. Null where
 * it is not.
 */
export async function remarkOnName({ kind, text }: BucketRef): Promise<string | null> {
  if (kind === "folder" || /[/:]/.test(text)) return null;
  const found = await Deno.stat(text).catch(() => null);
  if (found?.isDirectory) {
    return `${text} means a bucket of S3. For the folder ${text} here: --bucket ./${text}`;
  }
  if (!found?.isFile) return null;
  return `${text} means a bucket of S3. The file ${text} here is none: ` +
    "a bucket is a folder, with ./ in front: --bucket ./FOLDER";
}

/**
 * Opens the store of a bucket.
 * @param access Access to S3.
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

/** Returns the address of a store other than AWS's own; undefined for AWS, whose names of buckets are unique. */
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
