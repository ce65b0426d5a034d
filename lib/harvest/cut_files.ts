/** The files of cuts on this machine's disk, until they are committed. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { DamagedError, errorMessage } from "../base/errors.ts";
import { onDisk } from "../base/disk.ts";
import type { Files, OpenFile } from "./files.ts";
import { readContent } from "./spool_folder.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A file of lines beside the tweets, as long as it was at one moment: it grows on. */
export interface SideCut {
  /** Its name in the harvest's folder, e.g. `users.jsonl`. */
  name: string;
  bytes: number;
  /** SHA-1 of these bytes, in hex; earlier versions did not note it. */
  sha1?: string;
}

/** The content of a complete file. */
export interface Content {
  /** In hex. */
  sha1: string;
  bytes: number;
}

/** A complete file. */
export interface WholeFile extends Content {
  path: string;
}

/** The files of cuts in one folder. */
export abstract class CutFiles {
  readonly path: string;
  protected readonly files: Files;
  #hasFailedToClear = false;

  constructor(path: string, files: Files) {
    this.path = path;
    this.files = files;
  }

  /** Makes a new file in the folder. */
  protected abstract create(name: string): Promise<OpenFile>;
  /** Yields the content that a file beside the tweets had when it was cut, as it is on the disk now. */
  protected abstract readSideFile(side: SideCut): AsyncIterable<Uint8Array>;

  /** Opens a file in the folder for reading. */
  protected open(path: string): Promise<OpenFile> {
    return this.files.open(path);
  }

  /** Returns the path of a file in the folder. */
  pathFor(name: string): string {
    return join(this.path, name);
  }

  /**
   * Calls `use` with the path of a file that has the content that a file beside the tweets had when it was cut.
   * @throws the errors of `use`; DamagedError where it was altered; DiskError, UserError where the disk fails.
   */
  async withCut<T>(side: SideCut, use: (path: string) => Promise<T>): Promise<T> {
    const name = `${side.name}.${crypto.randomUUID()}`;
    const copy = await onDisk(this.path, () => this.copy(name, this.readSideFile(side)));
    try {
      if (copy.bytes === side.bytes && copy.sha1 === (side.sha1 ?? copy.sha1)) {
        return await use(this.pathFor(name));
      }
      throw damagedFile(this.pathFor(side.name));
    } finally {
      await this.clear(this.pathFor(name));
    }
  }

  /** Returns whether a file exists and is intact. */
  async isIntact({ path, sha1, bytes }: WholeFile): Promise<boolean> {
    const sum = createHash("sha1");
    let length = 0;
    try {
      const file = await this.open(path);
      try {
        for await (const part of readContent(file, 0, Infinity)) {
          sum.update(part);
          length += part.length;
        }
      } finally {
        await file.close();
      }
    } catch {
      return false;
    }
    return length === bytes && sum.digest("hex") === sha1;
  }

  /** Removes the files of a cut that is committed or replaced from this machine's disk. Never throws. */
  async forget({ number, tweets }: { number: number; tweets?: { file: { path: string } } }) {
    // The note first: the files that a note names exist.
    await this.clear(this.pathFor(`cut-${number}.json`));
    if (tweets) await this.clear(tweets.file.path);
  }

  /** Removes a file that is no longer needed; a failure is reported once, and ends nothing. */
  protected async clear(path: string): Promise<void> {
    try {
      await this.files.remove(path);
    } catch (error) {
      this.tellOfClearing(error);
    }
  }

  /** Reports once that something cannot be removed. */
  protected tellOfClearing(error: unknown): void {
    if (!this.#hasFailedToClear) {
      log.warn("Temporary files that are no longer needed cannot be removed: {problem}", {
        problem: errorMessage(error),
      });
    }
    this.#hasFailedToClear = true;
  }

  /** Writes a new file. @returns Its name and its content. */
  protected async copy(name: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    const file = await this.create(name);
    const sha1 = createHash("sha1");
    let bytes = 0;
    try {
      for await (const part of content) {
        await file.write(part, bytes);
        sha1.update(part);
        bytes += part.length;
      }
    } catch (error) {
      await this.clear(this.pathFor(name));
      throw error;
    } finally {
      await file.close();
    }
    return { bytes, sha1: sha1.digest("hex") };
  }
}

function damagedFile(path: string): DamagedError {
  return new DamagedError(`A temporary file is damaged: ${path}`, {
    hint:
      "The disk for temporary files may be failing: check it, or name a folder on another with --spool.",
  });
}
