/** The files of cuts on this machine's disk, until they are committed. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { DamagedError, messageOf } from "../base/errors.ts";
import { onDisk } from "../base/disk.ts";
import type { Files, OpenFile } from "./files.ts";
import { contentOf } from "./spool_folder.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A file of lines beside the tweets, as long as it was at one moment: it grows on. */
export interface SideCut {
  /** Its name in the harvest's folder, e.g. `users.jsonl`. */
  name: string;
  bytes: number;
  /** Of these bytes, in hex; versions before did not note it. */
  sha1?: string;
}

/** A file that is whole, by its content. */
export interface Content {
  /** In hex. */
  sha1: string;
  bytes: number;
}

/** A file that is whole. */
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
  /** What a file beside the tweets had when it was cut, as it is on the disk now. */
  protected abstract contentOf(side: SideCut): AsyncIterable<Uint8Array>;

  /** Opens a file in the folder to read it. */
  protected open(path: string): Promise<OpenFile> {
    return this.files.open(path);
  }

  /** Returns where a file in the folder is. */
  pathOf(name: string): string {
    return join(this.path, name);
  }

  /**
   * Gives `use` the path of a file that has what a file beside the tweets had when it was cut.
   * @throws what `use` throws; DamagedError where it is not as it was; DiskError, UserError where the disk fails.
   */
  async withCut<T>(side: SideCut, use: (path: string) => Promise<T>): Promise<T> {
    const name = `${side.name}.${crypto.randomUUID()}`;
    const copy = await onDisk(this.path, () => this.copy(name, this.contentOf(side)));
    try {
      if (copy.bytes === side.bytes && copy.sha1 === (side.sha1 ?? copy.sha1)) {
        return await use(this.pathOf(name));
      }
      throw damaged(this.pathOf(side.name));
    } finally {
      await this.clear(this.pathOf(name));
    }
  }

  /** Returns whether a file is there and as it was written. */
  async isIntact({ path, sha1, bytes }: WholeFile): Promise<boolean> {
    const sum = createHash("sha1");
    let length = 0;
    try {
      const file = await this.open(path);
      try {
        for await (const part of contentOf(file, 0, Infinity)) {
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

  /** Removes what is on this machine's disk of a cut that is committed, or has another in its place. Never throws. */
  async forget({ number, tweets }: { number: number; tweets?: { file: { path: string } } }) {
    // The note first: what is noted is there.
    await this.clear(this.pathOf(`cut-${number}.json`));
    if (tweets) await this.clear(tweets.file.path);
  }

  /** Removes a file that is of no use any more; that it cannot be is said once, and ends nothing. */
  protected async clear(path: string): Promise<void> {
    try {
      await this.files.remove(path);
    } catch (error) {
      this.tellOfClearing(error);
    }
  }

  /** Says once that something cannot be cleared. */
  protected tellOfClearing(error: unknown): void {
    if (!this.#hasFailedToClear) {
      log.warn("Temporary files that are of no use any more cannot be removed: {problem}", {
        problem: messageOf(error),
      });
    }
    this.#hasFailedToClear = true;
  }

  /** Writes a new file. @returns What it became. */
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
      await this.clear(this.pathOf(name));
      throw error;
    } finally {
      await file.close();
    }
    return { bytes, sha1: sha1.digest("hex") };
  }
}

function damaged(path: string): DamagedError {
  return new DamagedError(`A temporary file is not as it was written: ${path}`, {
    hint:
      "The disk for temporary files may be failing: check it, or name a folder on another with --spool.",
  });
}
