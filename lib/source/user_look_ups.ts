/** The look-ups of users beside their timelines: as their walks begin, and after walks without news. */

import { getLogger } from "@logtape/logtape";
import { chunks } from "../base/chunks.ts";
import type { Clock } from "../base/clock.ts";
import type { Packed } from "../base/packed.ts";
import { isLookUpDue } from "../collection/types/user_timeline.ts";
import { userWalk } from "../collection/walks.ts";
import type { UserAnswer } from "../twitter/api.ts";
import { isOfApi } from "../twitter/http/refusals.ts";
import type { LookUps } from "./look_ups.ts";
import { BudgetUsedUp } from "./meter.ts";
import type { Removals } from "./removals.ts";
import type { Batch } from "./source.ts";
import { addFacts, type TimelineUser, type UserFacts } from "./user_facts.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Users that are looked up in one call. */
export const LOOK_UP_CHUNK = 100;

/** Options of look-ups. */
interface UserLookUpsOptions {
  /** By user id. */
  users: Packed<TimelineUser>;
  facts: UserFacts;
  /** Milliseconds after which a user without news is looked up again. */
  every: number;
  clock: Clock;
}

/** Looks users up beside their timelines. */
export class UserLookUps {
  readonly #lookUps: LookUps;
  readonly #options: UserLookUpsOptions;

  constructor(lookUps: LookUps, options: UserLookUpsOptions) {
    this.#lookUps = lookUps;
    this.#options = options;
  }

  /** Returns the answers of a look-up; null for all where it fails: their timelines may be readable all the same. */
  async ask(
    ids: string[],
    signal: AbortSignal,
  ): Promise<{ id: string; answer: UserAnswer | null }[]> {
    try {
      const answers = (await Array.fromAsync(this.#lookUps.of(ids, signal))).flat();
      const byId = new Map(answers.map((answer) => [answer.asked, answer]));
      return ids.map((id) => ({ id, answer: byId.get(id) ?? null }));
    } catch (error) {
      if (!isOfApi(error)) throw error;
      log.warn("{many} users could not be looked up: {problem}", {
        many: ids.length,
        problem: error.message,
      });
      return ids.map((id) => ({ id, answer: null }));
    }
  }

  /**
   * Looks up users whose timelines were empty, where that is due: they may have changed their names, or be gone.
   * @param ids The users without news.
   */
  async *askSilent(
    ids: string[],
    { signal, removals }: { signal: AbortSignal; removals: Removals },
  ): AsyncGenerator<Batch> {
    for (const some of chunks(ids.filter((id) => this.#isDue(id)), LOOK_UP_CHUNK)) {
      try {
        for await (const answers of this.#lookUps.of(some, signal)) {
          for (const answer of answers) {
            if (!("id" in answer)) removals.lookedUp(answer.asked, answer.state);
            const nothing = {
              walk: userWalk(answer.asked),
              position: "whole",
              tweets: [],
              count: 0,
            };
            yield addFacts(nothing, this.#options.facts.readFacts(answer));
          }
        }
      } catch (error) {
        // They are looked up by a harvest with a budget.
        if (error instanceof BudgetUsedUp) return;
        if (!isOfApi(error)) throw error;
        log.warn("Users could not be looked up, which the next harvest retries: {problem}", {
          problem: error.message,
        });
      }
    }
  }

  /** Returns whether a user without news in this harvest is to be looked up. */
  #isDue(id: string): boolean {
    const { users, every, clock } = this.#options;
    return isLookUpDue(users.get(id)?.looked_up, { every, now: clock.now() });
  }
}
