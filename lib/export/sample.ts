/** Random samples of a given size: the tweets whose random numbers are the lowest. */

import type { Post } from "./post.ts";
import { type Exported, exportTo } from "./run.ts";
import { chance } from "./selection.ts";
import type { PostWriter } from "./writer.ts";

/** The lowest of any number of numbers, in memory for twice as many as are requested. */
export class Lowest {
  readonly #wanted: number;
  #numbers: Float64Array;
  #count = 0;

  /** @param wanted How many. */
  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#numbers = new Float64Array(Math.min(2 * wanted + 2, 1_024));
  }

  add(number: number): void {
    if (this.#count === this.#numbers.length) this.#makeRoom();
    this.#numbers[this.#count++] = number;
  }

  /** Returns the limit below which the requested ones are; 1 where there are no more than these. */
  limit(): number {
    const sorted = this.#numbers.subarray(0, this.#count).sort();
    return sorted[this.#wanted] ?? 1;
  }

  #makeRoom(): void {
    const most = 2 * this.#wanted + 2;
    if (this.#numbers.length < most) {
      const more = new Float64Array(Math.min(2 * this.#numbers.length, most));
      more.set(this.#numbers);
      this.#numbers = more;
      return;
    }
    this.#numbers.sort();
    this.#count = this.#wanted + 1;
  }
}

/** Reads the tweets to export, and returns the limit below which there are as many as requested. */
export async function findLimit(
  { count, seed }: { count: number; seed: string },
  exported: Exported,
): Promise<number> {
  const lowest = new Lowest(count);
  const ids: PostWriter = {
    add: (posts: readonly Post[]) => {
      for (const { id } of posts) lowest.add(chance(id, seed));
    },
    end: () => Promise.resolve(),
  };
  await exportTo(ids, { ...exported, keepDuplicates: false });
  return lowest.limit();
}
