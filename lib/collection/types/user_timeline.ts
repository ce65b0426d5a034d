/** Collections of users' timelines. */

import { z } from "zod";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import { jsonObject } from "../../base/json_object.ts";
import { newerFaults } from "../fault.ts";
import { digits, text } from "../scalars.ts";
import { userOfWalk } from "../walks.ts";
import { common } from "./common.ts";
import type { ReadingOf, TypeRules } from "./rules.ts";

/** States for which users can be removed from a collection. */
const USER_STATES = ["protected", "suspended", "not_found"] as const;
/** Default days for which removed users are looked up. */
const REMOVED_DAYS = 60;
/** Default days without news after which a user is looked up. */
const LOOKUP_DAYS = 7;
const DAY_MS = 86_400_000;

const userIdSchema = z.string().regex(/^\d+$/);
const userSchema = z.looseObject({
  screen_name: text.optional(),
  since_id: digits.optional(),
  looked_up: text.optional(),
  /** The state in the last harvest, if it was ever other than readable. */
  state: text.optional(),
  /** Former names, with the time when each was found to have changed. */
  former_names: z.array(z.looseObject({ screen_name: text, until: text })).optional(),
});

/** A user who was removed, with the position for when the account returns and is added again. */
const removedSchema = z.looseObject({
  screen_name: text.optional(),
  since_id: digits.optional(),
  why: text.optional(),
  at: text.optional(),
  looked_up: text.optional(),
  /** When a look-up found the account again. */
  returned: text.optional(),
});

const schema = z.looseObject({
  ...common,
  type: z.literal("user_timeline"),
  users: z.record(userIdSchema, userSchema),
  /** Version 2: kinds of tweets that are left out, and not billed. */
  exclude: z.array(
    z.enum(["replies", "retweets"], 'must be "replies" or "retweets"'),
    "must be a list: [...]",
  )
    .optional(),
  /** Version 2: days without news after which a user is looked up, for 1 cent each. */
  lookup_users_every: z.number("must be a number of days").positive("must be above 0").optional(),
  /** Maximum number of users that a harvest may remove; by default ten, or a tenth of them. */
  delete_users_at_most: z.int("must be a whole number").positive("must be above 0").optional(),
  /** Users whom harvests removed. */
  removed_users: z.record(userIdSchema, removedSchema).optional(),
  /** Days for which removed users are looked up; 60 by default, 0 for never. */
  look_up_removed_for: z.number("must be a number of days").min(0, "must be 0 or above").optional(),
  delete_users_for: z.array(
    z.enum(USER_STATES, `must be one of ${USER_STATES.join(", ")}`),
    "must be a list: [...]",
  ).optional(),
});

/** A configuration that collects timelines. */
export type UserTimelineConfig = z.infer<typeof schema>;

/** The rules of the type. */
export const userTimeline: TypeRules<UserTimelineConfig, ReadingOf<"timelines">> = {
  schema,
  template: {
    members: () => ({ users: {}, delete_users_for: ["protected", "suspended", "not_found"] }),
  },

  /** Users are not copied: there may be a hundred thousand. */
  parse(config) {
    const users = member(config, "users");
    if (!areUsers(users)) return schema.safeParse(config);
    const result = schema.safeParse({ ...config, users: {} });
    return result.success ? { ...result, data: { ...result.data, users } } : result;
  },

  faults: (_, config) => newerFaults(config, config, ""),

  typedIds(config) {
    const users = member(config, "users");
    return Object.entries(isObject(users) ? users : {}).flatMap(([id, user]) => [
      { at: "users", id, of: "user" as const },
      ...isObject(user)
        ? [{ at: `users.${id}.since_id`, id: member(user, "since_id"), of: "tweet" as const }]
        : [],
    ]);
  },

  queries: () => [],

  plan(config) {
    const { users, exclude = [], lookup_users_every = LOOKUP_DAYS } = config;
    const sinceId = (walk: string) => users[userOfWalk(walk) ?? ""]?.since_id;
    return {
      walks: Object.keys(users).length,
      reading: { kind: "timelines", users, lookUpEvery: lookup_users_every * DAY_MS, exclude },
      sinceId,
      position(walk, { newest, oldest, tweets }) {
        const since = sinceId(walk);
        const ends: JsonObject = since === undefined ? {} : { since };
        return { newest, oldest, ...ends, asked: tweets, came: tweets };
      },
    };
  },
};

function areUsers(value: unknown): value is UserTimelineConfig["users"] {
  const { data: users } = jsonObject.safeParse(value);
  return users !== undefined &&
    Object.keys(users).every((id) =>
      userIdSchema.safeParse(id).success && userSchema.safeParse(users[id]).success
    );
}

/**
 * Returns whether a user without news in a harvest is due for a look-up.
 * @param lookedUp Time of the last news, ISO 8601.
 */
export function isLookUpDue(
  lookedUp: string | undefined,
  { every, now }: { every: number; now: number },
): boolean {
  return !(now - Date.parse(lookedUp ?? "") < every);
}

/** Returns the removed users that are due for a look-up. */
export function removedUsersDue(
  { removed_users = {}, look_up_removed_for = REMOVED_DAYS }: Pick<
    UserTimelineConfig,
    "removed_users" | "look_up_removed_for"
  >,
  { every, now }: { every: number; now: number },
): { id: string; screen_name?: string | undefined; why?: string | undefined }[] {
  return Object.entries(removed_users).filter(([, { at = "", looked_up, returned }]) =>
    returned === undefined && now - Date.parse(at) < look_up_removed_for * DAY_MS &&
    isLookUpDue(looked_up, { every, now })
  ).map(([id, { screen_name, why }]) => ({ id, screen_name, why }));
}
