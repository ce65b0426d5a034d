/** Renames and removes files, retrying for seconds while another program has one open (Windows, network shares). */

import { OutsideError } from "./errors.ts";
import { codeOf } from "./system_error.ts";

/** Milliseconds to wait for a virus scanner, an indexer or a viewer; elsewhere a refusal seldom comes from one. */
const PATIENCE_MS = Deno.build.os === "windows" ? 10_000 : 500;
const FIRST_WAIT_MS = 10;
const MAX_WAIT_MS = 200;

/** A file that another program holds open and must close. */
export class InUseError extends OutsideError {}

/**
 * Renames a file, replacing one with the new name.
 * @throws InUseError; what the file system fails with.
 */
export async function renameFile(from: string, to: string): Promise<void> {
  await whenFree(to, () => Deno.rename(from, to));
}

/**
 * Removes a file or a folder, with `recursive` and its contents.
 * @throws InUseError; what the file system fails with, also if it is absent.
 */
export async function removeFile(path: string, options?: Deno.RemoveOptions): Promise<void> {
  await whenFree(path, () => Deno.remove(path, options));
}

/**
 * Retries an action on a file while another program seems to hold it.
 * @param path For the message.
 * @throws InUseError; what `act` throws.
 */
export async function whenFree<T>(
  path: string,
  act: () => Promise<T>,
  { patienceMs = PATIENCE_MS, os = Deno.build.os as string } = {},
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
    try {
      return await act();
    } catch (error) {
      if (!mayBeHeld(error, os)) throw error;
      if (performance.now() + waitMs > end) throw explainError(error, path, os);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/**
 * Returns whether a failure may pass: systems report a file in use like a missing permission, and Windows keeps a
 * removed file in its folder while another program has it open.
 */
function mayBeHeld(error: unknown, os: string): boolean {
  const { NotCapable, PermissionDenied } = Deno.errors;
  if (error instanceof NotCapable) return false;
  const code = codeOf(error, os);
  if (os === "windows" && code === "ENOTEMPTY") return true;
  return error instanceof PermissionDenied || /^(EPERM|EACCES|EBUSY|ETXTBSY)$/.test(code);
}

function explainError(error: unknown, path: string, os: string): unknown {
  const isBusy = /^(EBUSY|ETXTBSY|ENOTEMPTY)$/.test(codeOf(error, os));
  if (!isBusy && os !== "windows") return error;
  const or = isBusy ? "" : ", or is not writable";
  return new InUseError(`${path} is in use by another program${or}`, {
    cause: error,
    hint: "Close it there (a viewer, a virus scanner, a program that synchronizes), and try again.",
  });
}
