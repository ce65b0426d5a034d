/** Counts over more keys than fit into memory: records are spilled to disk, in parts that fit. */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { readFile, removeFile } from "../base/in_use.ts";
import { diskError } from "../base/disk_error.ts";
import { CsvBytes } from "./csv_bytes.ts";

/** Parts that records are divided into; one at a time is read. */
const PARTS = 64;
/** Bytes of a part that are buffered before they are written to disk. */
const HELD = 2 ** 15;
const LINE_FEED = 0x0a;

/** A mix of no bytes. */
export const UNMIXED = 0x811c9dc5;

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
    let mixed = UNMIXED;
    for (let i = 0; i < key.length; i++) mixed = mix(mixed, key.charCodeAt(i));
    this.held(mixed)?.addText(record);
    this.end(mixed);
  }

  /** Returns what a record is added to, by the mix of all bytes of its key; it is ended then. */
  held(mixed: number): CsvBytes | undefined {
    return this.#held[partOf(mixed)];
  }

  /** Ends a record that was added to what is held. */
  end(mixed: number): void {
    const held = this.held(mixed);
    held?.addByte(LINE_FEED);
    if (held && held.length >= HELD) this.#full.add(partOf(mixed));
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

  /** Yields the records of each part, each with a line end. @throws OutsideError if the disk fails, or lost a part */
  async *parts(): AsyncGenerator<Uint8Array> {
    for (const [at, held] of this.#held.entries()) {
      const spilled = await this.#readSpilled(at);
      yield spilled ? Buffer.concat([spilled, held.from(0)]) : held.from(0);
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder) await removeFile(this.#folder, { recursive: true }).catch(() => {});
  }

  /** Returns what was spilled of a part; nothing of one that has no file. */
  async #readSpilled(at: number): Promise<Uint8Array | undefined> {
    if (!this.#folder || !this.#spilled.has(at)) return undefined;
    try {
      return await readFile(join(this.#folder, `${at}`));
    } catch (cause) {
      throw diskError(cause);
    }
  }
}

/** Returns a mix with another byte: of all bytes of a key, as ids end alike. */
export function mix(mixed: number, byte: number): number {
  return Math.imul(mixed ^ byte, 0x01000193);
}

function partOf(mixed: number): number {
  return (mixed >>> 16) % PARTS;
}
