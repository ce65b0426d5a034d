/** The timelines of many users as a source: one walk a user, several side by side. */

import { combine, type ConfigUpdate } from "../collection/changeset.ts";
import type { PageAt, TimelineState, TwitterApi, UserAnswer } from "../twitter/api.ts";
import { sideBySide } from "./side_by_side.ts";
import type { Batch, Positions, TweetSource, UserChange } from "./source.ts";
import { walk } from "./walk.ts";

/** What is known of a user whose timeline is collected. */
export interface TimelineUser {
  screen_name?: string | undefined;
  since_id?: string | undefined;
}

/** Whose timelines to collect. */
export interface UserTimelineOptions {
  /** By user id. */
  users: Record<string, TimelineUser>;
  /** The states for which a user is taken out of the configuration. */
  deleteUsersFor: readonly string[];
}

/** Pages that are asked for at the same time: enough to keep the rate limit busy. */
const WIDTH = 4;
/** Users that are looked up in one call. */
const CHUNK = 100;

/** Collects the timelines of users, by id: names change, ids do not. */
export class UserTimelineSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: UserTimelineOptions;

  constructor(api: TwitterApi, options: UserTimelineOptions) {
    this.#api = api;
    this.#options = options;
  }

  batches(from: Positions, signal: AbortSignal): AsyncIterable<Batch> {
    return sideBySide(this.#walks(from, signal), WIDTH);
  }

  /** One walk a user; they are looked up as the walks are begun. */
  async *#walks(from: Positions, signal: AbortSignal): AsyncGenerator<AsyncIterable<Batch>> {
    const ids = unfinishedFirst(Object.keys(this.#options.users), from);
    for (let i = 0; i < ids.length; i += CHUNK) {
      for await (const answers of this.#api.users("id", ids.slice(i, i + CHUNK), signal)) {
        for (const answer of answers) yield this.#walk(answer, from, signal);
      }
    }
  }

  async *#walk(answer: UserAnswer, from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const id = answer.asked;
    const name = walkOf(id);
    const found = this.#found(answer);
    if (this.#unreadable(answer.state)) {
      yield { walk: name, position: "whole", tweets: [], count: 0, ...found };
      return;
    }
    let told: TimelineState | undefined;
    const pages = walk({
      name,
      ask: async (at: PageAt) => {
        const page = await this.#api.timeline(id, at, signal);
        if (typeof page !== "string") return page;
        told = page;
        return null;
      },
      from: from[name],
      sinceId: this.#options.users[id]?.since_id,
      learn: (newestId) => ({ update: { users: { [id]: { since_id: newestId } } }, delete: [] }),
    });
    let first = true;
    for await (const batch of pages) {
      const more = told && told !== answer.state ? this.#changed(id, told) : {};
      yield joined(first ? joined(batch, found) : batch, more);
      first = false;
    }
  }

  /** What the look-up tells: the user as sent, and what changed. */
  #found(answer: UserAnswer): Found {
    if (!("id" in answer)) return this.#changed(answer.asked, answer.state);
    const { id, screenName, line } = answer;
    const known = this.#options.users[id]?.screen_name;
    const found: Found = answer.state === "protected" ? this.#changed(id, "protected") : {};
    found.users = [line];
    if (known === screenName) return found;
    const change = known === undefined ? "screen name found" : "screen name changed";
    found.userChanges = [
      ...found.userChanges ?? [],
      { user_id: id, change, screen_name: screenName },
    ];
    found.update ??= { update: { users: { [id]: { screen_name: screenName } } }, delete: [] };
    return found;
  }

  #changed(id: string, state: TimelineState): Found {
    const known = this.#options.users[id]?.screen_name;
    const change: UserChange = {
      user_id: id,
      change: state,
      ...(known === undefined ? {} : { screen_name: known }),
    };
    const deletion: ConfigUpdate = { update: {}, delete: [{ users: [id] }] };
    const isRemoved = this.#options.deleteUsersFor.includes(state);
    return { userChanges: [change], ...(isRemoved ? { update: deletion } : {}) };
  }

  /** Whether to leave a timeline alone; a protected one is tried, as the keys' owner may follow it. */
  #unreadable(state: UserAnswer["state"]): boolean {
    return state === "suspended" || state === "not_found" ||
      (state === "protected" && this.#options.deleteUsersFor.includes(state));
  }
}

/** What was learned about a user, as parts of a batch. */
type Found = Pick<Batch, "users" | "userChanges" | "update">;

/** The batch with what else was learned. */
function joined(batch: Batch, { users = [], userChanges = [], update }: Found): Batch {
  return {
    ...batch,
    users: [...batch.users ?? [], ...users],
    userChanges: [...batch.userChanges ?? [], ...userChanges],
    ...(update ? { update: batch.update ? combine(update, batch.update) : update } : {}),
  };
}

function walkOf(userId: string): string {
  return `user:${userId}`;
}

/** Walks that were begun, then those not yet begun, then those that were whole when a harvest was cut. */
function unfinishedFirst(ids: string[], from: Positions): string[] {
  const rank = (id: string) => {
    const position = from[walkOf(id)];
    return position === undefined ? 1 : position === "whole" ? 2 : 0;
  };
  return ids.toSorted((a, b) => rank(a) - rank(b));
}
