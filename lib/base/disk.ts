/** What is written to this machine's disk, and what its failures mean. */

import { diskError } from "./disk_error.ts";

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
 * Acts on files of a folder for temporary files.
 * @throws UserError where the disk is full or may not be written, DiskError where it fails.
 */
export async function onDisk<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw diskError(cause, folder);
  }
}
