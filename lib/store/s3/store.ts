/** A bucket of S3 as a store: conditional writes, uploads in parts, checksums requested and verified. */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { type AwsAccess, awsConfig, awsError, awsFailure, MET_ANOTHER } from "../../base/aws.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import {
  ConflictError,
  OutsideError,
  TwarcCloudError,
  UndeletableError,
} from "../../base/errors.ts";
import { pause } from "../../base/memory.ts";
import { readBlocks, readWhole } from "../expected.ts";
import { checkedStream, checkLength, checkSum } from "./checks.ts";
import { gotFor, versionFor } from "./got.ts";
import { listPage } from "./list_page.ts";
import { olderVersions, purgeVersions } from "./versions.ts";
import { SignedReads } from "./signed_reads.ts";
import {
  checkRoom,
  type Got,
  type Listed,
  type OlderVersion,
  type Purged,
  type Store,
  type UploadOptions,
  type Version,
  type When,
  WRITE_MS,
} from "../store.ts";

/** Bytes of a part; a file up to this is put in one request. S3 requires 5 MiB at least, and 10,000 parts at most. */
const PART = 8 << 20;
/** Parts in progress at a time: memory holds this many. */
const PARTS = 2;
/**
 * Milliseconds between tries of a write that conflicts with another one in progress, or is damaged: at first, and at
 * most.
 */
const PAUSES = { first: 100, longest: 4_000 };

/** Damage in transit, which another try may avoid, and how often that is tried. */
const DAMAGED =
  /^(BadDigest|IncompleteBody|XAmzContentSHA256Mismatch|XAmzContentChecksumMismatch)$/;
const DAMAGED_TRIES = 4;

/** Objects of a listing that are given before V8 may complete a collection. */
const GIVEN_AT_ONCE = 16;

/** Options of an S3Store besides access to S3. */
export interface S3Options {
  clock?: Clock;
  /** Whether writes have checksums of S3; otherwise an MD5. */
  checksums?: boolean;
}

/** Options of a put. */
interface PutOptions {
  when?: When | undefined;
  /** In hex: S3 compares it with the received bytes; without it the SDK sends a sum of its own. */
  sha1?: string | undefined;
  abortSignal?: AbortSignal;
}

/** A Store in a bucket of S3. A version is an ETag: the same content may have the same one again. */
export class S3Store implements Store {
  readonly name: string;
  readonly isBilled = true;
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #checksums: boolean;
  readonly #signed: SignedReads;

