/** Counts over more keys than fit into memory: records are spilled to disk, in parts that fit. */

import { join } from "node:path";
import { readFile, removeFile } from "../base/in_use.ts";
import { diskError } from "../base/disk_error.ts";
import { CsvBytes } from "./csv_bytes.ts";

/** Parts that records are divided into; one at a time is read. */
const PARTS = 64;
/** Bytes of a part that are buffered before they are written to disk. */
const HELD = 2 ** 15;
const LINE_FEED = 0x0a;

const decoder = new TextDecoder();

/** Records in parts: those of a key are in the same one, in the order of arrival. */
export class Spill {
  /** Bytes: as strings, they took a hundred MB. */
  readonly #held = Array.from({ length: PARTS }, () => new CsvBytes());
  readonly #full = new Set<number>();
  /** Parts that have a file. */
  readonly #spilled = new Set<number>();
  readonly #dir: string | undefined;
  #folder: string | undefined;

  /** @param dir Where temporary files are made; by default, the system's own place. */
  constructor(dir?: string) {
    this.#dir = dir;
  }

  /** Adds a record, a line of text. */
  add(key: string, record: string): void {
    const at = partOf(key);
    const held = this.#held[at];
    if (!held) return;
    held.addText(record);
    held.addByte(LINE_FEED);
    if (held.length >= HELD) this.#full.add(at);
  }

  /** Writes buffered records of parts that have many. @throws UserError where the disk is full */
  async settle(): Promise<void> {
    if (this.#full.size === 0) return;
    try {
      this.#folder ??= await Deno.makeTempDir({
        prefix: "twarc-cloud-export-",
        ...(this.#dir === undefined ? {} : { dir: this.#dir }),
      });
      for (const at of this.#full) {
        const held = this.#held[at];
        if (!held) continue;
        this.#spilled.add(at);
        await Deno.writeFile(join(this.#folder, `${at}`), held.from(0), { append: true });
        held.cut(0);
      }
      this.#full.clear();
    } catch (cause) {
      throw diskError(cause, undefined, { isNew: this.#folder === undefined });
    }
  }

  /** Yields the records of each part. @throws OutsideError if the disk fails, or lost a part */
  async *parts(): AsyncGenerator<string[]> {
    for (const [at, held] of this.#held.entries()) {
      const text = await this.#readSpilled(at) + decoder.decode(held.from(0));
      yield text.split("\n").slice(0, -1);
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder) await removeFile(this.#folder, { recursive: true }).catch(() => {});
  }

  /** Returns what was spilled of a part; nothing of one that has no file. */
  async #readSpilled(at: number): Promise<string> {
    if (!this.#folder || !this.#spilled.has(at)) return "";
    try {
      return decoder.decode(await readFile(join(this.#folder, `${at}`)));
    } catch (cause) {
      throw diskError(cause);
    }
  }
}

/** Mixes all characters, as ids end alike. */
function partOf(key: string): number {
  let mixed = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) mixed = Math.imul(mixed ^ key.charCodeAt(i), 0x01000193);
  return (mixed >>> 16) % PARTS;
}
