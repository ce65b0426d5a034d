/** The keys that requests to the API are signed with, and which of them are missing. */

/** What stands for an application. */
const CONSUMER_PAIR = ["consumer_key", "consumer_secret"] as const;
/** What stands for a user of an application: OAuth 1.0a. */
export const USER_KEYS = [...CONSUMER_PAIR, "access_token", "access_token_secret"] as const;
/** Every key by its name. */
export const KEY_NAMES = [...USER_KEYS, "bearer_token"] as const;

/** The name of a key. */
export type KeyName = (typeof KEY_NAMES)[number];

/** What requests are signed with: the four of a user, or a consumer pair or bearer token of an app. */
export type TwitterKeys = { [name in KeyName]?: string | undefined };

/**
 * The keys without which the others are of no use: a bearer token or a consumer pair is enough, unless a
 * user's keys were begun or are needed.
 */
export function missingKeys(
  has: (name: KeyName) => boolean,
  { user = false }: { user?: boolean } = {},
): KeyName[] {
  if (has("bearer_token") && !user) return [];
  const isUser = user || has("access_token") || has("access_token_secret");
  return (isUser ? USER_KEYS : CONSUMER_PAIR).filter((name) => !has(name));
}
