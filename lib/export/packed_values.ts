/** Adds values of a line of version 2 to leaves of columns, from its bytes; 0 stands for no value. */

import { isDigit, type Name, type Outline } from "../twitter/bytes/outline.ts";
import { valueAt } from "./answer_common.ts";
import { toNumber, toTime } from "./common.ts";
import { exactMs } from "./exact_time.ts";
import { isPlainString } from "./keyed.ts";
import type { TextLeaf } from "./packed_leaf.ts";
import { toId, toText } from "./post.ts";

const ZERO = 0x30;
/** Digits of a number that is read without a text of it. */
const SHORT = 15;

/** Adds a text. @returns False, and adds nothing, for anything else */
export type AddText = (outline: Outline, value: number, leaf: TextLeaf) => boolean;

/** Adds a string. @returns As AddText */
export function addString(outline: Outline, value: number, leaf: TextLeaf): boolean {
  if (value <= 0 || !outline.isString(value)) return false;
  leaf.addJson(outline.bytes, outline.start(value) + 1, outline.end(value) - 1);
  return true;
}

/** Adds an id, which may be a number. @returns As AddText */
export function addId(outline: Outline, value: number, leaf: TextLeaf): boolean {
  if (addString(outline, value, leaf)) return true;
  const id = value > 0 ? toId(valueAt(outline, value)) : undefined;
  if (id !== undefined) leaf.addText(id);
  return id !== undefined;
}

/**
 * Adds the texts of a list.
 * @param options.of The member of its elements that they are; undefined where they are the elements.
 * @param options.without A member of elements that are left out.
 */
export function addList(
  outline: Outline,
  list: number,
  leaf: TextLeaf,
  { of, without, add = addString }: {
    of?: Name | undefined;
    without?: Name | undefined;
    add?: AddText | undefined;
  } = {},
): void {
  leaf.begin();
  for (let at = firstOf(outline, list); at >= 0; at = outline.next(at, list)) {
    if (!of) add(outline, at, leaf);
    else if (outline.isObject(at) && !(without && outline.find(at, without) >= 0)) {
      add(outline, outline.find(at, of), leaf);
    }
  }
  leaf.end();
}

/** Returns the first element of a list; -1 of anything else. */
export function firstOf(outline: Outline, list: number): number {
  return list > 0 && outline.isArray(list) ? outline.first(list) : -1;
}

/** Returns a member of an object that is a string or a number; undefined for anything else. */
export function numberAt(outline: Outline, value: number): number | undefined {
  if (value <= 0) return undefined;
  const { bytes } = outline;
  const [start, end] = [outline.start(value), outline.end(value)];
  if (end - start > SHORT) return toNumber(valueAt(outline, value));
  let number = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (!isDigit(byte)) return toNumber(valueAt(outline, value));
    number = number * 10 + byte - ZERO;
  }
  return number;
}

/** Returns a time in milliseconds since 1970; undefined for what is none. */
export function timeAt(outline: Outline, value: number): number | undefined {
  return exactAt(outline, value) ?? (value > 0 ? toTime(valueAt(outline, value)) : undefined);
}

/** Returns a time that lies there as JavaScript writes it, in milliseconds since 1970; undefined for anything else. */
export function exactAt(outline: Outline, value: number): number | undefined {
  if (value <= 0 || !outline.isString(value)) return undefined;
  return exactMs(outline.bytes, outline.start(value) + 1, outline.end(value) - 1);
}

/** Returns a member that is a string, as it is said; undefined for anything else. */
export function stringAt(outline: Outline, object: number, name: Name): string | undefined {
  const value = object > 0 ? outline.find(object, name) : -1;
  return value > 0 && outline.isString(value) ? toText(valueAt(outline, value)) : undefined;
}

/** Returns whether all elements of a list are strings without escapes; true for what is none. */
export function hasPlainStrings(outline: Outline, list: number): boolean {
  for (let at = firstOf(outline, list); at >= 0; at = outline.next(at, list)) {
    if (!isPlainString(outline, at)) return false;
  }
  return true;
}
