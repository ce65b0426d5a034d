/** Parses a bucket's name: a folder of this machine, or an S3 bucket. */

import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "./errors.ts";

/** A bucket in a folder of this machine. */
export interface FolderRef {
  readonly kind: "folder";
  /** Absolute. */
  readonly path: string;
  /** The last part of its path. */
  readonly name: string;
  /** As the person wrote it, for messages and for command lines in the same folder. */
  readonly text: string;
}

/** An S3 bucket. */
export interface S3Ref {
  readonly kind: "s3";
  /** Without `s3://`. */
  readonly name: string;
  /** As the person wrote it. */
  readonly text: string;
}

/** A bucket. */
export type BucketRef = FolderRef | S3Ref;

/**
 * Parses a bucket's name: a folder (`./data`, `/data`, `C:\data`, `\\server\share`, `file:///data`), or an S3 bucket
 * (`name`, `s3://name`).
 * @throws UserError for a name that is neither
 */
export function parseBucket(text: string): BucketRef {
  if (!/^(\.|\/|file:|[A-Za-z]:)|\\/.test(text)) return { kind: "s3", name: s3Name(text), text };
  const path = folderPath(text);
  return { kind: "folder", path, name: basename(path) || "bucket", text };
}

/** Returns a bucket's location for other programs: a path, or an `s3://` address. */
export function bucketLocation(bucket: BucketRef): string {
  if (bucket.kind === "s3") return `s3://${bucket.name}`;
  return bucket.text.startsWith("file:") ? bucket.path : bucket.text.replace(/[/\\]+$/, "");
}

function folderPath(text: string): string {
  if (!text.startsWith("file:")) return resolve(text);
  try {
    // A URL has no relative path: file:./here would quietly become /here.
    if (!text.startsWith("file:/")) throw new TypeError("it is not absolute");
    return resolve(fileURLToPath(text));
  } catch (cause) {
    throw new UserError(`Bucket ${text} is not a folder of this machine`, {
      cause,
      hint: "Write it as file:///path/to/folder, or as a path that begins with ./ or /",
    });
  }
}

function s3Name(text: string): string {
  const name = text.replace(/^s3:\/\//, "").replace(/\/$/, "");
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return name;
  throw new UserError(`${JSON.stringify(text)} is not a valid name of an S3 bucket`, {
    hint: "It has 3 to 63 lower-case letters, digits, dots and hyphens. " +
      "A folder is written with ./ or / in front.",
  });
}
