/** The keys that sign requests to the API, and which of them are missing. */

/** Keys of an application. */
const CONSUMER_PAIR = ["consumer_key", "consumer_secret"] as const;
/** Keys of a user of an application: OAuth 1.0a. */
export const USER_KEYS = [...CONSUMER_PAIR, "access_token", "access_token_secret"] as const;
/** Names of all keys. */
export const KEY_NAMES = [...USER_KEYS, "bearer_token"] as const;

/** The name of a key. */
export type KeyName = (typeof KEY_NAMES)[number];

/** Keys that sign requests: the four of a user, or a consumer pair or bearer token of an app. */
export type TwitterKeys = { [name in KeyName]?: string | undefined };

/** The default profile of keys. */
export const MAIN_PROFILE = "main";

/** The end of a hint: how to set new keys. */
export const PUT_KEYS =
  "then `twarc-cloud collection keys ID` for a collection that is in a bucket, or " +
  "`twarc-cloud collection-config keys` for collection.json.";

/**
 * Returns the missing keys without which the others are of no use: a bearer token or a consumer pair is enough, unless
 * a user's keys are incomplete or required.
 */
export function missingKeys(
  has: (name: KeyName) => boolean,
  { user = false }: { user?: boolean } = {},
): KeyName[] {
  if (has("bearer_token") && !user) return [];
  const isUser = user || has("access_token") || has("access_token_secret");
  return (isUser ? USER_KEYS : CONSUMER_PAIR).filter((name) => !has(name));
}

/**
 * Returns a pasted key without a scheme's word, quotes and invisible characters.
 * @returns `fault`, a part of a sentence without the key, if it is invalid even so
 */
export function pastedKey(text: string): { key: string } | { fault: string } {
  const seen = text.replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "").trim();
  const unquoted = withoutQuotes(seen);
  const bare = withoutQuotes(
    unquoted.replace(/^(authorization:\s*)?(bearer|oauth)[\s:]+/i, "").trim(),
  );
  if (bare === "") return { fault: "is empty" };
  if (/\s/.test(bare)) {
    return { fault: "has a space or a line end in it: it may be two keys, or a part of a page" };
  }
  const odd = /[^\x21-\x7e]/u.exec(bare)?.[0];
  if (odd !== undefined) {
    const code = (odd.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return { fault: `has an invalid character (U+${code})` };
  }
  if (/["'<>]/.test(bare)) return { fault: "has a quote or a bracket in it" };
  return { key: bare };
}

function withoutQuotes(text: string): string {
  return text.replace(/^["'`\u2018-\u201f]+|["'`\u2018-\u201f,;]+$/g, "").trim();
}
