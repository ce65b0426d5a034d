/** What a harvest learns of users: names, and who is protected, suspended or gone. */

import { type Clock, isoTime } from "../base/clock.ts";
import { combine } from "../collection/changeset.ts";
import type { JsonObject } from "../base/json.ts";
import type { Packed } from "../base/packed.ts";
import type { TimelineState, UserAnswer } from "../twitter/api.ts";
import type { Batch, UserChange } from "./source.ts";

/** What is known of a user whose timeline is collected. */
export interface TimelineUser {
  screen_name?: string | undefined;
  since_id?: string | undefined;
  /** When something was last heard of the user besides the timeline; ISO 8601. */
  looked_up?: string | undefined;
}

/** What was learned about a user, as parts of a batch. */
export type Found = Pick<Batch, "users" | "userChanges" | "update" | "protected">;

/** What is known of users, and what is new. */
export class UserFacts {
  readonly #users: Packed<TimelineUser>;
  readonly #clock: Clock;
  /** Whether it is noted when something was heard of a user. */
  readonly #notesTime: boolean;
  readonly #isProtectedWanted: boolean;
  /** The users who were found to be protected, and are left out. */
  readonly #leftOut = new Set<string>();

  constructor(
    users: Packed<TimelineUser>,
    { clock, notesTime, isProtectedWanted }: {
      clock: Clock;
      notesTime: boolean;
      /** Whether protected timelines are collected, where that is allowed. */
      isProtectedWanted: boolean;
    },
  ) {
    this.#isProtectedWanted = isProtectedWanted;
    this.#users = users;
    this.#clock = clock;
    this.#notesTime = notesTime;
  }

  /** What an answer says of a user: the user as sent, and what changed. */
  found(answer: UserAnswer): Found {
    if (!("id" in answer)) return this.changed(answer.asked, answer.state);
    const { id, screenName, line } = answer;
    const known = this.#users.get(id)?.screen_name;
    const found: Found = answer.state === "protected" ? this.changed(id, "protected") : {};
    // To who follows them, a user of version 1.1 comes with the newest tweet.
    if (!found.protected && !this.#leftOut.has(id)) found.users = [line];
    const update: JsonObject = this.#notesTime ? { looked_up: isoTime(this.#clock.now()) } : {};
    if (known !== screenName) {
      const change = known === undefined ? "screen name found" : "screen name changed";
      const named: UserChange = { user_id: id, change, screen_name: screenName };
      found.userChanges = [...found.userChanges ?? [], named];
      update.screen_name = screenName;
    }
    if (Object.keys(update).length > 0) {
      found.update = { update: { users: { [id]: update } }, delete: [] };
    }
    return found;
  }

  /** That a user cannot be read. */
  changed(id: string, state: TimelineState): Found {
    const known = this.#users.get(id)?.screen_name;
    const change: UserChange = {
      user_id: id,
      change: state,
      ...(known === undefined ? {} : { screen_name: known }),
    };
    const isLeftOut = state === "protected" && !this.#isProtectedWanted && !this.#leftOut.has(id);
    if (isLeftOut) this.#leftOut.add(id);
    return { userChanges: [change], ...(isLeftOut ? { protected: { users: 1 } } : {}) };
  }
}

/** The batch with what else was learned. */
export function joined(batch: Batch, found: Found): Batch {
  const { users = [], userChanges = [], update } = found;
  return {
    ...batch,
    ...(found.protected ? { protected: { ...batch.protected, ...found.protected } } : {}),
    users: [...batch.users ?? [], ...users],
    userChanges: [...batch.userChanges ?? [], ...userChanges],
    ...(update ? { update: batch.update ? combine(update, batch.update) : update } : {}),
  };
}
