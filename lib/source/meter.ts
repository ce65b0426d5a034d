/** Counts what is billed while a harvest reads, and says when its budget would be passed. */

import type { Clock } from "../base/clock.ts";
import type { Budget } from "../billing/budget.ts";
import type { Billed } from "../collection/harvest_info.ts";
import {
  budgetText,
  dollarsFor,
  dollarText,
  monthOf,
  nextMonth,
  type Prices,
  rounded,
} from "../billing/prices.ts";

/** What is billed by the piece. */
export type Kind = "post" | "user";

/** What the harvests of a collection were billed in a month. */
export interface Spent {
  /** In UTC: `2026-11`. */
  month: string;
  posts: number;
  dollars: number;
}

/** What a meter is made of. */
export interface MeterOptions {
  prices: Prices;
  budget?: Budget | undefined;
  clock: Clock;
  /** What the harvests before were billed. */
  spent?: Spent | undefined;
}

/** Reading more would pass the budget: a walk that meets it stays where it is. */
export class BudgetUsedUp extends Error {}

/** What a harvest is billed, and may still be billed. */
export class Meter {
  readonly #options: MeterOptions;
  #spent: Spent;
  readonly #read = { post: 0, user: 0 };
  /** What of it harvests before read on the same stream. */
  #readBefore = { post: 0, user: 0 };
  /** What requests under way may cost, in the unit of the budget. */
  #reserved = 0;
  #settled = Promise.withResolvers<void>();
  #refusal: string | null = null;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#spent = options.spent ?? this.#nothing();
  }

  /** Of this harvest. */
  get billed(): Billed {
    const posts = this.#read.post - this.#readBefore.post;
    const users = this.#read.user - this.#readBefore.user;
    return this.#costOf(posts, users);
  }

  /** Takes in that another harvest goes on in place of this one; a budget per harvest is not new by that. */
  nextHarvest(): void {
    this.#readBefore = { ...this.#read };
  }

  /** Of this month, this harvest and those before. */
  get spent(): Spent {
    if (this.#spent.month !== monthOf(this.#options.clock.now())) this.#spent = this.#nothing();
    return this.#spent;
  }

  /** Why something was not read, for a person; null where all was. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /**
   * Sets aside what a request may cost; `settle` must follow. Waits for the requests under way where what
   * they leave may do.
   * @returns How many may be asked for: at least `least`, at most `most`.
   * @throws BudgetUsedUp where there are fewer left than `least`; the signal's reason when it is aborted.
   */
  async reserve(
    kind: Kind,
    { least, most }: { least: number; most: number },
    signal: AbortSignal,
  ): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const count = Math.min(most, this.#affordable(kind));
      if (count >= least) {
        this.#reserved += count * this.#cost(kind);
        return count;
      }
      if (this.#reserved <= 0) throw this.#refuse();
      await this.#settled.promise;
    }
  }

  /** Takes in what a request that was reserved for brought. */
  settle(kind: Kind, reserved: number, read: number): void {
    this.#reserved = rounded(this.#reserved - reserved * this.#cost(kind));
    this.#count(kind, read);
    this.#settled.resolve();
    this.#settled = Promise.withResolvers();
  }

  /** Takes in what came without being asked for. @returns Whether more may come. */
  arrived(posts: number): boolean {
    this.#count("post", posts);
    if (this.#affordable("post") >= 1) return true;
    this.#refuse();
    return false;
  }

  /** Of all that was read since it was made: what a budget per harvest is for. */
  get #used(): Billed {
    return this.#costOf(this.#read.post, this.#read.user);
  }

  #costOf(posts: number, users: number): Billed {
    return { posts, users, dollars: dollarsFor({ posts, users }, this.#options.prices) };
  }

  #count(kind: Kind, read: number): void {
    const { prices } = this.#options;
    const { month, posts, dollars } = this.spent;
    this.#read[kind] += read;
    this.#spent = {
      month,
      posts: posts + (kind === "post" ? read : 0),
      dollars: rounded(dollars + read * prices[kind]),
    };
  }

  /** Returns how many more the budget covers. */
  #affordable(kind: Kind): number {
    const cost = this.#cost(kind);
    if (cost === 0) return Infinity;
    return Math.floor(rounded((this.#left() - this.#reserved) / cost));
  }

  /** Of one, in the unit of the budget. */
  #cost(kind: Kind): number {
    const { budget, prices } = this.#options;
    if (budget?.dollars !== undefined) return prices[kind];
    return kind === "post" && budget ? 1 : 0;
  }

  #left(): number {
    const { budget } = this.#options;
    if (!budget) return Infinity;
    const used = budget.per === "month" ? this.spent : this.#used;
    const { posts, dollars = 0 } = budget;
    return posts === undefined ? dollars - used.dollars : posts - used.posts;
  }

  #refuse(): BudgetUsedUp {
    const { budget, clock } = this.#options;
    if (budget) {
      const used = budget.per === "month" ? this.spent : this.#used;
      const amount = budget.posts === undefined
        ? dollarText(used.dollars)
        : `${used.posts.toLocaleString("en-US")} posts`;
      const on = budget.per === "month"
        ? `The first harvest from ${nextMonth(clock.now())} on goes on from here`
        : "The next harvest goes on from here";
      this.#refusal = `The budget of ${budgetText(budget)} is used up (${amount}). ` +
        `${on}; so does one with a higher "budget"`;
    }
    return new BudgetUsedUp(this.#refusal ?? "");
  }

  #nothing(): Spent {
    return { month: monthOf(this.#options.clock.now()), posts: 0, dollars: 0 };
  }
}
