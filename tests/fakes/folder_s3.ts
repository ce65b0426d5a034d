/**
 * A server of S3's requests over a folder: one bucket, with as many objects as a disk has and what the folder has
 * already, where moto takes seconds for each page of a listing. It has what a Store asks for, conditions and all.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { MOTO_KEYS, MOTO_REGION } from "../peers/moto.ts";

/** Objects of a page of a listing, as S3 has them. */
const PAGE = 1_000;
/** Comes after every byte of UTF-8. */
const LAST = "\u00ff";

interface Kept {
  etag: string;
  size: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** A server that listens. */
export class FolderS3 {
  /** Called with each request: its method, or LIST. */
  onRequest: (kind: string) => void = () => {};
  /** Most requests that were under way at once. */
  most = 0;
  readonly #folder: string;
  readonly #bucket: string;
  readonly #latency: number;
  readonly #page: number;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** By key, whose bytes are its letters: so they are sorted as S3 does. */
  readonly #objects = new Map<string, Kept>();
  /** The keys in order; null if they are to be sorted again. */
  #keys: string[] | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  /**
   * @param options.latency Milliseconds before each answer.
   * @param options.page Objects of a page.
   */
  constructor(folder: string, { bucket = "bucket", latency = 0, page = PAGE } = {}) {
    [this.#folder, this.#bucket, this.#latency, this.#page] = [folder, bucket, latency, page];
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** What makes AWS clients ask it, in a process of their own. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_ACCESS_KEY_ID: MOTO_KEYS.accessKey,
      AWS_SECRET_ACCESS_KEY: MOTO_KEYS.secretKey,
      AWS_REGION: MOTO_REGION,
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Takes what is in the folder for objects, as far as it is new or differs. */
  async load(below = ""): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(join(this.#folder, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) await this.load(path);
      else await this.#loadFile(path);
    }
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #loadFile(path: string): Promise<void> {
    const { size, mtime } = await Deno.stat(join(this.#folder, path));
    const [key, at] = [bytesOf(path), mtime?.getTime() ?? 0];
    const known = this.#objects.get(key);
    if (known?.size === size && known.at === at) return;
    this.#keep(key, { ...keptOf(await Deno.readFile(join(this.#folder, path))), at });
  }

  #keep(key: string, kept: Kept): void {
    if (!this.#objects.has(key)) this.#keys = null;
    this.#objects.set(key, kept);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, bucket, ...parts] = pathname.split("/").map(decodeURIComponent);
    const key = parts.join("/");
    const isList = request.method === "GET" && searchParams.has("list-type");
    this.onRequest(isList ? "LIST" : request.method);
    this.most = Math.max(this.most, ++this.#underWay);
    try {
      const body = await request.bytes();
      if (this.#latency > 0) await new Promise((resolve) => setTimeout(resolve, this.#latency));
      if (bucket !== this.#bucket) return fault(404, "NoSuchBucket");
      if (isList) return this.#list(searchParams);
      const isPlain = key !== "" && !/(^|\/)\.\.?(\/|$)/.test(key) && searchParams.size <= 1;
      const isChunked = request.headers.get("content-encoding")?.includes("aws-chunked") ?? false;
      if (!isPlain || isChunked) return fault(501, "NotImplemented");
      switch (request.method) {
        case "GET":
        case "HEAD":
          return await this.#get(key, request.method === "HEAD");
        case "PUT":
        case "DELETE":
          return await this.#inTurn(() => this.#write(key, request, body));
        default:
          return fault(501, "NotImplemented");
      }
    } finally {
      this.#underWay--;
    }
  }

  /** Writes one after the other: a condition is looked at and met in one step. */
  async #inTurn(act: () => Promise<Response>): Promise<Response> {
    const written = this.#writing.then(act);
    this.#writing = written.catch(() => {});
    return await written;
  }

  async #get(key: string, isHead: boolean): Promise<Response> {
    const kept = this.#objects.get(bytesOf(key));
    const content = kept && await Deno.readFile(this.#path(key)).catch(() => undefined);
    if (!kept || !content) return fault(404, "NoSuchKey");
    const headers = { etag: kept.etag, "last-modified": new Date(kept.at).toUTCString() };
    return new Response(isHead ? null : content, { headers });
  }

  async #write(key: string, { method, headers }: Request, body: Uint8Array): Promise<Response> {
    const [name, path] = [bytesOf(key), this.#path(key)];
    const known = this.#objects.get(name);
    const wanted = headers.get("if-match");
    if (wanted !== null && !known) return fault(404, "NoSuchKey");
    const isMet = (wanted === null || wanted === known?.etag) &&
      !(headers.has("if-none-match") && known);
    if (!isMet) return fault(412, "PreconditionFailed");
    if (method === "DELETE") {
      if (this.#objects.delete(name)) this.#keys = null;
      await Deno.remove(path).catch(() => {});
      return new Response(null, { status: 204 });
    }
    await Deno.mkdir(dirname(path), { recursive: true });
    const temporary = `${this.#folder}.part`;
    await Deno.writeFile(temporary, body);
    await Deno.rename(temporary, path);
    const kept = { ...keptOf(body), at: (await Deno.stat(path)).mtime?.getTime() ?? 0 };
    this.#keep(name, kept);
    return new Response(null, { headers: { etag: kept.etag } });
  }

  #path(key: string): string {
    return join(this.#folder, ...key.split("/"));
  }

  #list(asked: URLSearchParams): Response {
    const keys = this.#keys ??= [...this.#objects.keys()].sort();
    const prefix = bytesOf(asked.get("prefix") ?? "");
    const isByFolder = asked.get("delimiter") === "/";
    const token = asked.get("continuation-token");
    const after = token === null ? null : Buffer.from(token, "hex").toString("latin1");
    let at = firstFrom(keys, after === null ? prefix : `${after}\0`);
    const [objects, folders]: [string[], string[]] = [[], []];
    let last = "";
    for (; objects.length + folders.length < this.#page; at++) {
      const key = keys[at];
      const kept = key === undefined ? undefined : this.#objects.get(key);
      if (key === undefined || !kept || !key.startsWith(prefix)) break;
      const end = isByFolder ? key.indexOf("/", prefix.length) : -1;
      if (end < 0) {
        objects.push(objectXml(key, kept));
        last = key;
      } else {
        const folder = key.slice(0, end + 1);
        folders.push(`<CommonPrefixes><Prefix>${urlOf(folder)}</Prefix></CommonPrefixes>`);
        last = `${folder}${LAST}`;
        at = firstFrom(keys, last) - 1;
      }
    }
    const isCut = keys[at]?.startsWith(prefix) ?? false;
    return xml(
      200,
      "<ListBucketResult><EncodingType>url</EncodingType>" +
        `<IsTruncated>${isCut}</IsTruncated>${objects.join("")}${folders.join("")}` +
        (isCut ? `<NextContinuationToken>${tokenOf(last)}</NextContinuationToken>` : "") +
        "</ListBucketResult>",
    );
  }
}

/** Returns a text with a letter for each byte of its UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function urlOf(key: string): string {
  return encodeURIComponent(Buffer.from(key, "latin1").toString()).replaceAll("%2F", "/");
}

function tokenOf(key: string): string {
  return Buffer.from(key, "latin1").toString("hex");
}

function keptOf(bytes: Uint8Array): Omit<Kept, "at"> {
  return { etag: `"${createHash("md5").update(bytes).digest("hex")}"`, size: bytes.length };
}

function objectXml(key: string, { etag, size, at }: Kept): string {
  return `<Contents><Key>${urlOf(key)}</Key><LastModified>${new Date(at).toISOString()}` +
    `</LastModified><ETag>&quot;${etag.slice(1, -1)}&quot;</ETag><Size>${size}</Size></Contents>`;
}

/** Returns where the keys from one on begin. */
function firstFrom(keys: string[], from: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fault(status: number, code: string): Response {
  return xml(status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function xml(status: number, body: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`, {
    status,
    headers: { "content-type": "application/xml" },
  });
}
