/** Reads texts that people wrote: UTF-8, or UTF-16 with a byte order mark; any other format is named and refused. */

import { readFile } from "./in_use.ts";
import { errorMessage, TwarcCloudError, UserError } from "./errors.ts";

/** First bytes of formats that are not readable text, with their names. */
const OTHERS: [number[], string][] = [
  [[0xff, 0xfe, 0, 0], "in UTF-32"],
  [[0, 0, 0xfe, 0xff], "in UTF-32"],
  [[0x1f, 0x8b], "packed with gzip: unpack it first"],
  [[0x50, 0x4b, 3, 4], "a spreadsheet (.xlsx, .ods) or a ZIP archive: export it as CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "a spreadsheet (.xls): export it as CSV"],
  [[0x25, 0x50, 0x44, 0x46], "a PDF"],
];
/** Bytes at the start that are examined. */
const LOOKED_AT = 1_000;

/**
 * Reads a file that a person wrote, without its byte order mark.
 * @throws UserError if it is not text in UTF-8 or UTF-16; Deno.errors.NotFound if it is absent; what the file system
 * fails with
 */
export async function readWrittenText(path: string): Promise<string> {
  const bytes = await readFile(path);
  const decoder = decoderFor(bytes, path);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw await undecodable(bytes, {
      name: path,
      decoder,
      line: lineOfFault(bytes, decoder),
      cause,
    });
  }
}

/**
 * Returns a decoder for a text, chosen by its first bytes; it throws a TypeError at invalid bytes.
 * @param name Of the text, for the message.
 * @throws UserError if it is not readable text
 */
export function decoderFor(bytes: Uint8Array, name: string): TextDecoder {
  const other = OTHERS.find(([start]) => start.every((byte, i) => bytes[i] === byte));
  if (other) {
    throw new UserError(`${name} is ${other[1]}`, { hint: "Expected UTF-8 text." });
  }
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le", { fatal: true });
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be", { fatal: true });
  if (bytes.subarray(0, LOOKED_AT).includes(0)) {
    throw new UserError(`${name} is not text, or is in UTF-16 without a byte order mark`, {
      hint: "Save it as UTF-8.",
    });
  }
  return new TextDecoder("utf-8", { fatal: true });
}

/** A text that cannot be decoded. */
export interface Undecodable {
  name: string;
  decoder: TextDecoder;
  /** Approximate line of the fault, from 1. */
  line: number;
  cause: unknown;
}

/** Returns the error for a text that is not in its encoding, with the name of the likely one. */
export async function undecodable(
  bytes: Uint8Array,
  { name, decoder, line, cause }: Undecodable,
): Promise<UserError> {
  const { detect } = await import("chardet");
  const likely = detect(bytes);
  const seems = likely === null || /^UTF-/.test(likely)
    ? ""
    : `: it seems to be ${likely === "ISO-8859-1" ? "Windows-1252 or ISO-8859-1" : likely}`;
  const encoding = decoder.encoding.toUpperCase();
  const where = `from about line ${line.toLocaleString("en")}`;
  return new UserError(`${name} is not in ${encoding}, ${where}${seems}`, {
    cause,
    hint: "Save it as UTF-8 (in Excel: CSV UTF-8).",
  });
}

/** Returns the first line that is not in the encoding, from 1. */
function lineOfFault(bytes: Uint8Array, { encoding }: TextDecoder): number {
  const text = new TextDecoder(encoding).decode(bytes);
  const fault = text.indexOf("\ufffd");
  return text.slice(0, fault < 0 ? undefined : fault).split(/\r\n|\r|\n/).length;
}

/** Returns the error for a file that cannot be read. */
export function unreadable(name: string, cause: unknown): TwarcCloudError {
  if (cause instanceof TwarcCloudError) return cause;
  return new UserError(`${name} cannot be read: ${errorMessage(cause)}`, { cause });
}
