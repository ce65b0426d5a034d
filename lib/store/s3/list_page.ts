/**
 * Pages of listings. Their objects are read from the bytes, one at a time: where the SDK parses a page of 1,000 of them,
 * it leaves 12 MB of garbage at once, and takes eight times as long.
 */

import {
  type _Object,
  type CommonPrefix,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { giveBack } from "../../base/memory.ts";
import { compareKeys } from "../key_order.ts";
import type { Listed } from "../store.ts";
import { versionFor } from "./got.ts";

/** An object of a page, as S3 has it. */
type Found = Pick<_Object, "Key" | "Size" | "ETag">;

/** A page of a listing. */
export interface ListPage {
  /** Its objects, without those that stand for folders, and its folders, in order. Can be read once. */
  listed: Iterable<Listed>;
  /** Where the next page begins; undefined after the last one. */
  next: string | undefined;
}

/** Requests a page. @throws the SDK's errors */
export async function listPage(
  client: S3Client,
  input: ListObjectsV2CommandInput,
): Promise<ListPage> {
  let objects: Iterable<Found> | undefined;
  const command = new ListObjectsV2Command(input);
  command.middlewareStack.add((next) => async (args) => {
    const given = await next(args);
    const { response } = given;
    if (!hasXml(response)) return given;
    const xml = await buffer(response.body);
    const taken = takeObjects(xml);
    objects = taken?.objects;
    response.body = Readable.from([taken?.rest ?? xml]);
    return given;
  }, { step: "deserialize", priority: "low" });
  const { Contents = [], CommonPrefixes = [], EncodingType, ...page } = await client.send(command);
  const listed = listedObjects(objects ?? Contents, EncodingType);
  return {
    listed: CommonPrefixes.length === 0
      ? listed
      : [...listed, ...listedFolders(CommonPrefixes, EncodingType)]
        .sort((a, b) => compareKeys(a.key, b.key)),
    next: page.IsTruncated ? page.NextContinuationToken : undefined,
  };
}

function* listedObjects(objects: Iterable<Found>, encoding?: string): Generator<Listed> {
  for (const { Key, Size: size = 0, ETag } of objects) {
    const key = decodeKey(Key, encoding);
    if (!key.endsWith("/") || size > 0) yield { key, size, version: versionFor(ETag) };
  }
}

function listedFolders(folders: CommonPrefix[], encoding?: string): Listed[] {
  return folders.map(({ Prefix }) => ({ key: decodeKey(Prefix, encoding), size: 0, version: "" }));
}

/** Returns the key of a listing with encoding requested; not every store encodes it. */
export function decodeKey(name = "", encoding?: string): string {
  try {
    return encoding === "url" ? decodeURIComponent(name.replaceAll("+", " ")) : name;
  } catch {
    return name;
  }
}

/** Returns whether a response is a page, whose body was not read. */
function hasXml(response: unknown): response is { body: Readable } {
  return typeof response === "object" && response !== null && "statusCode" in response &&
    response.statusCode === 200 && "body" in response && response.body instanceof Readable;
}

const [BEGIN, END] = ["<Contents>", "</Contents>"];
/** What makes XML that is not read here: an object's element may have attributes, too. */
const UNUSUAL = /<!--|<!\[CDATA\[|<Contents[^>]/;

/**
 * Takes the objects out of the XML of a page, whose memory is freed once they are read.
 * @returns Them, and the XML without them; null for the SDK to read it all
 */
export function takeObjects(xml: Buffer): { objects: Iterable<Found>; rest: Buffer } | null {
  // Each character is a byte: places in it are places in the bytes.
  const places = xml.toString("latin1");
  if (UNUSUAL.test(places)) return null;
  const begins: number[] = [];
  const rest: Buffer[] = [];
  let at = 0;
  for (let begin = places.indexOf(BEGIN); begin >= 0; begin = places.indexOf(BEGIN, at)) {
    const end = places.indexOf(END, begin);
    const key = places.indexOf(KEY.begin, begin);
    if (key < 0 || end < key) return null;
    begins.push(begin);
    if (begin > at) rest.push(xml.subarray(at, begin));
    at = end + END.length;
  }
  return {
    objects: readObjects(xml, places, begins),
    rest: Buffer.concat([...rest, xml.subarray(at)]),
  };
}

/** An element's tags. */
const tags = (name: string) => ({ begin: `<${name}>`, end: `</${name}>` });
const [KEY, SIZE, ETAG] = [tags("Key"), tags("Size"), tags("ETag")];

function* readObjects(xml: Buffer, places: string, begins: number[]): Generator<Found> {
  try {
    for (const begin of begins) {
      const end = places.indexOf(END, begin);
      /** Returns a copy of an element's text: a slice would keep the text of the whole page. */
      const textOf = (tag: ReturnType<typeof tags>): string | undefined => {
        const from = places.indexOf(tag.begin, begin) + tag.begin.length;
        const to = places.indexOf(tag.end, begin);
        if (to < from || to > end) return undefined;
        return unescaped(xml.toString("utf8", from, to));
      };
      yield { Key: textOf(KEY), Size: Number(textOf(SIZE) ?? 0), ETag: textOf(ETAG) };
    }
  } finally {
    giveBack(xml);
  }
}

const ENTITY = /&(?:#(\d+)|#x([0-9a-f]+)|(amp|lt|gt|quot|apos));/gi;
const NAMED = new Map([["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", '"'], ["apos", "'"]]);

function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(ENTITY, (entity, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED.get(name) ?? entity;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16));
  });
}
