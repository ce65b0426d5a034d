/** Lists in parts, for what takes only so many at a time. */

/** Yields the parts of a list, in its order, each with `size` items but the last one, which may have fewer. */
export function* chunks<T>(list: Iterable<T>, size: number): Generator<T[]> {
  let part: T[] = [];
  for (const item of list) {
    if (part.push(item) < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
