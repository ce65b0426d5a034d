/** Texts of any characters, for properties. */

import fc from "fast-check";

/** How many code points are halves of a surrogate pair, and the first of them. */
const [HALVES, FIRST_HALF] = [0x800, 0xd800];

/** Any character; half of them are of ASCII, which has all that means something. */
const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0x10ffff - HALVES })
    .map((point) => point < FIRST_HALF ? point : point + HALVES),
).map((point) => String.fromCodePoint(point));

/** A text of any characters: fast-check's own unit of them takes a second to be made. */
export const anyText = fc.string({ unit: character });
