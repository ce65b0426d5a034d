/**
 * Pages of listings. Their objects are read from the bytes: where the SDK parses a page of 1,000 of them, it leaves 12
 * MB of garbage at once, and takes eight times as long.
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

/** An object of a page, as S3 has it. */
type Found = Pick<_Object, "Key" | "Size" | "ETag">;

/** A page of a listing. */
export interface ListPage {
  objects: Found[];
  folders: CommonPrefix[];
  /** How keys are encoded; undefined where they are not. */
  encoding: string | undefined;
  /** Where the next page begins; undefined after the last one. */
  next: string | undefined;
}

/** Requests a page. @throws the SDK's errors */
export async function listPage(
  client: S3Client,
  input: ListObjectsV2CommandInput,
): Promise<ListPage> {
  let objects: Found[] = [];
  const command = new ListObjectsV2Command(input);
  command.middlewareStack.add((next) => async (args) => {
    const given = await next(args);
    const { response } = given;
    if (!hasXml(response)) return given;
    const xml = await buffer(response.body);
    const taken = takeObjects(xml);
    objects = taken?.objects ?? [];
    response.body = Readable.from([taken?.rest ?? xml]);
    return given;
  }, { step: "deserialize", priority: "low" });
  const page = await client.send(command);
  return {
    objects: [...objects, ...page.Contents ?? []],
    folders: page.CommonPrefixes ?? [],
    encoding: page.EncodingType,
    next: page.IsTruncated ? page.NextContinuationToken : undefined,
  };
}

/** Returns whether a response is a page, whose body was not read. */
function hasXml(response: unknown): response is { body: Readable } {
  return typeof response === "object" && response !== null && "statusCode" in response &&
    response.statusCode === 200 && "body" in response && response.body instanceof Readable;
}

const [BEGIN, END] = ["<Contents>", "</Contents>"];
/** What makes XML that is not read here. */
const UNUSUAL = ["<!--", "<![CDATA["];

/**
 * Takes the objects out of the XML of a page. @returns Them, and the XML without them; null for the SDK to read it all
 */
export function takeObjects(xml: Buffer): { objects: Found[]; rest: Buffer } | null {
  // Each character is a byte: places in it are places in the bytes.
  const places = xml.toString("latin1");
  if (UNUSUAL.some((mark) => places.includes(mark))) return null;
  const objects: Found[] = [];
  const rest: Buffer[] = [];
  let at = 0;
  for (let begin = places.indexOf(BEGIN); begin >= 0; begin = places.indexOf(BEGIN, at)) {
    const end = places.indexOf(END, begin);
    if (end < 0) return null;
    /** Returns the text of an element, which is no part of a string of all of the page. */
    const textOf = (name: string): string | undefined => {
      const from = places.indexOf(`<${name}>`, begin) + name.length + 2;
      const to = places.indexOf(`</${name}>`, begin);
      if (to < from || to > end) return undefined;
      return unescaped(xml.toString("utf8", from, to));
    };
    const key = textOf("Key");
    if (key === undefined) return null;
    objects.push({ Key: key, Size: Number(textOf("Size") ?? 0), ETag: textOf("ETag") });
    rest.push(xml.subarray(at, begin));
    at = end + END.length;
  }
  return { objects, rest: Buffer.concat([...rest, xml.subarray(at)]) };
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
