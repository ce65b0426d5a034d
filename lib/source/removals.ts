/** Removes users from the configuration: once two requests agree, and never too many. */

import { type Clock, isoTime } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import { OutsideError } from "../base/errors.ts";
import type { TimelineState, TwitterApi, UserAnswer } from "../twitter/api.ts";
import { isOfApi } from "../twitter/http/refusals.ts";
import type { LookUps } from "./look_ups.ts";
import { BudgetUsedUp } from "./meter.ts";
import { userWalk } from "../collection/walks.ts";
import type { Batch, Unavailable } from "./source.ts";
import type { TimelineUser } from "./user_facts.ts";

/** More than ten, and more than a tenth of all, point to an API in trouble. */
const [TEN, TENTH] = [10, 0.1];

/** The rule of removals. */
export interface RemovalRule {
  /** How many users the collection has. */
  of: number;
  /** The states for which a user is removed. */
  states: readonly string[];
  /** How many may be removed in one harvest, instead of a tenth and ten. */
  most?: number | undefined;
  /** Returns what is known of a user, if anything. */
  userOf?: (id: string) => TimelineUser | undefined;
  clock: Clock;
}

/** Users who may be gone. */
export class Removals {
  readonly #api: TwitterApi;
  readonly #lookUps: LookUps;
  readonly #rule: RemovalRule;
  /** Users whose timelines were refused: a look-up is the second request. */
  readonly #refused = new Map<string, string>();
  /** Users whom a look-up found to be gone: their timeline is the second request. */
  readonly #lookedUp = new Map<string, string>();
  /** Users whom two look-ups found to be gone, as version 1.1 makes them: by a list, and by one. */
  readonly #gone = new Map<string, string>();

  constructor(api: TwitterApi, lookUps: LookUps, rule: RemovalRule) {
    this.#api = api;
    this.#lookUps = lookUps;
    this.#rule = rule;
  }

  /** Records that a timeline was refused. */
  noteRefusal(id: string, state: TimelineState): void {
    if (this.#hasState(state)) this.#refused.set(id, state);
  }

  /** Records the result of a look-up. */
  lookedUp(id: string, state: TimelineState): void {
    if (this.#hasState(state)) {
      (this.#api.tellsAuthors ? this.#lookedUp : this.#gone).set(id, state);
    }
  }

  /**
   * Removes users who are gone by the second request too, which is made here.
   * @throws OutsideError where these are too many: the API is in trouble then, and no user is removed.
   */
  async *confirmRemovals(signal: AbortSignal): AsyncGenerator<Batch> {
    const { of, most = Math.max(TEN, Math.floor(of * TENTH)) } = this.#rule;
    const found = new Map([...this.#gone, ...this.#refused, ...this.#lookedUp]).size;
    if (found > most) throw tooMany(found, of);
    for (const [id, { why, name }] of await this.#askAgain(signal)) {
      const kept = { removed_users: { [id]: this.#toRemoved(id, why, name) } };
      const update = { update: kept, delete: [{ users: [id] }] };
      const removed = this.#toUnavailable(id, why, name);
      yield { walk: userWalk(id), position: "whole", tweets: [], count: 0, update, removed };
    }
  }

  #toUnavailable(id: string, why: string, name?: string): Unavailable {
    const screen_name = name ?? this.#rule.userOf?.(id)?.screen_name;
    return { id, ...(screen_name === undefined ? {} : { screen_name }), why };
  }

  /** Returns the record of a removed user: where the timeline resumes once the account is back and is added again. */
  #toRemoved(id: string, why: string, name?: string): JsonObject {
    const known = this.#rule.userOf?.(id);
    const { screen_name = name, since_id, former_names = [] } = known ?? {};
    return {
      ...(screen_name === undefined ? {} : { screen_name }),
      why,
      at: isoTime(this.#rule.clock.now()),
      ...(since_id === undefined ? {} : { since_id }),
      ...(former_names.length > 0 ? { former_names: former_names.map((one) => ({ ...one })) } : {}),
    };
  }

  /**
   * Returns who is gone by both requests, with the state of each, and the name where the answer has it: a protected
   * user's. Requests that cannot be made now are left to the
   * next harvest.
   */
  async #askAgain(signal: AbortSignal): Promise<Map<string, { why: string; name?: string }>> {
    const gone = new Map<string, { why: string; name?: string }>();
    for (const [id, why] of this.#gone) gone.set(id, { why });
    try {
      for await (const answers of this.#lookUps.of(this.#refused.keys(), signal)) {
        for (const answer of answers) {
          const { asked, state: why } = answer;
          const name = "id" in answer ? { name: answer.screenName } : {};
          if (this.#hasState(why)) gone.set(asked, { why, ...name });
        }
      }
      for (const id of this.#lookedUp.keys()) {
        const answer = await this.#api.timeline(id, { limit: 5 }, signal);
        if (typeof answer === "string" && this.#hasState(answer)) gone.set(id, { why: answer });
      }
    } catch (error) {
      if (!(isOfApi(error) || error instanceof BudgetUsedUp)) throw error;
    }
    return gone;
  }

  #hasState(state: UserAnswer["state"]): boolean {
    return this.#rule.states.includes(state);
  }
}

function tooMany(found: number, of: number): OutsideError {
  return new OutsideError(
    `The API reports ${found} of ${of} users as gone, which looks like trouble of the API: ` +
      "no user was removed from the collection",
    {
      hint:
        "If they are gone, set delete_users_at_most to that number in the collection's configuration.",
    },
  );
}
