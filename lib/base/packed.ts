/** Large maps of JSON values, kept as text outside of V8's heap. */

import type { BlockFile } from "./block_file.ts";
import { toObject } from "./names_of.ts";
import { keyLength, Rows } from "./packed_rows.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Unused bytes before a compaction. */
const LEAST_DEAD = 65_536;
/** Named JSON values in little more memory than their text: as objects of V8 they would take four times that. */
export class Packed<T> implements Iterable<[string, T]> {
  readonly #file: BlockFile | undefined;
  #rows: Rows;

  /** @param file For the text of large ones, open as long as they are used; all is in memory otherwise. */
  constructor(file?: BlockFile) {
    this.#file = file;
    this.#rows = new Rows(file);
  }

  /** The number of members. */
  get size(): number {
    return this.#rows.living;
  }

  /** Returns a copy of a member's value; undefined if there is none. */
  get(name: string): T | undefined {
    const row = this.#rows.find(encodeKey(name));
    return row === undefined ? undefined : decodeValue<T>(this.#rows.textAt(row));
  }

  /** Returns whether there is a member. */
  has(name: string): boolean {
    return this.#rows.find(encodeKey(name)) !== undefined;
  }

  /**
   * Returns a member's row, a number from 0 on that no other has and that is below `rows`; undefined if there is none.
   * It changes where others are set or deleted.
   */
  rowOf(name: string): number | undefined {
    return this.#rows.find(encodeKey(name));
  }

  /** The number of rows, of which some may be no member's any more. */
  get rows(): number {
    return this.#rows.count;
  }

  /** Sets a member; an existing one moves to the end. */
  set(name: string, value: T): void {
    this.#rows.put(encodeKey(name), encodeMember(name, value));
    this.#clear();
  }

  /** Deletes a member, if there is one. */
  delete(name: string): void {
    this.#rows.put(encodeKey(name), new Uint8Array());
    this.#clear();
  }

  /** Yields the names in the order in which they were last set. */
  *names(): Generator<string> {
    const { count } = this.#rows;
    for (const text of this.#rows.texts(count)) yield decodeName(text);
  }

  /** Yields the current members in the order in which they were last set. */
  [Symbol.iterator](): Iterator<[string, T]> {
    return this.cut()[Symbol.iterator]();
  }

  /** Returns a snapshot of the current members. It copies nothing. */
  cut(): PackedCut<T> {
    return new PackedCut(this.#rows, this.#rows.count);
  }

  /** Starts anew without deleted rows; existing snapshots keep the old ones. */
  #clear(): void {
    const { dead, length } = this.#rows;
    if (dead < LEAST_DEAD || dead < length / 2) return;
    const rows = new Rows(this.#file);
    const { count } = this.#rows;
    for (const text of this.#rows.texts(count)) rows.put(text.subarray(0, keyLength(text)), text);
    this.#rows = rows;
  }
}

/** An object that is written member by member, without being in memory as a whole. */
export abstract class Members {
  /**
   * Yields the members' JSON text, each with a comma and a line break behind it, in parts that are valid until the
   * next.
   */
  abstract parts(): Iterable<Uint8Array>;

  /** The size of all parts, approximately. */
  abstract get bytes(): number;
}

/** Members that are computed while they are written. */
export class MadeMembers extends Members {
  readonly bytes: number;
  readonly #make: () => Iterable<[string, unknown]>;

  /**
   * @param make Computes them anew on each call.
   * @param bytes Their approximate size.
   */
  constructor(make: () => Iterable<[string, unknown]>, bytes: number) {
    super();
    this.#make = make;
    this.bytes = bytes;
  }

  override *parts(): Generator<Uint8Array> {
    for (const [name, value] of this.#make()) yield encodeMember(name, value);
  }
}

/** A snapshot of members. */
export class PackedCut<T> extends Members implements Iterable<[string, T]> {
  readonly #rows: Rows;
  readonly #count: number;

  /** @param rows Rows of a `Packed`, of which the first `count` belong to the snapshot. */
  constructor(rows: Rows, count: number) {
    super();
    this.#rows = rows;
    this.#count = count;
  }

  /** Whether it has no members. */
  get isEmpty(): boolean {
    for (const _ of this.parts()) return false;
    return true;
  }

  override parts(): Iterable<Uint8Array> {
    return this.#rows.parts(this.#count);
  }

  *[Symbol.iterator](): Generator<[string, T]> {
    for (const text of this.#rows.texts(this.#count)) {
      yield [decodeName(text), decodeValue<T>(text)];
    }
  }

  override get bytes(): number {
    let bytes = 0;
    for (const part of this.parts()) bytes += part.length;
    return bytes;
  }

  /** Returns the object for `JSON.stringify`. */
  toJSON(): Record<string, T> {
    return toObject(this);
  }
}

/** Encodes a name as the beginning of its member. */
function encodeKey(name: string): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:`);
}

function encodeMember(name: string, value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(value)},\n`);
}

function decodeName(text: Uint8Array): string {
  return JSON.parse(decoder.decode(text.subarray(0, keyLength(text) - 1)));
}

function decodeValue<T>(text: Uint8Array): T {
  return JSON.parse(decoder.decode(text.subarray(keyLength(text), -2)));
}