  /** @param name The bucket's name, without `s3://`. */
  constructor(name: string, access: AwsAccess, options: S3Options = {}) {
    const { clock = systemClock, checksums = true } = options;
    this.name = name;
    this.#clock = clock;
    this.#checksums = checksums;
    const endpoint = access.storeEndpoint ?? access.endpoint;
    this.#client = new S3Client({
      ...awsConfig({ ...access, endpoint }),
      // A custom endpoint has no host for each bucket.
      forcePathStyle: access.pathStyle ?? endpoint !== undefined,
      followRegionRedirects: true,
      // A store without it lets each file wait for 6 seconds, and opens a connection for each.
      expectContinueHeader: false,
      ...(checksums ? {} : {
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      }),
    });
    this.#signed = new SignedReads(this.#client);
  }

  /** Closes its connections. */
  close(): void {
    this.#client.destroy();
  }

  async get(key: string, most?: number): Promise<Got | null> {
    return await this.#translateErrors(`Reading ${key}`, async () => {
      const read = await this.#signed.get(key, most);
      if (read !== undefined) return read;
      const found = await this.#object(key);
      if (!found?.Body) return null;
      try {
        checkRoom(found.ContentLength, most, key);
      } catch (error) {
        await found.Body.transformToWebStream().cancel();
        throw error;
      }
      const bytes = await found.Body.transformToByteArray();
      checkLength(bytes.length, found.ContentLength, key);
      return gotFor(bytes, {
        etag: found.ETag,
        answered: found.answered ?? NaN,
        modified: found.LastModified?.getTime() ?? NaN,
      });
    });
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    const what = `Reading ${key}`;
    const found = await this.#translateErrors(what, () => this.#object(key));
    if (!found?.Body) throw new OutsideError(`There is no ${key} in bucket ${this.name}`);
    return checkedStream(found.Body.transformToWebStream(), {
      length: found.ContentLength,
      key,
      failed: (error) => this.#error(error, what),
    });
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    return await this.putWith(key, bytes, { when, abortSignal: AbortSignal.timeout(WRITE_MS) });
  }

  /** Puts an object in one request. @throws as `put` */
  async putWith(
    key: string,
    bytes: Uint8Array,
    { when, sha1, abortSignal }: PutOptions,
  ): Promise<Version> {
    const sum = !this.#checksums
      ? { ContentMD5: createHash("md5").update(bytes).digest("base64") }
      : sha1
      ? { ChecksumSHA1: Buffer.from(sha1, "hex").toString("base64") }
      : {};
    return await this.#write(key, async () => {
      const command = new PutObjectCommand({
        Bucket: this.name,
        Key: key,
        Body: bytes,
        ...conditionFor(when),
        ...sum,
      });
      return (await this.#client.send(command, abortSignal ? { abortSignal } : {})).ETag;
    });
  }

  async upload(
    key: string,
    path: string,
    { when, expected }: UploadOptions = {},
  ): Promise<Version> {
    const size = expected?.bytes ?? (await Deno.stat(path).catch(() => null))?.size ?? 0;
    if (size > PART) return await this.#uploadInParts(key, path, { size, when, expected });
    const bytes = await readWhole(path, { size, expected });
    return await this.putWith(key, bytes, { when, sha1: expected?.sha1 });
  }

  /** S3 compares each part's checksum and the length of the whole; the resulting checksum is compared here. */
  async #uploadInParts(
    key: string,
    path: string,
    { size, when, expected }: UploadOptions & { size: number },
  ): Promise<Version> {
    const { Upload } = await import("@aws-sdk/lib-storage");
    return await this.#write(key, async () => {
      let sum = 0;
      const content = async function* () {
        for await (const block of readBlocks(path, expected)) {
          sum = crc32(block, sum);
          // Parts are assembled from them.
          yield block.slice();
        }
      };
      const upload = new Upload({
        client: this.#client,
        partSize: Math.max(PART, Math.ceil(size / 10_000)),
        queueSize: PARTS,
        params: {
          Bucket: this.name,
          Key: key,
          Body: Readable.from(content(), { objectMode: false }),
          ...(this.#checksums
            ? { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT", MpuObjectSize: size }
            : {}),
          ...conditionFor(when),
        },
      });
      const done = await upload.done();
      checkSum(done, sum, key);
      return done.ETag;
    });
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const options = { abortSignal: AbortSignal.timeout(WRITE_MS) };
    await this.#write(key, async () => {
      // S3 reports the deletion of a missing object as done, whatever the condition.
      if (when && !await this.#exists(key)) throw new ConflictError(key);
      const command = new DeleteObjectCommand({
        Bucket: this.name,
        Key: key,
        ...(when ? { IfMatch: when.ifVersion } : {}),
      });
      await this.#client.send(command, options);
      return "";
    }).catch(undeletable);
  }

  async older(
    prefix: string,
    isGarbage: (key: string) => boolean,
  ): Promise<OlderVersion[] | null> {
    const options = { bucket: this.name, prefix, isGarbage };
    return await this.#translateErrors(
      `Listing older versions below ${prefix}`,
      () => olderVersions(this.#client, options),
    );
  }

  async purge(prefix: string, isGarbage: (key: string) => boolean): Promise<Purged> {
    const options = { bucket: this.name, prefix, isGarbage };
    return await this.#translateErrors(
      `Deleting older versions below ${prefix}`,
      () => purgeVersions(this.#client, options),
    );
  }

  async *list(prefix: string, { folders = false } = {}): AsyncGenerator<Listed> {
    for (let next: string | undefined, more = true; more; more = next !== undefined) {
      const page = await this.#translateErrors(`Listing ${prefix}`, () =>
        listPage(this.#client, {
          Bucket: this.name,
          Prefix: prefix,
          // XML cannot represent some of the characters that a key may have.
          EncodingType: "url",
          ...(folders ? { Delimiter: "/" } : {}),
          ...(next ? { ContinuationToken: next } : {}),
        }));
      next = page.next;
      let given = 0;
      for (const listed of page.listed) {
        yield listed;
        if (++given % GIVEN_AT_ONCE === 0) await pause();
      }
    }
  }

  async #exists(key: string): Promise<boolean> {
    const found = await this.#object(key);
    // What nobody reads holds its connection, and once that fails, there is nobody to tell: it ends the process.
    await found?.Body?.transformToWebStream().cancel().catch(() => {});
    return found !== null;
  }

  /** Returns the object with its body unread, and when S3 responded by its own clock; null where there is none. */
  async #object(key: string): Promise<GetObjectCommandOutput & { answered?: number } | null> {
    try {
      const command = new GetObjectCommand({
        Bucket: this.name,
        Key: key,
        ...(this.#checksums ? { ChecksumMode: "ENABLED" } : {}),
      });
      let answered = NaN;
      command.middlewareStack.add((next) => async (args) => {
        const given = await next(args);
        answered = Date.parse(responseDate(given.response));
        this.#signed.learn(key, args.request, given.response);
        return given;
      }, { step: "deserialize" });
      return { ...await this.#client.send(command), answered };
    } catch (error) {
      if (awsFailure(error).code === "NoSuchKey") return null;
      throw error;
    }
  }

  /**
   * A write whose condition may be unmet, or that may conflict with another one in progress, of another process or of
   * its own: an earlier try that S3 has not ended. That one is waited for, as long as a write may take.
   */
  async #write(key: string, act: () => Promise<string | undefined>): Promise<Version> {
    return await this.#translateErrors(`Writing ${key}`, async () => {
      const end = this.#clock.monotonic() + WRITE_MS;
      for (let tries = 1, wait = PAUSES.first;; tries++) {
        try {
          return versionFor(await act());
        } catch (cause) {
          const { code, status } = awsFailure(cause);
          const isUnmet = status === 412 || code === "PreconditionFailed" || code === "NoSuchKey";
          if (isUnmet) throw new ConflictError(key, { cause });
          const isInFlight = status === 409 && MET_ANOTHER.test(code);
          const mayPass = isInFlight || (DAMAGED.test(code) && tries < DAMAGED_TRIES);
          if (!mayPass || this.#clock.monotonic() + wait > end) throw cause;
          await this.#clock.sleep(wait);
          wait = Math.min(wait * 2, PAUSES.longest);
        }
      }
    });
  }

  async #translateErrors<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw this.#error(cause, what);
    }
  }

  #error(cause: unknown, what: string): Error {
    return awsError(cause, `${what} in bucket ${this.name}`);
  }
}

const answerSchema = z.object({ headers: z.object({ date: z.string() }) });

/** Returns the Date of a response, which the SDK does not expose; empty where it has none. */
function responseDate(answer: unknown): string {
  return answerSchema.safeParse(answer).data?.headers.date ?? "";
}

function conditionFor(when: When | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (!when) return {};
  return "ifAbsent" in when ? { IfNoneMatch: "*" } : { IfMatch: when.ifVersion };
}

/** @throws UndeletableError where a deletion is not allowed, and signing in would not change that */
function undeletable(error: unknown): never {
  if (!(error instanceof TwarcCloudError)) throw error;
  const { code, status } = awsFailure(error.cause);
  if (code !== "AccessDenied" && status !== 405) throw error;
  const { message, hint, cause } = error;
  throw new UndeletableError(message, { cause, ...(hint ? { hint } : {}) });
}
