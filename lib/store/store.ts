/** The port to the place that keeps a bucket's objects, and the choice of its adapter. */

import type { AwsAccess } from "../aws.ts";
import type { BucketRef } from "../bucket_ref.ts";
import { type LinkError, UserError } from "../errors.ts";
import { lastWord } from "../visible.ts";
import type { Expected } from "./expected.ts";

/** What identifies one content of an object: an ETag, or the local equivalent. Opaque. */
export type Version = string;

/**
 * Milliseconds after which a write of a small object is given up that goes over a network, with all its tries: what
 * is written under a lease is not sent any more when the lease may be over.
 */
export const WRITE_MS = 25_000;

/** The condition of a write; unmet, the write throws ConflictError. */
export type When = { ifAbsent: true } | { ifVersion: Version };

/** How a local file is uploaded. */
export interface UploadOptions {
  when?: When | undefined;
  /** What the file has to be; it is compared with what is read, before the object is there. */
  expected?: Expected | undefined;
}

/** An object as a listing shows it; a folder ends with `/` and has neither size nor version. */
export interface Listed {
  key: string;
  /** Bytes. */
  size: number;
  version: Version;
}

/** An object as it was read. */
export interface Got {
  bytes: Uint8Array;
  version: Version;
  /** Milliseconds since it was written, to a second, where the store has a clock of its own to tell them. */
  age?: number;
}

/** What became of older versions of objects. */
export interface Purged {
  /** How many were deleted. */
  deleted: number;
  /**
   * Set where the store does not let them be deleted, so that some may stay: for so many days after they became old
   * ones; Infinity where no rule ends that; null where the store's rules cannot be read.
   */
  left: { days: number | null } | null;
}

/**
 * A store of objects under keys with `/` between their parts. Every write is whole or not at all.
 * Methods throw OutsideError where the store fails, UserError where the person must act (a bucket
 * that does not exist or cannot be written, a full disk).
 */
export interface Store {
  /** The bucket's name, for messages. */
  readonly name: string;
  /** Whether each request costs money: what can wait is not written then. */
  readonly isBilled: boolean;
  /** The object, or null if there is none. */
  get(key: string): Promise<Got | null>;
  /** A large object as a stream; throws OutsideError where there is none. */
  read(key: string): Promise<ReadableStream<Uint8Array>>;
  /** Writes an object; throws ConflictError where `when` is not met. */
  put(key: string, bytes: Uint8Array, when?: When): Promise<Version>;
  /**
   * Writes a local file as an object; throws ConflictError where `when` is not met, DamagedError where
   * the file is not as it has to be: then there is no object.
   */
  upload(key: string, path: string, options?: UploadOptions): Promise<Version>;
  /** Deletes an object; one that is not there is no error, unless `when` asks for a version. */
  delete(key: string, when?: { ifVersion: Version }): Promise<void>;
  /**
   * Deletes for good what the store keeps, as older versions, of objects that were deleted or written anew: of those
   * whose keys begin with `prefix` and that are `isGarbage`. Absent where a store keeps none.
   */
  purge?(prefix: string, isGarbage: (key: string) => boolean): Promise<Purged>;
  /**
   * The objects whose keys begin with `prefix`, in key order; `folders` stops at the next `/`. What only marks a
   * folder (a key that ends with `/`, of no bytes: consoles and sync tools make some) is no object.
   * A link out of a folder bucket is not followed: see `passedOver`.
   */
  list(prefix: string, options?: { folders?: boolean }): AsyncIterable<Listed>;
  /**
   * What a person should know of the store, as far as writing has shown it, and whether that is news; null, or absent,
   * where it keeps all that this port promises.
   */
  remark?(): { text: string; isNew: boolean } | null;
  /**
   * Links below a prefix that listings did not follow, by key, each with the reason; each is given once. Absent where
   * a store has no links.
   */
  passedOver?(prefix: string): Map<string, LinkError>;
}

/** Whether there is an object, without reading it. @throws OutsideError where the store fails. */
export async function isThere(store: Store, key: string): Promise<boolean> {
  for await (const found of store.list(key)) if (found.key === key) return true;
  return false;
}

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

/** Whether a name that means a bucket of S3 is also that of a folder here: it is easily mistaken. */
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
    const { LocalStore } = await import("./local.ts");
    return await LocalStore.open(bucket.path, { name: bucket.text });
  }
  const { name } = bucket;
  const endpoint = await s3Endpoint(access);
  if (await isOthers(endpoint)) {
    const { CompatibleStore } = await import("./compatible.ts");
    return new CompatibleStore(name, { ...access, storeEndpoint: endpoint });
  }
  const { S3Store } = await import("./s3.ts");
  return new S3Store(name, { ...access, storeEndpoint: endpoint });
}

/** The address of a store that is not AWS's own; undefined for AWS, whose buckets' names are nobody else's. */
export async function storeEndpoint(access: AwsAccess): Promise<string | undefined> {
  const endpoint = await s3Endpoint(access);
  return await isOthers(endpoint) ? new URL(endpoint ?? "").href : undefined;
}

async function s3Endpoint(access: AwsAccess): Promise<string | undefined> {
  const { profileEndpoint } = await import("../aws_profile.ts");
  return access.storeEndpoint ?? access.endpoint ?? await profileEndpoint();
}

async function isOthers(endpoint: string | undefined): Promise<boolean> {
  const { isAws } = await import("./s3_traits.ts");
  return endpoint !== undefined && !isAws(endpoint);
}
