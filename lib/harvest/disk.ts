/** Writing to this machine's disk, and what its failures mean. */

import { diskError } from "../bucket/disk_error.ts";

const LINE_FEED = 0x0a;

/** The lines as one text, each with a line break at its end. */
export function withLineFeeds(lines: Uint8Array[]): Uint8Array {
  const text = new Uint8Array(lines.reduce((length, line) => length + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    text.set(line, at);
    at += line.length;
    text[at++] = LINE_FEED;
  }
  return text;
}

/**
 * Writes all of the bytes.
 * @throws UserError where the disk is full, OutsideError where it fails.
 */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  try {
    for (let n = 0; n < bytes.length;) n += await file.write(bytes.subarray(n));
  } catch (cause) {
    throw diskError(cause);
  }
}
