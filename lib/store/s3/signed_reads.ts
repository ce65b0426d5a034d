/**
 * Reads of small objects. Each is requested like one that the SDK requested before, and signed by the SDK's signer: what
 * else the SDK does for each request takes as much of the processor again, and leaves four times the garbage. Where that
 * does not just succeed, the SDK requests it, with its retries, redirects and errors.
 */

import type { S3Client } from "@aws-sdk/client-s3";
import { SignatureV4 } from "@smithy/signature-v4";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { LargerError } from "../../base/errors.ts";
import { checkRoom, type Got } from "../store.ts";
import { gotFor } from "./got.ts";

const headersSchema = z.record(z.string(), z.string());
const requestSchema = z.object({
  protocol: z.string(),
  hostname: z.string(),
  port: z.number().optional(),
  path: z.string(),
  query: z.record(z.string(), z.string()),
  headers: headersSchema,
});
const responseSchema = z.object({
  statusCode: z.number(),
  headers: headersSchema,
  body: z.instanceof(Readable),
});
type Response = z.infer<typeof responseSchema>;

/** A request that was signed as this signs; one of S3 Express, or for many regions, has another signature. */
const SIGNED = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/s3\/aws4_request,/;
/** Headers of one request only, besides those that the signer replaces. */
const OWN = /^amz-sdk-/;
const SESSION = "x-amz-s3session-token";

/** A request of the SDK, without its object. */
interface Like extends z.infer<typeof requestSchema> {
  /** The path before the key. */
  path: string;
  region: string;
}

/** Reads objects of one bucket. */
export class SignedReads {
  readonly #client: S3Client;
  readonly #signer: SignatureV4;
  /** Undefined until the SDK has read an object; null where this cannot read what the SDK can. */
  #like: Like | null | undefined;

  constructor(client: S3Client) {
    const { credentials, region, sha256 } = client.config;
    const own = { service: "s3", uriEscapePath: false };
    this.#client = client;
    this.#signer = new SignatureV4({ credentials, region, sha256, ...own });
  }

  /** Learns from a request of the SDK for an object, and its response. */
  learn(key: string, request: unknown, response: unknown): void {
    if (this.#like !== undefined) return;
    if (responseSchema.safeParse(response).data?.statusCode !== 200) return;
    this.#like = likeRequest(key, requestSchema.safeParse(request).data);
  }

  /**
   * Reads an object.
   * @param most Most bytes that it may have.
   * @returns null if it does not exist; undefined where the SDK has to read it.
   * @throws LargerError
   */
  async get(key: string, most?: number): Promise<Got | null | undefined> {
    if (!this.#like) return undefined;
    try {
      return await this.#read(await this.#request(this.#like, key), { key, most });
    } catch (error) {
      if (error instanceof LargerError) throw error;
      return undefined;
    }
  }

  async #request({ region, port, ...like }: Like, key: string): Promise<Response> {
    const { requestHandler, systemClockOffset } = this.#client.config;
    const request = {
      method: "GET",
      ...like,
      ...(port === undefined ? {} : { port }),
      path: `${like.path}${encodeKey(key)}`,
    };
    const signed = await this.#signer.sign(request, {
      signingRegion: region,
      signingDate: new Date(Date.now() + systemClockOffset),
    });
    const { response } = await requestHandler.handle(signed);
    return responseSchema.parse(response);
  }

  async #read(
    { statusCode, headers, body }: Response,
    { key, most }: { key: string; most: number | undefined },
  ): Promise<Got | null | undefined> {
    if (statusCode === 404) {
      return (await text(body)).includes("<Code>NoSuchKey</Code>") ? null : undefined;
    }
    const length = Number(headers["content-length"]);
    if (statusCode !== 200 || Number.isNaN(length)) {
      body.resume();
      if (statusCode < 500 && statusCode !== 429) this.#like = null;
      return undefined;
    }
    try {
      checkRoom(length, most, key);
    } catch (error) {
      body.destroy();
      throw error;
    }
    const bytes = await readBytes(body, length);
    if (!bytes) return undefined;
    const isIntact = matchesSum(headers, bytes);
    if (isIntact === undefined) this.#like = null;
    if (!isIntact) return undefined;
    return gotFor(bytes, {
      etag: headers.etag,
      answered: Date.parse(headers.date ?? ""),
      modified: Date.parse(headers["last-modified"] ?? ""),
    });
  }
}

/** Returns the bytes of a body, where they are as many: those of a large one are in memory once. */
async function readBytes(body: Readable, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of body) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return at === length ? bytes : null;
}

/** Returns a request without the key, and what is of no other; null where it is signed in another way. */
function likeRequest(key: string, request: z.infer<typeof requestSchema> | undefined): Like | null {
  const region = SIGNED.exec(request?.headers.authorization ?? "")?.[1];
  const name = encodeKey(key);
  if (!request?.path.endsWith(name) || region === undefined || SESSION in request.headers) {
    return null;
  }
  const headers = Object.entries(request.headers).filter(([header]) => !OWN.test(header));
  const path = request.path.slice(0, -name.length);
  return { ...request, path, headers: Object.fromEntries(headers), region };
}

/** Encodes a key as the path of a request, as the SDK does. */
function encodeKey(key: string): string {
  const encode = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return key.split("/")
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, encode))
    .join("/");
}

const SUM = "x-amz-checksum-";
/** Checksums in base64, by their header. */
const SUMS: Record<string, (bytes: Uint8Array) => string> = {
  [`${SUM}crc32`]: (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum.toString("base64");
  },
  [`${SUM}sha1`]: (bytes) => createHash("sha1").update(bytes).digest("base64"),
  [`${SUM}sha256`]: (bytes) => createHash("sha256").update(bytes).digest("base64"),
};

/** Returns whether bytes have the checksum of a response, if it has one; undefined if it is one of another kind. */
function matchesSum(headers: Record<string, string>, bytes: Uint8Array): boolean | undefined {
  // That of an object in parts is the sum of their sums, with their number.
  const given = Object.entries(headers).filter(([name, sum]) =>
    name.startsWith(SUM) && name !== `${SUM}type` && !sum.includes("-")
  );
  const [known] = given.flatMap(([name, sum]) => SUMS[name] ? [SUMS[name](bytes) === sum] : []);
  return given.length === 0 ? true : known;
}
