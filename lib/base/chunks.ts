/** Lists in parts, for what takes only so many at a time. */

/** Yields the parts of a list, in its order, each with `size` items but the last one, which may have fewer. */
export function* chunks<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size);
}
