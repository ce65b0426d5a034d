/** Where an object of a line has the members that columns are made of: found over its bytes, nothing is parsed. */

import { OLD_MEMBERS } from "../format/words.ts";
import type { Outline } from "../twitter/bytes/outline.ts";
import { Names } from "./names.ts";

const SMALL_N = 0x6e;
/** Names that a parser treats in a way of its own. */
const STRANGE = new Names([...OLD_MEMBERS.keys(), "__proto__"]);
/** The field of members that an object of the API never has. */
const ODD = 0;
/** Texts that may be made of an object. */
const MOST_TEXTS = 16;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Members of an object, by their names. */
interface Level {
  names: Names;
  fields: number[];
  below: (Level | undefined)[];
  /** With a dot at its end; empty for the object itself. */
  path: string;
  /** Whether other members are noted. */
  counts: boolean;
}

/** The members of a kind of objects, by their paths; each has a field, and so has each object that others are in. */
export class Form {
  readonly #fields = new Map<string, number>();
  readonly #top: Level;
  readonly #path: string;
  readonly #counts: boolean;

  /**
   * @param options.paths Members, of which objects below end where their paths do.
   * @param options.odd Members that the API does not send there, with which an object is left to a parser.
   * @param options.path What stands before the paths of members that are unknown.
   * @param options.counts Whether members that are unknown are noted.
   */
  constructor(
    { paths, odd = [], path = "", counts = true }: {
      paths: string[];
      odd?: string[];
      path?: string;
      counts?: boolean;
    },
  ) {
    this.#path = path;
    this.#counts = counts;
    this.#top = this.#level([...paths, ...odd].map((one) => one.split(".")), "");
    for (const one of odd) this.#mark(this.#top, one.split("."));
  }

  /** Returns the field of a member; as many fields as there are without a path. */
  field(path: string): number {
    return this.#fields.get(path) ?? ODD;
  }

  /** How many fields there are, and one. */
  get size(): number {
    return this.#fields.size + 1;
  }

  /** Finds the members of an object, or of one below it. */
  read(outline: Outline, object: number, found: Found, below = ""): void {
    let level: Level | undefined = this.#top;
    if (below !== "") level = level.below[level.fields.indexOf(this.field(below))];
    found.isFilled = true;
    if (level) readLevel(outline, object, level, found);
  }

  #level(paths: string[][], prefix: string): Level {
    const byName = Map.groupBy(paths, ([name = ""]) => name);
    const fields: number[] = [];
    const below: (Level | undefined)[] = [];
    for (const [name, all] of byName) {
      const path = `${prefix}${name}`;
      fields.push(this.#fields.size + 1);
      this.#fields.set(path, this.#fields.size + 1);
      const inner = all.map(([_, ...rest]) => rest).filter((rest) => rest.length > 0);
      below.push(inner.length > 0 ? this.#level(inner, `${path}.`) : undefined);
    }
    const names = new Names([...byName.keys()]);
    return { names, fields, below, path: `${this.#path}${prefix}`, counts: this.#counts };
  }

  #mark(level: Level, [name = "", ...rest]: string[]): void {
    const bytes = new TextEncoder().encode(name);
    const at = level.names.find(bytes, 0, bytes.length);
    const below = level.below[at];
    if (rest.length > 0 && below) this.#mark(below, rest);
    else level.fields[at] = ODD;
  }
}

/** The fields that were found of an object. */
export class Found {
  /** The values of the fields, by their numbers in the outline; 0 where there is none. */
  readonly values: Int32Array;
  /** The paths of members that have no field, each once. */
  unknown: string[] = [];
  /** Whether it is left to a parser. */
  isOdd = false;
  /** Whether there is anything to be cleared. */
  isFilled = false;
  /** Where texts that are made of it begin and end, by their numbers, two by two; 0 while there is none. */
  readonly texts = new Int32Array(2 * MOST_TEXTS);

  constructor({ size }: Form) {
    this.values = new Int32Array(size);
  }

  /** Makes it ready for another object. */
  clear(): void {
    if (!this.isFilled) return;
    this.isFilled = false;
    this.values.fill(0);
    if (this.unknown.length > 0) this.unknown = [];
    this.isOdd = false;
    this.texts.fill(0);
  }

  /** Returns the value of a field; 0 where there is none. */
  at(field: number): number {
    return this.values[field] ?? 0;
  }
}

/** Returns whether a value is `null`. */
export function isNull(outline: Outline, value: number): boolean {
  return outline.bytes[outline.start(value)] === SMALL_N;
}

/** Returns whether a member's name is read in a way of its own by parsers of lines. */
export function hasStrangeName(outline: Outline, value: number): boolean {
  return STRANGE.find(outline.bytes, outline.nameStart(value), outline.nameEnd(value)) >= 0;
}

function readLevel(outline: Outline, object: number, level: Level, found: Found): void {
  const { names, fields, below, counts } = level;
  const bytes = outline.bytes;
  for (let at = outline.first(object); at >= 0; at = outline.next(at, object)) {
    const i = names.find(bytes, outline.nameStart(at), outline.nameEnd(at));
    if (i < 0) {
      if (counts) addUnknown(outline, { value: at, parent: object, prefix: level.path }, found);
      continue;
    }
    const [field = ODD, inner] = [fields[i], below[i]];
    if (field === ODD || (inner && found.at(field) !== 0)) {
      found.isOdd = true;
    } else if (!inner) {
      found.values[field] = at;
    } else if (outline.isObject(at)) {
      found.values[field] = at;
      readLevel(outline, at, inner, found);
    } else if (!isNull(outline, at)) {
      found.isOdd = true;
    }
  }
}

/** Notes the members without a field that a member is or has, as objects are taken apart. */
function addUnknown(
  outline: Outline,
  { value, parent, prefix }: { value: number; parent: number; prefix: string },
  found: Found,
): void {
  const name = decoder.decode(
    outline.bytes.subarray(outline.nameStart(value), outline.nameEnd(value)),
  );
  const path = `${prefix}${name}`;
  if (hasStrangeName(outline, value) || comesAgain(outline, value, parent)) found.isOdd = true;
  if (outline.isObject(value)) {
    const isEmpty = outline.end(value) - outline.start(value) === 2;
    // Deeper than an outline goes.
    if (!isEmpty && outline.first(value) < 0) found.isOdd = true;
    for (let at = outline.first(value); at >= 0; at = outline.next(at, value)) {
      addUnknown(outline, { value: at, parent: value, prefix: `${path}.` }, found);
    }
  } else if (!isNull(outline, value)) {
    if (found.unknown.includes(path)) found.isOdd = true;
    found.unknown.push(path);
  }
}

/** Returns whether a member has the name of one before it. */
export function comesAgain(outline: Outline, member: number, parent: number): boolean {
  for (let at = outline.first(parent); at >= 0 && at < member; at = outline.next(at, parent)) {
    if (hasSameName(outline, at, member)) return true;
  }
  return false;
}

function hasSameName(outline: Outline, one: number, other: number): boolean {
  const [start, second] = [outline.nameStart(one), outline.nameStart(other)];
  const length = outline.nameEnd(one) - start;
  if (length !== outline.nameEnd(other) - second) return false;
  for (let i = 0; i < length; i++) {
    if (outline.bytes[start + i] !== outline.bytes[second + i]) return false;
  }
  return true;
}
