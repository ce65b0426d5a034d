/** Measuring several times: what is in the middle, and how far the others are from it. */

/** Figures of runs of the same. */
export interface Repeated {
  median: number;
  least: number;
  most: number;
}

/** Returns the figures of several runs. @throws RangeError for none */
export function repeated(values: readonly number[]): Repeated {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (least === undefined || median === undefined || most === undefined) {
    throw new RangeError("Nothing was measured");
  }
  return { median, least, most };
}

/** How much of the median lies between the least and the most: 0 where all are the same. */
export function noise({ median, least, most }: Repeated): number {
  return (most - least) / median;
}

/** Does something several times, one after the other. */
export async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i++) results.push(await act());
  return results;
}
