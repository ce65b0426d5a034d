/**
 * Keeps the order of an object's members as in its text. JavaScript puts names that are whole numbers below 2^32 first,
 * in ascending order, and ids of old accounts are such names: for objects that have some, the order is recorded.
 */

/** The order of objects that differs, or once differed, from JavaScript's. */
const orders = new WeakMap<object, string[]>();
/** Matches a member that JavaScript may reorder. */
const NUMBERED = /"\d{1,10}"\s*:/;
const NUMBER = /^\d{1,10}$/;
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c];

/** Returns the names of an object's members, in the order in which they were read or set. */
export function namesOf(object: object): string[] {
  const names = Object.keys(object);
  const order = orders.get(object);
  if (!order) return names;
  const kept = order.filter((name) => Object.hasOwn(object, name));
  // Members that were set directly are appended.
  return kept.length === names.length ? kept : [...new Set([...kept, ...names])];
}

/** Returns the members of an object, in the order in which they were read or set. */
export function membersOf<T>(object: { [name: string]: T }): [string, T][] {
  const members = new Map(Object.entries(object));
  return namesOf(object).flatMap((name): [string, T][] => {
    const value = members.get(name);
    return value === undefined ? [] : [[name, value]];
  });
}

/** Returns a copy with the same order. */
export function copyObject<T>(object: { [name: string]: T }): { [name: string]: T } {
  const copy = { ...object };
  const order = orders.get(object);
  if (order) orders.set(copy, [...order]);
  return copy;
}

/** Returns an object with its members in the order of another one, followed by members that it lacks. */
export function orderLike<T>(
  object: { [name: string]: T },
  other: object,
): { [name: string]: T } {
  const members = new Map(membersOf(object));
  const names = namesOf(other).filter((name) => members.has(name));
  const first = names.flatMap((name): [string, T][] => {
    const value = members.get(name);
    members.delete(name);
    return value === undefined ? [] : [[name, value]];
  });
  return toObject([...first, ...members]);
}

/** Returns an object with these members, in this order. */
export function toObject<T>(members: Iterable<readonly [string, T]>): { [name: string]: T } {
  const object: { [name: string]: T } = {};
  for (const [name, value] of members) setMember(object, name, value);
  return object;
}

/** Sets an own member, whatever its name; a new one goes last. */
export function setMember<T>(object: { [name: string]: T }, name: string, value: T): void {
  const order = orders.get(object);
  if ((order || NUMBER.test(name)) && !Object.hasOwn(object, name)) {
    if (order) order.push(name);
    else orders.set(object, [...Object.keys(object), name]);
  }
  if (name !== "__proto__") {
    object[name] = value;
    return;
  }
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Records the order of the objects in a parsed text. */
export function keepOrder(text: string, parsed: unknown): void {
  if (NUMBERED.test(text)) new Reading(text).keep(parsed);
}

/** An object or a list that is being read. */
interface Level {
  value: unknown;
  /** The names so far; undefined for a list. */
  names: string[] | undefined;
  /** The name or index of the next value. */
  at: string | number;
}

/** One pass over a valid JSON text. */
class Reading {
  readonly #text: string;
  readonly #levels: Level[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  keep(parsed: unknown): void {
    let level: Level | undefined;
    for (let at = 0; at < this.#text.length; at++) {
      const char = this.#text.charCodeAt(at);
      if (char === QUOTE) at = this.#string(at, level);
      else if (char === OPEN || char === OPEN_LIST) {
        const value = level ? valueAt(level) : parsed;
        level = char === OPEN ? { value, names: [], at: "" } : { value, names: undefined, at: 0 };
        this.#levels.push(level);
      } else if (char === CLOSE || char === CLOSE_LIST) {
        close(this.#levels.pop());
        level = this.#levels.at(-1);
      } else if (char === COMMA && typeof level?.at === "number") level.at++;
    }
  }

  /** Returns the end of a string, which may be a member's name. */
  #string(start: number, level: Level | undefined): number {
    const end = findEnd(this.#text, start);
    if (!level?.names || !this.#isName(end)) return end;
    const name = this.#text.slice(start + 1, end);
    level.at = name.includes("\\") ? String(JSON.parse(`"${name}"`)) : name;
    level.names.push(level.at);
    return end;
  }

  #isName(end: number): boolean {
    let at = end + 1;
    while (this.#text.charCodeAt(at) <= 0x20) at++;
    return this.#text.charCodeAt(at) === COLON;
  }
}

/** Returns the end of a string: the first quote that is not escaped. */
function findEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1);; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1 || end === -1) return end === -1 ? text.length : end;
  }
}

function valueAt({ value, at }: Level): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, at)?.value;
}

/** Records the order of a finished object, if it differs from JavaScript's. */
function close(level: Level | undefined): void {
  if (!level?.names) return;
  const { value, names } = level;
  if (typeof value !== "object" || value === null || !names.some((name) => NUMBER.test(name))) {
    return;
  }
  const inText = [...new Set(names)];
  const present = Object.keys(value);
  if (inText.some((name, i) => name !== present[i])) orders.set(value, inText);
  else orders.delete(value);
}
