/** Users that are taken out of the configuration: once two questions have the same answer, and never too many. */

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

/** Which users are taken out. */
export interface RemovalRule {
  /** How many users the collection has. */
  of: number;
  /** The states for which a user is taken out. */
  states: readonly string[];
  /** How many may be taken out in one harvest, in place of a tenth and ten. */
  most?: number | undefined;
  /** What is known of a user, where anything is. */
  userOf?: (id: string) => TimelineUser | undefined;
  clock: Clock;
}

/** Users who may be gone. */
export class Removals {
  readonly #api: TwitterApi;
  readonly #lookUps: LookUps;
  readonly #rule: RemovalRule;
  /** Users whose timelines were refused: a look-up is the second question. */
  readonly #refused = new Map<string, string>();
  /** Users whom a look-up found to be gone: their timeline is the second question. */
  readonly #lookedUp = new Map<string, string>();
  /** Users whom two look-ups found to be gone, as version 1.1 makes them: by a list, and by one. */
  readonly #gone = new Map<string, string>();

  constructor(api: TwitterApi, lookUps: LookUps, rule: RemovalRule) {
    this.#api = api;
    this.#lookUps = lookUps;
    this.#rule = rule;
  }

  /** Takes in that a timeline was refused. */
  refused(id: string, state: TimelineState): void {
    if (this.#isOf(state)) this.#refused.set(id, state);
  }

  /** Takes in what a look-up said. */
  lookedUp(id: string, state: TimelineState): void {
    if (this.#isOf(state)) (this.#api.tellsAuthors ? this.#lookedUp : this.#gone).set(id, state);
  }

  /**
   * Takes out who is gone by the second question too, which is asked here.
   * @throws OutsideError where these are too many: the API is in trouble then, and nobody is taken out.
   */
  async *confirmed(signal: AbortSignal): AsyncGenerator<Batch> {
    const { of, most = Math.max(TEN, Math.floor(of * TENTH)) } = this.#rule;
    const found = new Map([...this.#gone, ...this.#refused, ...this.#lookedUp]).size;
    if (found > most) throw tooMany(found, of);
    for (const [id, why] of await this.#asked(signal)) {
      const kept = { removed_users: { [id]: this.#kept(id, why) } };
      const update = { update: kept, delete: [{ users: [id] }] };
      const removed = this.#named(id, why);
      yield { walk: userWalk(id), position: "whole", tweets: [], count: 0, update, removed };
    }
  }

  #named(id: string, why: string): Unavailable {
    const screen_name = this.#rule.userOf?.(id)?.screen_name;
    return { id, ...(screen_name === undefined ? {} : { screen_name }), why };
  }

  /** What is kept of a user: where the timeline goes on once the account is back and is added again. */
  #kept(id: string, why: string): JsonObject {
    const { screen_name, since_id, former_names = [] } = this.#rule.userOf?.(id) ?? {};
    return {
      ...(screen_name === undefined ? {} : { screen_name }),
      why,
      at: isoTime(this.#rule.clock.now()),
      ...(since_id === undefined ? {} : { since_id }),
      ...(former_names.length > 0 ? { former_names: former_names.map((one) => ({ ...one })) } : {}),
    };
  }

  /** Who is gone by both questions, and the state of each. What cannot be asked now is left to the next harvest. */
  async #asked(signal: AbortSignal): Promise<Map<string, string>> {
    const gone = new Map(this.#gone);
    try {
      for await (const answers of this.#lookUps.of(this.#refused.keys(), signal)) {
        for (const { asked, state } of answers) if (this.#isOf(state)) gone.set(asked, state);
      }
      for (const id of this.#lookedUp.keys()) {
        const answer = await this.#api.timeline(id, { limit: 5 }, signal);
        if (typeof answer === "string" && this.#isOf(answer)) gone.set(id, answer);
      }
    } catch (error) {
      if (!(isOfApi(error) || error instanceof BudgetUsedUp)) throw error;
    }
    return gone;
  }

  #isOf(state: UserAnswer["state"]): boolean {
    return this.#rule.states.includes(state);
  }
}

function tooMany(found: number, of: number): OutsideError {
  return new OutsideError(
    `By the API's answers ${found} of ${of} users are to be taken out of the collection, which looks like ` +
      "an API in trouble: none was",
    {
      hint:
        "If it is true, set delete_users_at_most to that number in the collection's configuration.",
    },
  );
}
