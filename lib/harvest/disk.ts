/** Writing to this machine's disk, and what its failures mean. */

import { messageOf, OutsideError, UserError } from "../errors.ts";

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

/** A failure of the disk for temporary files as what a person does about it. */
export function diskError(cause: unknown): UserError | OutsideError {
  if (cause instanceof UserError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (
    /ENOSPC|EDQUOT|EFBIG/.test(code) || /No space left|quota|os error 27/i.test(messageOf(cause))
  ) {
    return new UserError("The disk for temporary files is full", {
      cause,
      hint:
        "Free some space, or set TMPDIR to another disk, and start the harvest again: it goes on.",
    });
  }
  return new OutsideError(`The temporary files cannot be written: ${messageOf(cause)}`, { cause });
}
