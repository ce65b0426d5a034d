/** Counts over more keys than fit into memory: records are spilled to disk, in parts that fit. */

import { hash } from "node:crypto";
import { join } from "node:path";
import { readTextFile, removeFile } from "../base/in_use.ts";
import { diskError } from "../base/disk_error.ts";

/** Parts that records are divided into; one at a time is read. */
const PARTS = 64;
/** Characters that are buffered before they are written to disk. */
const HELD = 2 ** 22;

/** Records in parts: those of a key are in the same one, in the order of arrival. */
export class Spill {
  readonly #held: string[] = new Array(PARTS).fill("");
  #length = 0;
  #folder: string | undefined;

  /** Adds a record, a line of text. */
  add(key: string, record: string): void {
    const at = parseInt(hash("sha1", key).slice(0, 2), 16) % PARTS;
    this.#held[at] += `${record}\n`;
    this.#length += record.length;
  }

  /** Writes buffered records, once there are many. @throws UserError where the disk is full */
  async settle(): Promise<void> {
    if (this.#length < HELD) return;
    try {
      this.#folder ??= await Deno.makeTempDir({ prefix: "twarc-cloud-export-" });
      for (const [i, text] of this.#held.entries()) {
        if (text !== "") {
          await Deno.writeTextFile(join(this.#folder, `${i}`), text, { append: true });
        }
      }
    } catch (cause) {
      throw diskError(cause, undefined, { isNew: this.#folder === undefined });
    }
    this.#held.fill("");
    this.#length = 0;
  }

  /** Yields the records of each part. */
  async *parts(): AsyncGenerator<string[]> {
    for (const [i, held] of this.#held.entries()) {
      const path = this.#folder && join(this.#folder, `${i}`);
      const spilled = path ? await readTextFile(path).catch(() => "") : "";
      yield `${spilled}${held}`.split("\n").slice(0, -1);
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder) await removeFile(this.#folder, { recursive: true }).catch(() => {});
  }
}
