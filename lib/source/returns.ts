/** Users who were removed from the configuration, and whether they are back. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import type { UserAnswer } from "../twitter/api.ts";
import { isOfApi } from "../twitter/http/refusals.ts";
import type { LookUps } from "./look_ups.ts";
import { BudgetUsedUp } from "./meter.ts";
import type { Found } from "./user_facts.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A removed user, and the state that was the reason. */
export interface RemovedUser {
  id: string;
  why?: string | undefined;
}

/** Options of looking up removed users. */
export interface ReturnOptions {
  lookUps: LookUps;
  clock: Clock;
  /** Whether the time of a look-up is recorded. */
  notesTime: boolean;
  /** The states for which users are removed: a user in one of them is not back. */
  states: readonly string[];
  signal: AbortSignal;
}

/**
 * Looks up users who were removed before: a returned user is recorded, and stays out until a person adds them again.
 */
export async function* findReturns(
  removed: RemovedUser[],
  options: ReturnOptions,
): AsyncGenerator<Found> {
  const whyOf = new Map(removed.map(({ id, why }) => [id, why]));
  try {
    for await (const answers of options.lookUps.of(whyOf.keys(), options.signal)) {
      for (const answer of answers) {
        const found = toFound(answer, whyOf.get(answer.asked), options);
        if (found) yield found;
      }
    }
  } catch (error) {
    // The next harvest retries.
    if (!(isOfApi(error) || error instanceof BudgetUsedUp)) throw error;
  }
}

function toFound(
  answer: UserAnswer,
  was: string | undefined,
  { clock, notesTime, states }: ReturnOptions,
): Found | null {
  const [id, at] = [answer.asked, isoTime(clock.now())];
  const isBack = "id" in answer && !states.includes(answer.state);
  const news: JsonObject = {
    ...(notesTime ? { looked_up: at } : {}),
    ...(isBack ? { returned: at } : {}),
  };
  if (Object.keys(news).length === 0) return null;
  const update = { update: { removed_users: { [id]: news } }, delete: [] };
  if (!isBack) return { update };
  const { screenName: screen_name } = answer;
  log.info(
    "User {id} ({name}), who was removed, is back: add the user again to continue the timeline from where it was",
    { id, name: screen_name },
  );
  const change = { user_id: id, screen_name, change: "returned", at } as const;
  return { update, userChanges: [was === undefined ? change : { ...change, was }] };
}
