/** What a harvest learns of users: names, and who is protected, suspended or gone. */

import { type Clock, isoTime } from "../base/clock.ts";
import { combine, type ConfigUpdate } from "../collection/changeset.ts";
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
  /** What was found last, where that was ever something else than that the user can be read. */
  state?: string | undefined;
  former_names?: FormerName[] | undefined;
}

/** A name that a user had, and when it was found to be another one. */
export interface FormerName {
  screen_name: string;
  until: string;
}

/** The state of a user who can be read again. */
const OPEN = "found";

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
  /** What this harvest found of users, where that is news. */
  readonly #states = new Map<string, string>();

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
    const known = this.#users.get(id);
    const found: Found = answer.state === "protected"
      ? this.changed(id, "protected")
      : this.#returned(id, screenName);
    // To who follows them, a user of version 1.1 comes with the newest tweet.
    if (!found.protected && !this.#leftOut.has(id)) found.users = [line];
    const at = isoTime(this.#clock.now());
    const update: JsonObject = this.#notesTime ? { looked_up: at } : {};
    if (known?.screen_name !== screenName) {
      const named = { user_id: id, screen_name: screenName, at };
      const change: UserChange = known?.screen_name === undefined
        ? { ...named, change: "screen name found" }
        : { ...named, change: "screen name changed", old_screen_name: known.screen_name };
      found.userChanges = [...found.userChanges ?? [], change];
      update.screen_name = screenName;
      if (known?.screen_name !== undefined) {
        const former = (known.former_names ?? []).map((name) => ({ ...name }));
        update.former_names = [...former, { screen_name: known.screen_name, until: at }];
      }
    }
    if (Object.keys(update).length === 0) return found;
    const own: ConfigUpdate = { update: { users: { [id]: update } }, delete: [] };
    return { ...found, update: found.update ? combine(found.update, own) : own };
  }

  /** That a user cannot be read; a change where that is news. */
  changed(id: string, state: TimelineState): Found {
    const isLeftOut = state === "protected" && !this.#isProtectedWanted && !this.#leftOut.has(id);
    if (isLeftOut) this.#leftOut.add(id);
    const hidden = isLeftOut ? { protected: { users: 1 } } : {};
    if (this.#stateOf(id) === state) return hidden;
    return { ...this.#news(id, state, { change: state }), ...hidden };
  }

  /** That a user can be read again who could not; nothing of one who always could. */
  #returned(id: string, screenName: string): Found {
    const was = this.#stateOf(id) ?? OPEN;
    if (was === OPEN) return {};
    return this.#news(id, OPEN, { change: "returned", was, screen_name: screenName });
  }

  #stateOf(id: string): string | undefined {
    return this.#states.get(id) ?? this.#users.get(id)?.state;
  }

  #news(id: string, state: string, change: Omit<UserChange, "user_id" | "at">): Found {
    this.#states.set(id, state);
    const known = this.#users.get(id)?.screen_name;
    const at = isoTime(this.#clock.now());
    return {
      userChanges: [{
        user_id: id,
        ...(known === undefined ? {} : { screen_name: known }),
        ...change,
        at,
      }],
      update: { update: { users: { [id]: { state } } }, delete: [] },
    };
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
