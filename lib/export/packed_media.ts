/** Adds media of a line of version 2 to their column, from its bytes. */

import type { Name, Outline } from "../twitter/bytes/outline.ts";
import { NAMES } from "./answer_common.ts";
import type { Keyed } from "./keyed.ts";
import { type MediaLeaves, toInt } from "./packed_columns.ts";
import type { NumberLeaf, TextLeaf } from "./packed_leaf.ts";
import { addString, firstOf, numberAt } from "./packed_values.ts";

/** The level of an object without a value. */
const OBJECT = 3;

/** Adds the media that a list has the keys of. */
export function addMediaOf(outline: Outline, keys: number, media: Keyed, to: MediaLeaves): void {
  for (const leaf of to.all) leaf.begin();
  for (let at = firstOf(outline, keys); at >= 0; at = outline.next(at, keys)) {
    const one = media.get(at);
    const text = (name: Name, leaf: TextLeaf) =>
      one > 0 && addString(outline, outline.find(one, name), leaf);
    const number = (name: Name, leaf: NumberLeaf) =>
      leaf.add(one > 0 ? toInt(numberAt(outline, outline.find(one, name))) : undefined, OBJECT);
    addString(outline, at, to.key);
    if (!text(NAMES.type, to.type)) to.type.addNone(OBJECT);
    if (!text(NAMES.url, to.url) && !text(NAMES.preview, to.url)) to.url.addNone(OBJECT);
    if (!text(NAMES.alt, to.alt)) to.alt.addNone(OBJECT);
    number(NAMES.width, to.width);
    number(NAMES.height, to.height);
    number(NAMES.duration, to.duration_ms);
  }
  for (const leaf of to.all) leaf.end();
}
