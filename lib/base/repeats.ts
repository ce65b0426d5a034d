/** Finds duplicates among any number of ids in little memory, with partitions on the disk. */

import { join } from "node:path";
import { readFile, removeFile } from "./in_use.ts";
import { diskError } from "./disk_error.ts";

/** Partitions of the ids, searched one at a time. */
const PARTS = 256;
/** Records of a partition that are held before they are spilled to the disk. */
const HELD = 256;
/** Bytes of a record: the id, and the number of its group. */
const RECORD = 12;
const MOST = 2n ** 64n - 1n;

/** An id that occurred more than once. */
export interface Repeat {
  id: string;
  /** The groups it occurred in, each as often as it did. */
  groups: number[];
}

/**
 * Collects ids with their groups. Collecting takes 800 KB of memory, and searching one partition in 256: 12 MB for a
 * hundred million ids. The temporary files take 12 bytes an id, and are made only if a partition exceeds memory.
 */
export class Repeats {
  readonly #parts = Array.from({ length: PARTS }, () => new Part());
  readonly #dir: string | undefined;
  #folder: string | undefined;

  /** @param dir Where temporary files are made; by default, the system's own place. */
  constructor(dir?: string) {
    this.#dir = dir;
  }

  /**
   * Adds an id, in digits.
   * @throws SyntaxError for an id beyond 64 bits; UserError where the disk is full.
   */
  async add(id: string, group: number): Promise<void> {
    const number = BigInt(id);
    if (number > MOST) throw new SyntaxError("An id has more than 64 bits");
    const at = hashPart(number);
    const part = this.#parts[at];
    if (!part?.add(number, group)) return;
    try {
      this.#folder ??= await Deno.makeTempDir({
        prefix: "twarc-cloud-verify-",
        ...(this.#dir === undefined ? {} : { dir: this.#dir }),
      });
      await part.spill(join(this.#folder, `${at}`));
    } catch (cause) {
      throw diskError(cause, undefined, { isNew: this.#folder === undefined });
    }
  }

  /** Yields every id that occurred more than once, in no order. @throws OutsideError if the disk fails. */
  async *findRepeats(): AsyncGenerator<Repeat> {
    for (const part of this.#parts) {
      const records = await part.records().catch((cause) => {
        throw diskError(cause);
      });
      yield* readRepeats(records);
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder) await removeFile(this.#folder, { recursive: true }).catch(() => {});
  }
}

/** Hashes all bits: ids of tweets end in a sequence number that is mostly 0. */
function hashPart(id: bigint): number {
  const mixed = Math.imul(Number(id & 0xffffffffn) ^ Number(id >> 32n), 0x9e3779b1);
  return (mixed >>> 16) % PARTS;
}

/** The records of one partition: the newest in memory, the others on the disk. */
class Part {
  readonly #held = new DataView(new ArrayBuffer(HELD * RECORD));
  #count = 0;
  #path: string | undefined;

  /** Adds a record. @returns Whether the buffer is full and must be spilled */
  add(id: bigint, group: number): boolean {
    this.#held.setBigUint64(this.#count * RECORD, id);
    this.#held.setUint32(this.#count * RECORD + 8, group);
    return ++this.#count === HELD;
  }

  async spill(path: string): Promise<void> {
    this.#path = path;
    await Deno.writeFile(path, this.#bytes(), { append: true });
    this.#count = 0;
  }

  async records(): Promise<DataView> {
    const spilled = this.#path ? await readFile(this.#path) : new Uint8Array();
    const all = new Uint8Array(spilled.length + this.#count * RECORD);
    all.set(spilled);
    all.set(this.#bytes(), spilled.length);
    return new DataView(all.buffer);
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#held.buffer, 0, this.#count * RECORD);
  }
}

function readRepeats(records: DataView): Iterable<Repeat> {
  const length = records.byteLength / RECORD;
  const sorted = new BigUint64Array(length);
  for (let i = 0; i < length; i++) sorted[i] = records.getBigUint64(i * RECORD);
  sorted.sort();
  const repeated = new Map<bigint, number[]>();
  for (let i = 1; i < length; i++) {
    const id = sorted[i];
    if (id !== undefined && id === sorted[i - 1]) repeated.set(id, []);
  }
  if (repeated.size === 0) return [];
  for (let i = 0; i < length; i++) {
    repeated.get(records.getBigUint64(i * RECORD))?.push(records.getUint32(i * RECORD + 8));
  }
  return repeated.entries().map(([id, groups]) => ({ id: `${id}`, groups }));
}
