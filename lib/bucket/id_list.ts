/** Lists of tweet ids: collected in little memory, sorted and unique. */

import { Buffer } from "node:buffer";
import { UserError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";

const encoder = new TextEncoder();
/** Ids that are formatted at a time. */
const BLOCK = 4_096;

/** Collects ids, 8 bytes each. */
export class IdList {
  #ids = new BigUint64Array(1_024);
  #count = 0;

  /** Adds an id, in digits. @returns False for one that no tweet can have */
  add(id: string): boolean {
    if (!/^\d{1,20}$/.test(id)) return false;
    const number = BigInt(id);
    if (number === 0n || number !== BigInt.asUintN(64, number)) return false;
    if (this.#count === this.#ids.length) {
      const more = new BigUint64Array(this.#ids.length * 2);
      more.set(this.#ids);
      this.#ids = more;
    }
    this.#ids[this.#count++] = number;
    return true;
  }

  /** Returns the ids in ascending order, without duplicates; the list is empty then. */
  takeSorted(): BigUint64Array {
    const all = this.#ids.subarray(0, this.#count).sort();
    let kept = 0;
    for (const id of all) if (kept === 0 || all[kept - 1] !== id) all[kept++] = id;
    this.#ids = new BigUint64Array(1_024);
    this.#count = 0;
    return all.subarray(0, kept);
  }
}

/** Formats sorted ids, one a line. */
export function idText(ids: BigUint64Array): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i < ids.length; i += BLOCK) {
    blocks.push(encoder.encode(`${ids.subarray(i, i + BLOCK).join("\n")}\n`));
  }
  return Buffer.concat(blocks);
}

/**
 * Reads the ids of an object written by `idText`.
 * @throws UserError if it is absent or invalid; OutsideError where the store fails.
 */
export async function readIds(store: Store, key: string): Promise<BigUint64Array> {
  const found = await store.get(key);
  if (!found) {
    throw new UserError(`${key} is not in bucket ${store.name}`, {
      hint:
        "Without its ids nothing can be hydrated: create the collection again, under another id.",
    });
  }
  return parseIds(found.bytes, key);
}

/** Parses a text written by `idText`. @throws UserError if it is invalid. */
export function parseIds(bytes: Uint8Array, key: string): BigUint64Array {
  const list = new IdList();
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    if (line !== "" && !list.add(line)) {
      throw new UserError(`${key} has a line that is not a tweet's id: ${line.slice(0, 80)}`);
    }
  }
  return list.takeSorted();
}
