/** Where collections are in a soak, as somebody sees it who shares no code with the program: a folder, or S3. */

import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Moto, MOTO_KEYS, MOTO_REGION } from "../peers/moto.ts";
import type { Readable } from "./reader.ts";

/** A bucket that can be written as well, past everything that goes wrong. */
export interface Bucket extends Readable {
  /** What `--bucket` says. */
  name: string;
  put(key: string, text: string): Promise<void>;
  close(): void;
}

/** A folder. */
export class FolderBucket implements Bucket {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; version: string }> {
    yield* this.#below(prefix.replace(/\/$/, ""));
  }

  async get(key: string): Promise<{ bytes: Uint8Array } | null> {
    return await Deno.readFile(join(this.name, key)).then((bytes) => ({ bytes }), nullIfAbsent);
  }

  async put(key: string, text: string): Promise<void> {
    const path = join(this.name, key);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  }

  close(): void {}

  async *#below(folder: string): AsyncGenerator<{ key: string; version: string }> {
    const entries = Deno.readDir(join(this.name, folder));
    const found = await Array.fromAsync(entries).catch(nullIfAbsent) ?? [];
    for (const { name, isDirectory } of found) {
      const key = `${folder}/${name}`;
      if (isDirectory) {
        yield* this.#below(key);
        continue;
      }
      const bytes = await Deno.readFile(join(this.name, key)).catch(nullIfAbsent);
      if (bytes) yield { key, version: createHash("md5").update(bytes).digest("hex") };
    }
  }
}

/** A bucket of S3. */
export class S3Bucket implements Bucket {
  readonly name: string;
  readonly #bucket: string;
  readonly #client: S3Client;

  private constructor(bucket: string, client: S3Client) {
    this.name = `s3://${bucket}`;
    this.#bucket = bucket;
    this.#client = client;
  }

  /** Makes a bucket. */
  static async make(bucket: string, moto: Moto): Promise<S3Bucket> {
    const client = new S3Client({
      region: MOTO_REGION,
      endpoint: moto.url,
      forcePathStyle: true,
      credentials: { accessKeyId: MOTO_KEYS.accessKey, secretAccessKey: MOTO_KEYS.secretKey },
    });
    const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
    await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
    return new S3Bucket(bucket, client);
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; version: string }> {
    for (let next: string | undefined, more = true; more; more = next !== undefined) {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(next ? { ContinuationToken: next } : {}),
      });
      const page = await this.#client.send(command);
      for (const { Key: key = "", ETag = "" } of page.Contents ?? []) yield { key, version: ETag };
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    }
  }

  async get(key: string): Promise<{ bytes: Uint8Array } | null> {
    try {
      const found = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      return { bytes: await found.Body?.transformToByteArray() ?? new Uint8Array() };
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw error;
    }
  }

  async put(key: string, text: string): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: text }));
  }

  close(): void {
    this.#client.destroy();
  }
}

function nullIfAbsent(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
