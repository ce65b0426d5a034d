/** The names of members in a JSON text, for `tidy.ts`: which are asked for, and which came before in the same object. */

/** The names of open objects: hash, place and length. */
const MOST_NAMES: i32 = 4096;
const NAMES: i32 = i32(memory.data(12 * MOST_NAMES));
/** The names that are asked for: hash, place, length and kind. */
const PLACES: i32 = 128;
const ASKED: i32 = i32(memory.data(16 * PLACES));
const SPELT: i32 = i32(memory.data(1024));
/** Bytes behind a name that is asked for, as eight are read at once. */
const SPARE: i32 = 16;

let spelt: i32 = SPELT;
/** Where the names of the open objects end. */
export let top: i32 = NAMES;

/** Forgets the names from a place on, or all of them. */
export function forget(place: i32 = NAMES): void {
  top = place;
}

/** Asks for a name that lies in a place. */
export function askFor(place: i32, length: i32, kind: i32): void {
  memory.copy(spelt, place, length);
  memory.fill(spelt + length, 0, SPARE);
  const hash = hashOf(spelt, length);
  let at = hash & (PLACES - 1);
  while (load<i32>(ASKED + (at << 4), 8) != 0) at = (at + 1) & (PLACES - 1);
  store<u32>(ASKED + (at << 4), hash);
  store<i32>(ASKED + (at << 4), spelt, 4);
  store<i32>(ASKED + (at << 4), length, 8);
  store<i32>(ASKED + (at << 4), kind, 12);
  spelt += length + SPARE;
}

/**
 * Adds a name to those of its object, which lie from `first` on.
 * @returns Its kind, 0 where it is not asked for; -1 where it came before, or there are too many
 */
export function addName(start: i32, length: i32, first: i32): i32 {
  const hash = hashOf(start, length);
  for (let at = first; at < top; at += 12) {
    if (
      load<u32>(at) == hash && load<i32>(at, 8) == length && isSame(load<i32>(at, 4), start, length)
    ) {
      return -1;
    }
  }
  if (top == NAMES + 12 * MOST_NAMES) return -1;
  store<u32>(top, hash);
  store<i32>(top, start, 4);
  store<i32>(top, length, 8);
  top += 12;
  return kindOf(start, length, hash);
}

/** Returns the kind of a name; 0 where it is not asked for. */
function kindOf(start: i32, length: i32, hash: u32): i32 {
  let at = ASKED + ((hash & (PLACES - 1)) << 4);
  while (load<i32>(at, 8) != 0) {
    if (
      load<u32>(at) == hash && load<i32>(at, 8) == length && isSame(load<i32>(at, 4), start, length)
    ) {
      return load<i32>(at, 12);
    }
    at = ASKED + ((at - ASKED + 16) & (16 * PLACES - 1));
  }
  return 0;
}

/** Returns a hash of the first and the last eight bytes of a name; what lies behind it does not count. */
function hashOf(start: i32, length: i32): u32 {
  let first = load<u64>(start);
  let last: u64 = 0;
  if (length < 8) first = length == 0 ? 0 : first & (u64(-1) >> (64 - (u64(length) << 3)));
  else last = load<u64>(start + length - 8);
  const mixed = (first * 0x9e3779b97f4a7c15) ^ rotl<u64>(last * 0xc2b2ae3d27d4eb4f, 31);
  return u32(mixed >> 32) ^ u32(mixed) ^ (length * 0x85ebca6b);
}

function isSame(one: i32, other: i32, length: i32): bool {
  for (let i = 0; i < length; i++) if (load<u8>(one + i) != load<u8>(other + i)) return false;
  return true;
}
