/** What a failure of the disk for temporary files means to a person. */

import { messageOf, OutsideError, UserError } from "../errors.ts";

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
        "Free some space, or set TMPDIR to another disk, and start it again: a harvest goes on.",
    });
  }
  return new OutsideError(`The temporary files cannot be written: ${messageOf(cause)}`, { cause });
}
