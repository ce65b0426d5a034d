/** Encodes JSON part by part: the whole text of many users would need as much memory again. */

import { spareBytes } from "./memory.ts";
import { namesOf } from "./names_of.ts";
import { Members } from "./packed.ts";

const encoder = new TextEncoder();
/** Objects up to this depth are encoded member by member. */
const DEPTH = 3;
/** Initial bytes of the buffer, and characters encoded at a time. */
const [FIRST_SIZE, BLOCK] = [1_024, 16_384];
const COMMA = 0x2c;
/** Members after which the total size is estimated. */
const SAMPLE = 1_000;

/** Encodes a value as indented JSON with a line break at the end. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeJson(value, "  ");
}

/** Encodes a value as JSON on one line with a line break at the end, for large documents that programs read. */
export function jsonLineBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeJson(value, "");
}

function encodeJson(value: unknown, step: string): Uint8Array<ArrayBuffer> {
  const text = new Text();
  write(text, value, { step, indent: "", depth: 0 });
  text.add("\n");
  return text.bytes();
}

/** Position in a text. */
interface Place {
  /** Indentation of a level. */
  step: string;
  indent: string;
  depth: number;
}

/** Adds a value as JSON.stringify formats it. */
function write(text: Text, value: unknown, { step, indent, depth }: Place): void {
  if (value instanceof Members) return text.addMembers(value);
  const names = depth <= DEPTH && isPlain(value) ? namesOf(value) : [];
  if (!isPlain(value) || names.length === 0) {
    const whole = JSON.stringify(value, null, step);
    text.add(indent === "" ? whole : whole.replaceAll("\n", `\n${indent}`));
    return;
  }
  const [line, colon] = step === "" ? ["", ":"] : [`\n${indent}`, ": "];
  let before = "{";
  const start = text.length;
  for (const [i, name] of names.entries()) {
    const inner = value[name];
    if (isLeftOut(inner)) continue;
    if (i === SAMPLE) text.expect((text.length - start) / SAMPLE * (names.length - SAMPLE));
    text.add(`${before}${line}${step}${JSON.stringify(name)}${colon}`);
    write(text, inner, { step, indent: indent + step, depth: depth + 1 });
    before = ",";
  }
  text.add(before === "{" ? "{}" : `${line}}`);
}

/** Returns whether JSON.stringify encodes an object member by member. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || "toJSON" in value) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns whether JSON omits such a member. */
function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === "function" || typeof value === "symbol";
}

/** A growing text, as bytes. */
class Text {
  #bytes = new Uint8Array(FIRST_SIZE);
  #length = 0;
  #waiting = "";

  /** Adds at the end. */
  add(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= BLOCK) this.#encode();
  }

  /** Adds an object of encoded members, each with a comma and a line break behind it. */
  addMembers(members: Members): void {
    this.add("{\n");
    this.#encode();
    this.expect(members.bytes);
    for (const part of members.parts()) {
      this.#makeRoom(part.length);
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
    // Drop the last comma, or the line break after the brace.
    this.#length -= this.#bytes[this.#length - 2] === COMMA ? 2 : 1;
    this.add("}");
  }

  get length(): number {
    return this.#length + this.#waiting.length;
  }

  /** Reserves this many bytes more, and a few: growing step by step would take twice as much. */
  expect(more: number): void {
    const size = Math.ceil(this.length + more + more / 16);
    if (size > this.#bytes.length) this.#grow(size);
  }

  /** Returns the whole text; nothing can be added afterwards. */
  bytes(): Uint8Array<ArrayBuffer> {
    this.#encode();
    const isFull = this.#bytes.length - this.#length <= spareBytes(this.#length);
    if (!isFull) this.#grow(this.#length);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Grows the buffer for this many bytes more, in growing steps. */
  #makeRoom(more: number): void {
    const most = this.#length + more;
    if (most > this.#bytes.length) {
      this.#grow(Math.max(most, this.#bytes.length + (this.#bytes.length >> 2)));
    }
  }

  #grow(size: number): void {
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(size));
  }

  #encode(): void {
    // A UTF-16 code unit has three bytes at most.
    this.#makeRoom(this.#waiting.length * 3);
    this.#length += encoder.encodeInto(this.#waiting, this.#bytes.subarray(this.#length)).written;
    this.#waiting = "";
  }
}
