/** Failures of the disk for temporary files, as errors for a person. */

import { DiskError, errorMessage, TwarcCloudError, UserError } from "./errors.ts";
import { temporaryVariable } from "./shell.ts";
import { errorCode } from "./system_error.ts";

/**
 * Returns the error for a failure of the disk for temporary files.
 * @param folder The folder for a harvest's temporary files; absent for those in the system's own place.
 * @param options.isNew Whether nothing was made there yet, so that the place itself is at fault.
 */
export function diskError(
  cause: unknown,
  folder?: string,
  { isNew = false } = {},
): TwarcCloudError {
  if (cause instanceof TwarcCloudError) return cause;
  const where = folder === undefined ? "" : ` (${folder})`;
  const again = folder === undefined
    ? `set ${temporaryVariable()} to another disk, and start it again.`
    : "name a folder on another disk with --spool or TWARC_CLOUD_SPOOL, and start it again: the harvest resumes.";
  const hint = (first: string) => `${first}, or ${again}`;
  const kind = classify(cause);
  switch (kind === "gone" && isNew ? "refused" : kind) {
    case "full":
      return new UserError(`The disk for temporary files is full${where}`, {
        cause,
        hint: hint(
          Deno.build.os === "windows"
            ? "Free some space there"
            : "Free some space there, or some files (df -h, df -i)",
        ),
      });
    case "refused":
      return new UserError(
        `The disk for temporary files cannot be written${where}: ${reasonText(cause)}`,
        { cause, hint: hint("Make it writable") },
      );
    case "gone":
      return new DiskError(`Something was removed from the disk for temporary files${where}`, {
        cause,
        hint: hint("Exclude it from cleanup while this runs"),
      });
    case "broken":
      return new DiskError(
        `The disk for temporary files failed${where}: ${errorMessage(cause)}`,
        { cause, hint: hint("Check that disk") },
      );
  }
}

function classify(cause: unknown): "full" | "refused" | "gone" | "broken" {
  if (cause instanceof Deno.errors.NotCapable) return "refused";
  const code = errorCode(cause);
  if (/^(ENOSPC|EDQUOT|EFBIG)$/.test(code)) return "full";
  if (/No space left|quota/i.test(errorMessage(cause))) return "full";
  if (/^(EACCES|EPERM|EROFS)$/.test(code)) return "refused";
  return /^(ENOENT|ENOTDIR)$/.test(code) ? "gone" : "broken";
}

/** Returns a failure's message without Deno's advice about flags, which does not help who runs the program. */
function reasonText(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) return "this program may not write there";
  return errorMessage(cause);
}
