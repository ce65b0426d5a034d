/** Splits lists into chunks. */

/** Yields the chunks of a list in order, each of `size` items; the last may be shorter. */
export function* chunks<T>(list: Iterable<T>, size: number): Generator<T[]> {
  let part: T[] = [];
  for (const item of list) {
    if (part.push(item) < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
