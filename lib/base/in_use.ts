/** Renames, removes and reads files, retrying for seconds while another program has one open (Windows, network shares). */

import { OutsideError } from "./errors.ts";
import { errorCode } from "./system_error.ts";

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
 * Reads a file.
 * @throws InUseError; what the file system fails with, also if it is absent.
 */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await whenReadable(path, () => Deno.readFile(path));
}

/**
 * Reads a text in UTF-8.
 * @throws as `readFile`
 */
export async function readTextFile(path: string): Promise<string> {
  return await whenReadable(path, () => Deno.readTextFile(path));
}

/**
 * Opens a file for reading.
 * @throws as `readFile`
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  return await whenReadable(path, () => Deno.open(path));
}

/** How long to wait, and where. */
interface Patience {
  patienceMs?: number;
  os?: string;
}

/**
 * Retries an action that replaces or removes a file while another program seems to hold it.
 * @param path For the message.
 * @throws InUseError; what `act` throws.
 */
export async function whenFree<T>(
  path: string,
  act: () => Promise<T>,
  patience: Patience = {},
): Promise<T> {
  return await retry(act, { path, mayPass: mayBeHeld, ...patience });
}

/**
 * Retries an action that reads a file while another program holds it for itself alone. Any other failure is the
 * file's own, and not waited for: a missing permission stays.
 * @param path For the message.
 * @throws InUseError; what `act` throws.
 */
export async function whenReadable<T>(
  path: string,
  act: () => Promise<T>,
  patience: Patience = {},
): Promise<T> {
  return await retry(act, { path, mayPass: isBusy, ...patience });
}

async function retry<T>(
  act: () => Promise<T>,
  { path, mayPass, patienceMs = PATIENCE_MS, os = Deno.build.os }: Patience & {
    path: string;
    mayPass: (error: unknown, os: string) => boolean;
  },
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
    try {
      return await act();
    } catch (error) {
      if (!mayPass(error, os)) throw error;
      if (performance.now() + waitMs > end) throw explainError(error, path, os);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Returns whether another program holds a file: Windows' sharing and lock violations, and their like elsewhere. */
function isBusy(error: unknown, os: string): boolean {
  return /^(EBUSY|ETXTBSY)$/.test(errorCode(error, os));
}

/**
 * Returns whether a failure may pass: systems report a file in use like a missing permission, and Windows keeps a
 * removed file in its folder while another program has it open.
 */
function mayBeHeld(error: unknown, os: string): boolean {
  const { NotCapable, PermissionDenied } = Deno.errors;
  if (error instanceof NotCapable) return false;
  const code = errorCode(error, os);
  if (isBusy(error, os) || os === "windows" && code === "ENOTEMPTY") return true;
  return error instanceof PermissionDenied || /^(EPERM|EACCES)$/.test(code);
}

function explainError(error: unknown, path: string, os: string): unknown {
  const isHeld = isBusy(error, os) || errorCode(error, os) === "ENOTEMPTY";
  if (!isHeld && os !== "windows") return error;
  const or = isHeld ? "" : ", or is not writable";
  return new InUseError(`${path} is in use by another program${or}`, {
    cause: error,
    hint: "Close it there (a viewer, a virus scanner, a program that synchronizes), and try again.",
  });
}
