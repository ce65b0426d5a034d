/** What a harvest learns of users: names, and who is protected, suspended or gone. */

import { type Clock, isoTime } from "../clock.ts";
import { combine } from "../collection/changeset.ts";
import type { JsonObject } from "../json.ts";
import type { TimelineState, UserAnswer } from "../twitter/api.ts";
import type { Batch, UserChange } from "./source.ts";
import type { TimelineUser } from "./user_timeline.ts";

/** What was learned about a user, as parts of a batch. */
export type Found = Pick<Batch, "users" | "userChanges" | "update">;

/** What is known of users, and what is new. */
export class UserFacts {
  readonly #users: Record<string, TimelineUser>;
  readonly #clock: Clock;
  /** Whether it is noted when something was heard of a user. */
  readonly #notesTime: boolean;

  constructor(
    users: Record<string, TimelineUser>,
    { clock, notesTime }: { clock: Clock; notesTime: boolean },
  ) {
    this.#users = users;
    this.#clock = clock;
    this.#notesTime = notesTime;
  }

  /** What an answer says of a user: the user as sent, and what changed. */
  found(answer: UserAnswer): Found {
    if (!("id" in answer)) return this.changed(answer.asked, answer.state);
    const { id, screenName, line } = answer;
    const known = this.#users[id]?.screen_name;
    const found: Found = answer.state === "protected" ? this.changed(id, "protected") : {};
    found.users = [line];
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
    const known = this.#users[id]?.screen_name;
    const change: UserChange = {
      user_id: id,
      change: state,
      ...(known === undefined ? {} : { screen_name: known }),
    };
    return { userChanges: [change] };
  }
}

/** The batch with what else was learned. */
export function joined(batch: Batch, { users = [], userChanges = [], update }: Found): Batch {
  return {
    ...batch,
    users: [...batch.users ?? [], ...users],
    userChanges: [...batch.userChanges ?? [], ...userChanges],
    ...(update ? { update: batch.update ? combine(update, batch.update) : update } : {}),
  };
}
