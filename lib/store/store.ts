/** The port to the store of a bucket's objects. */

import { LargerError, type LinkError } from "../base/errors.ts";
import type { Expected } from "./expected.ts";

/** Identifies one content of an object: an ETag, or the local equivalent. Opaque. */
export type Version = string;

/**
 * Milliseconds after which a write of a small object over a network is aborted, with all its tries: a write under a
 * lease is no longer sent when the lease may have expired.
 */
export const WRITE_MS = 25_000;

/** The condition of a write; unmet, the write throws ConflictError. */
export type When = { ifAbsent: true } | { ifVersion: Version };

/** Options of an upload. */
export interface UploadOptions {
  when?: When | undefined;
  /** The expected content of the file; it is compared with the bytes that are read, before the object exists. */
  expected?: Expected | undefined;
}

/** An object in a listing; a folder ends with `/` and has neither size nor version. */
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
  /** Milliseconds since it was written, to a second, where the store reports them by its own clock. */
  age?: number;
}

/** An older version of an object that a store keeps. */
export interface OlderVersion {
  key: string;
  /** When it was written, in milliseconds since 1970. */
  written: number;
}

/** The result of deleting older versions of objects. */
export interface Purged {
  /** How many were deleted. */
  deleted: number;
  /**
   * Set where the store does not allow to delete them, so that some may stay: for so many days after they became old
   * ones; Infinity where no rule ends that; null where the store's rules cannot be read.
   */
  left: { days: number | null } | null;
}

/**
 * A store of objects under keys with `/` between their parts. Every write is atomic. Methods throw OutsideError where
 * the store fails, UserError where the person must act (a bucket that does not exist or cannot be written, a full
 * disk).
 */
export interface Store {
  /** The bucket's name, for messages. */
  readonly name: string;
  /** Whether each request costs money: writes that can wait are skipped then. */
  readonly isBilled: boolean;
  /**
   * Returns the object, or null if there is none.
   * @param most Bytes that it may have, where it has grown since it was listed; throws LargerError, unread, if it has more
   */
  get(key: string, most?: number): Promise<Got | null>;
  /** Returns a large object as a stream; throws OutsideError where there is none. */
  read(key: string): Promise<ReadableStream<Uint8Array>>;
  /** Writes an object; throws ConflictError where `when` is not met. */
  put(key: string, bytes: Uint8Array, when?: When): Promise<Version>;
  /**
   * Writes a local file as an object; throws ConflictError where `when` is not met, DamagedError where the file
   * differs from what is expected: then there is no object.
   */
  upload(key: string, path: string, options?: UploadOptions): Promise<Version>;
  /** Deletes an object; a missing one is no error, unless `when` names a version. */
  delete(key: string, when?: { ifVersion: Version }): Promise<void>;
  /**
   * Returns the older versions that `purge` would delete; null where the store does not let them be listed. Absent where
   * a store keeps none.
   */
  older?(prefix: string, isGarbage: (key: string) => boolean): Promise<OlderVersion[] | null>;
  /**
   * Permanently deletes the older versions of deleted or replaced objects whose keys begin with `prefix` and that are
   * `isGarbage`. Absent where a store keeps none.
   */
  purge?(prefix: string, isGarbage: (key: string) => boolean): Promise<Purged>;
  /**
   * Yields the objects whose keys begin with `prefix`, in key order; `folders` stops at the next `/`. Markers of
   * folders (keys that end with `/`, of no bytes: consoles and sync tools create some) are no objects. A link out of
   * a folder bucket is not followed: see `passedOver`.
   */
  list(prefix: string, options?: { folders?: boolean }): AsyncIterable<Listed>;
  /**
   * A note on the store for a person, as far as writing has shown it, and whether it is new; null, or absent, where
   * it keeps all promises of this port.
   */
  remark?(): { text: string; isNew: boolean } | null;
  /**
   * Links below a prefix that listings did not follow, by key, each with the reason; each is given once. Absent where
   * a store has no links.
   */
  passedOver?(prefix: string): Map<string, LinkError>;
}

/** @throws LargerError where an object has more bytes than it may have, as far as both are known. */
export function checkRoom(bytes: number | undefined, most: number | undefined, key: string): void {
  if (bytes === undefined || most === undefined || bytes <= most) return;
  throw new LargerError(`${key} has ${bytes} bytes, more than the ${most} that were expected`);
}

/** Returns whether there is an object, without reading it. @throws OutsideError where the store fails. */
export async function isThere(store: Store, key: string): Promise<boolean> {
  for await (const found of store.list(key)) if (found.key === key) return true;
  return false;
}
