/** The bill of the sandbox, as X would make it: each post and each user once a UTC day, counts by the call. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";

/**
 * Ten thousandths of a dollar, so that sums are exact. X's prices of 2026-08:
 * https://docs.x.com/x-api/getting-started/pricing
 */
const PRICES = { post: 50, user: 100, recentCounts: 50, allCounts: 100 };

const answerSchema = z.object({ data: z.array(z.object({ id: z.string() })).optional() });

/** The bill so far. */
export interface Billed {
  posts: number;
  users: number;
  /** Calls of the counts endpoints. */
  counts: number;
  dollars: number;
}

/** Records what is billed. Calls that fail are free. */
export class Ledger {
  readonly #clock: Clock;
  readonly #seen = { post: new Set<string>(), user: new Set<string>() };
  /** The day of `#seen`. */
  #day = "";
  readonly #postsByDay = new Map<string, number>();
  #users = 0;
  readonly #calls = { recentCounts: 0, allCounts: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The bill so far. */
  get totalBilled(): Billed {
    const posts = sum([...this.#postsByDay.values()]);
    const { recentCounts, allCounts } = this.#calls;
    const parts = [
      posts * PRICES.post,
      this.#users * PRICES.user,
      recentCounts * PRICES.recentCounts,
      allCounts * PRICES.allCounts,
    ];
    return {
      posts,
      users: this.#users,
      counts: recentCounts + allCounts,
      dollars: sum(parts) / 10_000,
    };
  }

  /** Returns the posts that were billed on each of the last days, oldest first. */
  daysBack(days: number): { day: string; posts: number }[] {
    return Array.from({ length: days }, (_, i) => {
      const day = formatDay(this.#clock.now() - (days - 1 - i) * 86_400_000);
      return { day, posts: this.#postsByDay.get(day) ?? 0 };
    });
  }

  /** The posts that were billed in this month. */
  get postsOfMonth(): number {
    const month = formatDay(this.#clock.now()).slice(0, 7);
    return sum([...this.#postsByDay].map(([day, posts]) => day.startsWith(month) ? posts : 0));
  }

  /** Bills posts, such as those that a stream sends. */
  posts(ids: Iterable<string>): void {
    const day = this.#today();
    this.#postsByDay.set(day, (this.#postsByDay.get(day) ?? 0) + newOnes(ids, this.#seen.post));
  }

  /** Bills users. */
  users(ids: Iterable<string>): void {
    this.#today();
    this.#users += newOnes(ids, this.#seen.user);
  }

  /**
   * Bills the content of a good response: the posts or users of its `data`. X's pages do not mention a price for
   * objects in `includes`.
   */
  charge(path: string, answer: Uint8Array): void {
    if (!path.startsWith("/2/")) return;
    if (path === "/2/tweets/counts/recent") this.#calls.recentCounts++;
    if (path === "/2/tweets/counts/all") this.#calls.allCounts++;
    const brings = /^\/2\/(users|users\/by)$/.test(path)
      ? "users"
      : /^\/2\/(tweets|tweets\/search\/(recent|all)|users\/\d+\/tweets)$/.test(path)
      ? "posts"
      : null;
    if (brings === null) return;
    const parsed = answerSchema.safeParse(JSON.parse(new TextDecoder().decode(answer)));
    this[brings]((parsed.data?.data ?? []).map(({ id }) => id));
  }

  /** Returns this day in UTC; objects that were read on another one are billed again. */
  #today(): string {
    const day = formatDay(this.#clock.now());
    if (day !== this.#day) {
      this.#seen.post.clear();
      this.#seen.user.clear();
    }
    this.#day = day;
    return day;
  }
}

function formatDay(ms: number): string {
  return isoTime(ms).slice(0, 10);
}

function newOnes(ids: Iterable<string>, seen: Set<string>): number {
  const before = seen.size;
  for (const id of ids) seen.add(id);
  return seen.size - before;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
