/** A file that gets its name only when it is complete. */

import { dirname } from "node:path";
import { errorMessage, TwarcCloudError, UserError } from "../base/errors.ts";
import { removeFile, renameFile } from "../base/in_use.ts";
import { writeAll } from "../base/write_all.ts";
import type { Sink } from "./writer.ts";

/** A file that is written under a temporary name, beside its final one. */
export class OutputFile implements Sink {
  readonly #path: string;
  readonly #temporary: string;
  readonly #made: string | undefined;
  readonly #file: Deno.FsFile;
  #bytes = 0;

  private constructor(
    path: string,
    temporary: string,
    made: string | undefined,
    file: Deno.FsFile,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#made = made;
    this.#file = file;
  }

  /** Opens one, and creates its folder where it is missing. @throws UserError where it cannot be written */
  static async open(path: string): Promise<OutputFile> {
    try {
      const made = await makeFolder(dirname(path));
      const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
      const file = await Deno.open(temporary, { write: true, createNew: true });
      return new OutputFile(path, temporary, made, file);
    } catch (cause) {
      throw fileError(cause, path);
    }
  }

  /** How many bytes were written. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#file, bytes);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
    this.#bytes += bytes.length;
  }

  /** Renames it to its final name, replacing an older file. @param path Another name than it was opened for. */
  async keep(path = this.#path): Promise<void> {
    try {
      await this.#file.sync();
      this.#file.close();
      await renameFile(this.#temporary, path);
    } catch (cause) {
      throw fileError(cause, path);
    }
  }

  /** Removes it, and the folder that was made for it. */
  async discard(): Promise<void> {
    try {
      this.#file.close();
    } catch {
      // Already closed.
    }
    await removeFile(this.#temporary).catch(() => {});
    if (this.#made) await removeFile(this.#made).catch(() => {});
  }
}

/** Writes a small file atomically. @throws UserError where it cannot be written */
export async function writeWhole(path: string, text: string): Promise<void> {
  const file = await OutputFile.open(path);
  try {
    await file.write(new TextEncoder().encode(text));
    await file.keep();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Creates a folder where it is missing, and returns its path. */
export async function makeFolder(path: string): Promise<string | undefined> {
  const isThere = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  if (isThere) return undefined;
  await Deno.mkdir(path, { recursive: true });
  return path;
}

/** Translates a failure to write a file into an error with advice. */
function fileError(cause: unknown, path: string): TwarcCloudError {
  if (cause instanceof TwarcCloudError) return cause;
  return new UserError(`${path} cannot be written: ${errorMessage(cause)}`, {
    cause,
    hint: "Free some space there, or name another file with --output.",
  });
}
