/** Counts the billed reads of a harvest, and checks them against its budget. */

import type { Clock } from "../base/clock.ts";
import type { Budget } from "../billing/budget.ts";
import type { Billed } from "../collection/harvest_info.ts";
import {
  budgetText,
  dollarsFor,
  dollarText,
  formatMonth,
  nextMonth,
  type Prices,
  roundDollars,
} from "../billing/prices.ts";

/** Objects that are billed by the piece. */
export type Kind = "post" | "user";

/** The bill of a collection's harvests in a month. */
export interface Spent {
  /** In UTC: `2026-11`. */
  month: string;
  posts: number;
  dollars: number;
}

/** Options of a meter. */
export interface MeterOptions {
  prices: Prices;
  budget?: Budget | undefined;
  clock: Clock;
  /** The bill of the harvests before. */
  spent?: Spent | undefined;
}

/** The budget does not cover another read: a walk that meets it stays where it is. */
export class BudgetUsedUp extends Error {}

/** The bill of a harvest, and what remains of its budget. */
export class Meter {
  readonly #options: MeterOptions;
  #spent: Spent;
  readonly #read = { post: 0, user: 0 };
  /** The reads of earlier harvests on the same stream. */
  #readBefore = { post: 0, user: 0 };
  /** The cost that requests in progress may have, in the unit of the budget. */
  #reserved = 0;
  #settled = Promise.withResolvers<void>();
  #refusal: string | null = null;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#spent = options.spent ?? this.#nothing();
  }

  /** The bill of this harvest. */
  get harvestBill(): Billed {
    const posts = this.#read.post - this.#readBefore.post;
    const users = this.#read.user - this.#readBefore.user;
    return this.#costFor(posts, users);
  }

  /** Records that another harvest follows this one; that does not renew a budget per harvest. */
  nextHarvest(): void {
    this.#readBefore = { ...this.#read };
  }

  /** The bill of this month, of this harvest and those before. */
  get spent(): Spent {
    if (this.#spent.month !== formatMonth(this.#options.clock.now())) this.#spent = this.#nothing();
    return this.#spent;
  }

  /** Why something was not read, for a person; null where all was. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /**
   * Reserves the cost of a request; `settle` must follow. Waits for the requests in progress where they may leave
   * enough.
   * @returns How many may be requested: at least `least`, at most `most`.
   * @throws BudgetUsedUp where fewer than `least` are left; the signal's reason when it is aborted.
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

  /** Records the result of a request with a reservation. */
  settle(kind: Kind, reserved: number, read: number): void {
    this.#reserved = roundDollars(this.#reserved - reserved * this.#cost(kind));
    this.#count(kind, read);
    this.#settled.resolve();
    this.#settled = Promise.withResolvers();
  }

  /** Records posts that arrived without a request. @returns Whether more may come. */
  noteArrival(posts: number): boolean {
    this.#count("post", posts);
    if (this.#affordable("post") >= 1) return true;
    this.#refuse();
    return false;
  }

  /** All reads since it was made, for a budget per harvest. */
  get #totalBill(): Billed {
    return this.#costFor(this.#read.post, this.#read.user);
  }

  #costFor(posts: number, users: number): Billed {
    return { posts, users, dollars: dollarsFor({ posts, users }, this.#options.prices) };
  }

  #count(kind: Kind, read: number): void {
    const { prices } = this.#options;
    const { month, posts, dollars } = this.spent;
    this.#read[kind] += read;
    this.#spent = {
      month,
      posts: posts + (kind === "post" ? read : 0),
      dollars: roundDollars(dollars + read * prices[kind]),
    };
  }

  /** Returns how many more the budget covers. */
  #affordable(kind: Kind): number {
    const cost = this.#cost(kind);
    if (cost === 0) return Infinity;
    return Math.floor(roundDollars((this.#budgetLeft() - this.#reserved) / cost));
  }

  /** The cost of one, in the unit of the budget. */
  #cost(kind: Kind): number {
    const { budget, prices } = this.#options;
    if (budget?.dollars !== undefined) return prices[kind];
    return kind === "post" && budget ? 1 : 0;
  }

  #budgetLeft(): number {
    const { budget } = this.#options;
    if (!budget) return Infinity;
    const used = budget.per === "month" ? this.spent : this.#totalBill;
    const { posts, dollars = 0 } = budget;
    return posts === undefined ? dollars - used.dollars : posts - used.posts;
  }

  #refuse(): BudgetUsedUp {
    const { budget, clock } = this.#options;
    if (budget) {
      const used = budget.per === "month" ? this.spent : this.#totalBill;
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
    return { month: formatMonth(this.#options.clock.now()), posts: 0, dollars: 0 };
  }
}
