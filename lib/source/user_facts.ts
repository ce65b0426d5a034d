/** The facts that a harvest learns of users: names, and who is protected, suspended or gone. */

import { type Clock, isoTime } from "../base/clock.ts";
import { combine, type ConfigUpdate } from "../collection/changeset.ts";
import type { JsonObject } from "../base/json.ts";
import type { Packed } from "../base/packed.ts";
import type { TimelineState, UserAnswer } from "../twitter/api.ts";
import type { Batch, UserChange } from "./source.ts";

/** A user whose timeline is collected. */
export interface TimelineUser {
  screen_name?: string | undefined;
  since_id?: string | undefined;
  /** When the user was last mentioned outside of the timeline; ISO 8601. */
  looked_up?: string | undefined;
  /** The last state, where it was ever something else than readable. */
  state?: string | undefined;
  former_names?: FormerName[] | undefined;
}

/** A former name of a user, and when another one was found. */
export interface FormerName {
  screen_name: string;
  until: string;
}

/** The state of a user who can be read again. */
const OPEN = "found";

/** New facts about a user, as parts of a batch. */
export type Found = Pick<Batch, "users" | "userChanges" | "update" | "protected">;

/** The facts of users, known and new. */
export class UserFacts {
  readonly #users: Packed<TimelineUser>;
  readonly #clock: Clock;
  /** Whether the time of a look-up is recorded. */
  readonly #notesTime: boolean;
  readonly #isProtectedWanted: boolean;
  /** The users who were found to be protected, and are left out. */
  readonly #leftOut = new Set<string>();
  /** The states that this harvest found, where they changed. */
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

  /** Returns the facts in an answer: the user as sent, and the changes. */
  readFacts(answer: UserAnswer): Found {
    if (!("id" in answer)) return this.recordState(answer.asked, answer.state);
    const { id, screenName, line } = answer;
    const known = this.#users.get(id);
    const found: Found = answer.state === "protected"
      ? this.recordState(id, "protected")
      : this.#recordReturn(id, screenName);
    // To their followers, a user of version 1.1 comes with the newest tweet.
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

  /** Records that a user cannot be read; returns a change where the state is new. */
  recordState(id: string, state: TimelineState): Found {
    const isLeftOut = state === "protected" && !this.#isProtectedWanted && !this.#leftOut.has(id);
    if (isLeftOut) this.#leftOut.add(id);
    const hidden = isLeftOut ? { protected: { users: 1 } } : {};
    if (this.#findState(id) === state) return hidden;
    return { ...this.#news(id, state, { change: state }), ...hidden };
  }

  /** Records that a user can be read again who could not; returns nothing for one who always could. */
  #recordReturn(id: string, screenName: string): Found {
    const was = this.#findState(id) ?? OPEN;
    if (was === OPEN) return {};
    return this.#news(id, OPEN, { change: "returned", was, screen_name: screenName });
  }

  #findState(id: string): string | undefined {
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

/** Returns a batch with further facts. */
export function addFacts(batch: Batch, found: Found): Batch {
  const { users = [], userChanges = [], update } = found;
  return {
    ...batch,
    ...(found.protected ? { protected: { ...batch.protected, ...found.protected } } : {}),
    users: [...batch.users ?? [], ...users],
    userChanges: [...batch.userChanges ?? [], ...userChanges],
    ...(update ? { update: batch.update ? combine(update, batch.update) : update } : {}),
  };
}
