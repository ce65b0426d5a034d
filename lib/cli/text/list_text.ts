/** The lines of a text as people have it: UTF-8, or UTF-16 with a byte order mark; what it is otherwise is named. */

import { Buffer } from "node:buffer";
import { count } from "../output.ts";
import { messageOf, UserError } from "../../base/errors.ts";

/** Characters that a line may have: what is longer is no list. */
const LONGEST_LINE = 1 << 20;

/** The first bytes of what is no text that can be read here, and its name. */
const OTHERS: [number[], string][] = [
  [[0xff, 0xfe, 0, 0], "in UTF-32"],
  [[0, 0, 0xfe, 0xff], "in UTF-32"],
  [[0x1f, 0x8b], "packed with gzip: unpack it first"],
  [[0x50, 0x4b, 3, 4], "a spreadsheet (.xlsx, .ods) or a ZIP archive: export it as CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "a spreadsheet (.xls): export it as CSV"],
  [[0x25, 0x50, 0x44, 0x46], "a PDF"],
];

/**
 * The lines of a file, or of standard input for `-`, some at a time. A line ends with LF, CR LF or CR.
 * @throws UserError where it cannot be read, or is no text in UTF-8 or UTF-16.
 */
export async function* linesIn(file: string): AsyncGenerator<string[]> {
  const name = file === "-" ? "standard input" : file;
  let left = "";
  for await (const text of texts(await opened(file), name)) {
    // Whether a LF follows the CR at the end is not known yet.
    const lines = (left + text).split(/\r\n|\n|\r(?!$)/);
    left = lines.pop() ?? "";
    if (left.length > LONGEST_LINE) {
      throw new UserError(`${name} has a line of more than ${count(LONGEST_LINE)} characters`, {
        hint: "One name or id a line is expected.",
      });
    }
    yield lines;
  }
  yield [left.replace(/\r$/, "")];
}

async function opened(file: string): Promise<ReadableStream<Uint8Array>> {
  if (file === "-") return Deno.stdin.readable;
  try {
    return (await Deno.open(file)).readable;
  } catch (cause) {
    throw cause instanceof Deno.errors.NotFound
      ? new UserError(`There is no file ${file}`, { cause })
      : unreadable(file, cause);
  }
}

async function* texts(
  stream: ReadableStream<Uint8Array>,
  name: string,
): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  let lines = 1;
  try {
    for await (const block of withWholeBeginning(stream)) {
      decoder ??= decoderFor(block, name);
      const text = decoder.decode(block, { stream: true });
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
      yield text;
    }
    yield decoder?.decode() ?? "";
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (!(cause instanceof TypeError)) throw unreadable(name, cause);
    throw new UserError(
      `${name} is not in ${encodingOf(decoder)}, as from about line ${count(lines)}`,
      {
        cause,
        hint: "It may be Windows-1252 or ISO-8859-1. Save it as UTF-8 (in Excel: CSV UTF-8).",
      },
    );
  }
}

/** The blocks of a stream, of which the first is long enough to tell what it is. */
async function* withWholeBeginning(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | null = new Uint8Array();
  for await (const block of stream) {
    if (first === null) {
      yield block;
      continue;
    }
    first = Buffer.concat([first, block]);
    if (first.length < 4) continue;
    yield first;
    first = null;
  }
  if (first !== null && first.length > 0) yield first;
}

function decoderFor(bytes: Uint8Array, name: string): TextDecoder {
  const other = OTHERS.find(([start]) => start.every((byte, i) => bytes[i] === byte));
  if (other) {
    throw new UserError(`${name} is ${other[1]}`, { hint: "A text in UTF-8 is expected." });
  }
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le", { fatal: true });
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be", { fatal: true });
  if (bytes.subarray(0, 1_000).includes(0)) {
    throw new UserError(`${name} is no text, or is in UTF-16 without a byte order mark`, {
      hint: "Save it as UTF-8.",
    });
  }
  return new TextDecoder("utf-8", { fatal: true });
}

function encodingOf(decoder: TextDecoder | null): string {
  return (decoder?.encoding ?? "utf-8").toUpperCase();
}

function unreadable(name: string, cause: unknown): UserError {
  return new UserError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
}
