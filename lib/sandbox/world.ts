/** The users and tweets of the sandbox, and new tweets while a client listens. */

import type { Clock } from "../base/clock.ts";
import { type Corpus, madeStatus, madeUser, type Status } from "./corpus.ts";
import { type SandboxUser } from "./user.ts";
import { matcher } from "./query.ts";

/** Options of a made-up world. */
export interface WorldOptions {
  clock: Clock;
  users: number;
  tweetsPerUser: number;
}

/** A requested page; ids as v1.1 takes them (`maxId` inclusive). */
export interface PageWanted {
  count: number;
  sinceId?: bigint | undefined;
  maxId?: bigint | undefined;
}

/** Milliseconds between two tweets of a user's past. */
const SPACING_MS = 60_000;
/** A timeline goes back this far. */
const MAX_TIMELINE = 3_200;

/** Users and their tweets. */
export class World {
  readonly users = new Map<string, SandboxUser>();
  readonly #clock: Clock;
  /** Newest first. */
  #all: Status[] = [];
  readonly #byUser = new Map<string, Status[]>();
  /** The ids of tweets that their authors deleted. */
  readonly removed = new Set<string>();
  readonly #listeners = new Set<(status: Status) => void>();
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns a made-up world: every tenth user is protected, suspended or gone, in turns. */
  static create({ clock, users, tweetsPerUser }: WorldOptions): World {
    const world = new World(clock);
    const states = ["protected", "suspended", "gone"] as const;
    for (let n = 0; n < users; n++) {
      const state = n % 10 === 9 ? states[Math.floor(n / 10) % 3] ?? "open" : "open";
      const user = madeUser(n, state);
      world.users.set(user.id, user);
      const statuses = [];
      for (let i = 1; i <= tweetsPerUser; i++) {
        const ms = clock.now() - i * SPACING_MS - n;
        statuses.push(madeStatus(user, { ms, sequence: world.#sequence++ }));
      }
      world.#add(statuses);
    }
    return world;
  }

  /** Returns a world of tweets from files; of a repeated tweet, the last. */
  static of(corpora: Corpus[], clock: Clock): World {
    const world = new World(clock);
    const all = new Map<bigint, Status>();
    for (const { users, statuses } of corpora) {
      for (const user of users) world.users.set(user.id, user);
      for (const status of statuses) all.set(status.id, status);
    }
    world.#add([...all.values()]);
    return world;
  }

  /** Returns a user by id or by screen name, in any case. */
  user(
    name: { id?: string | undefined; screenName?: string | undefined },
  ): SandboxUser | undefined {
    if (name.id !== undefined) return this.users.get(name.id);
    const wanted = name.screenName?.toLowerCase();
    return [...this.users.values()].find((user) => user.screenName.toLowerCase() === wanted);
  }

  /** New tweets of a user, now. */
  post(userId: string, count = 1): Status[] {
    const user = this.users.get(userId);
    if (!user) return [];
    const posted: Status[] = [];
    for (let i = 0; i < count; i++) {
      posted.push(madeStatus(user, { ms: this.#clock.now(), sequence: this.#sequence++ }));
    }
    this.#add(posted);
    for (const status of posted) this.publish(status);
    return posted;
  }

  /** Passes a tweet to the listeners. */
  publish(status: Status): void {
    for (const listener of this.#listeners) listener(status);
  }

  /** Calls `listener` with each tweet that is published, until the result is called. */
  listen(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns a tweet, and whether its author may be read; undefined where there is none. */
  find(id: string): { status: Status; author: SandboxUser | undefined } | undefined {
    const status = this.#all.find((status) => `${status.id}` === id);
    return status && { status, author: this.users.get(status.userId) };
  }

  /** Deletes a tweet, as its author does. */
  remove(id: string): void {
    this.removed.add(id);
    this.#all = this.#all.filter((status) => `${status.id}` !== id);
    for (const [userId, own] of this.#byUser) {
      this.#byUser.set(userId, own.filter((status) => `${status.id}` !== id));
    }
  }

  /** Returns how many tweets a user ever wrote. */
  countTweets(userId: string): number {
    return this.#byUser.get(userId)?.length ?? 0;
  }

  /** Newest first. */
  timeline(userId: string, wanted: PageWanted): Status[] {
    const statuses = this.#byUser.get(userId) ?? [];
    return page(statuses.slice(0, MAX_TIMELINE), wanted);
  }

  /** Newest first. @throws SyntaxError for an invalid query. */
  search(query: string, wanted: PageWanted): Status[] {
    const matches = matcher(query);
    return page(
      this.#all.filter((status) => matches(status, this.users.get(status.userId))),
      wanted,
    );
  }

  /** Returns the tweets after an id, oldest first. */
  since(id: bigint): Status[] {
    return this.#all.filter((status) => status.id > id).reverse();
  }

  #add(statuses: Status[]): void {
    for (const status of statuses) {
      const own = this.#byUser.get(status.userId) ?? [];
      own.push(status);
      this.#byUser.set(status.userId, own);
    }
    for (const userId of new Set(statuses.map((status) => status.userId))) {
      this.#byUser.get(userId)?.sort(newestFirst);
    }
    this.#all = [...this.#all, ...statuses].sort(newestFirst);
  }
}

function page(statuses: Status[], { count, sinceId, maxId }: PageWanted): Status[] {
  const found: Status[] = [];
  for (const status of statuses) {
    if (maxId !== undefined && status.id > maxId) continue;
    if (sinceId !== undefined && status.id <= sinceId) break;
    if (found.push(status) === count) break;
  }
  return found;
}

function newestFirst(a: Status, b: Status): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}
