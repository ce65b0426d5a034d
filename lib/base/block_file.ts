/** A temporary file for blocks of bytes that are seldom needed. */

import { diskError } from "./disk_error.ts";
import { removeFile } from "./in_use.ts";

/** Blocks on the disk: each is written once, and read as often as it is needed. Without any, no file is made. */
export class BlockFile {
  readonly #dir: string | undefined;
  #path: string | undefined;
  #file: Deno.FsFile | undefined;
  #length = 0;

  /** @param dir Where the file is made; by default, the system's own place. */
  constructor(dir?: string) {
    this.#dir = dir;
  }

  /** Writes a block. @returns Its place, in bytes. @throws UserError where the disk is full; DiskError if it fails. */
  append(bytes: Uint8Array): number {
    const at = this.#length;
    try {
      this.#file ??= this.#open();
      this.#file.seekSync(at, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    } catch (cause) {
      throw diskError(cause, undefined, { isNew: this.#file === undefined });
    }
    this.#length += bytes.length;
    return at;
  }

  /** Fills `block` with the bytes at a place. @throws DiskError if the disk fails. */
  read(at: number, block: Uint8Array): void {
    try {
      this.#file?.seekSync(at, Deno.SeekMode.Start);
      for (let done = 0; done < block.length;) {
        const count = this.#file?.readSync(block.subarray(done)) ?? null;
        if (count === null) throw new Error("A temporary file is shorter than it was");
        done += count;
      }
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** Removes the file; what is in it cannot be read any more. */
  async close(): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
    if (this.#path !== undefined) await removeFile(this.#path).catch(() => {});
    this.#path = undefined;
  }

  #open(): Deno.FsFile {
    this.#path = Deno.makeTempFileSync({
      prefix: "twarc-cloud-verify-",
      ...(this.#dir === undefined ? {} : { dir: this.#dir }),
    });
    return Deno.openSync(this.#path, { read: true, write: true });
  }
}
