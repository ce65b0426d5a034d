/** Reads lines of text: UTF-8, or UTF-16 with a byte order mark; other formats are named. */

import { Buffer } from "node:buffer";
import { openFile } from "../../base/in_use.ts";
import { count } from "../output.ts";
import { UserError } from "../../base/errors.ts";
import { decoderFor, undecodable, unreadable } from "../../base/written_text.ts";

/** Maximum characters of a line: a longer one is not a list's. */
const MAX_LINE = 1 << 20;

/**
 * Yields the lines of a file, or of standard input for `-`, in batches. A line ends with LF, CR LF or CR.
 * @throws UserError if it cannot be read, or is not text in UTF-8 or UTF-16.
 */
export async function* readLines(file: string): AsyncGenerator<string[]> {
  const name = file === "-" ? "standard input" : file;
  let left = "";
  for await (const text of texts(await openList(file), name)) {
    // A LF may follow the CR at the end.
    const lines = (left + text).split(/\r\n|\n|\r(?!$)/);
    left = lines.pop() ?? "";
    if (left.length > MAX_LINE) {
      throw new UserError(`${name} has a line of more than ${count(MAX_LINE)} characters`, {
        hint: "Expected one name or id on each line.",
      });
    }
    yield lines;
  }
  yield [left.replace(/\r$/, "")];
}

async function openList(file: string): Promise<ReadableStream<Uint8Array>> {
  if (file === "-") return Deno.stdin.readable;
  try {
    return (await openFile(file)).readable;
  } catch (cause) {
    throw cause instanceof Deno.errors.NotFound
      ? new UserError(`File ${file} does not exist`, { cause })
      : unreadable(file, cause);
  }
}

async function* texts(
  stream: ReadableStream<Uint8Array>,
  name: string,
): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  let last: Uint8Array = new Uint8Array();
  let lines = 1;
  try {
    for await (const block of withWholeBeginning(stream)) {
      last = block;
      decoder ??= decoderFor(block, name);
      const text = decoder.decode(block, { stream: true });
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
      yield text;
    }
    yield decoder?.decode() ?? "";
  } catch (cause) {
    if (!(cause instanceof TypeError) || !decoder) throw unreadable(name, cause);
    throw await undecodable(last, { name, decoder, line: lines, cause });
  }
}

/** Yields the blocks of a stream, the first one long enough to detect the format. */
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
