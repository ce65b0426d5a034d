/** Makes version 2 of tweets of version 1.1, with the tweets that they refer to. */

import { z } from "zod";
import { isoTime } from "../../base/clock.ts";
import { publishedAt, type Status } from "../corpus.ts";
import type { SandboxUser } from "../user.ts";
import type { World } from "../world.ts";

const userSchema = z.looseObject({
  id_str: z.string(),
  screen_name: z.string(),
  name: z.string().default(""),
  protected: z.boolean().nullish(),
});
/** A status: an id is taken from its text, as a number is rounded. */
const statusSchema = z.looseObject({
  id_str: z.string().optional(),
  full_text: z.string().optional(),
  text: z.string().optional(),
  created_at: z.string().optional(),
  lang: z.string().nullish(),
  retweet_count: z.number().nullish(),
  favorite_count: z.number().nullish(),
  in_reply_to_status_id_str: z.string().nullish(),
  in_reply_to_user_id_str: z.string().nullish(),
  quoted_status_id_str: z.string().nullish(),
  retweeted_status: z.unknown().optional(),
  quoted_status: z.unknown().optional(),
  user: userSchema.optional().catch(undefined),
});
type V1 = z.infer<typeof statusSchema>;

/** Returns a status inside another one; one that is odd is left out. */
function parseStatus(value: unknown): V1 | undefined {
  return statusSchema.safeParse(value).data;
}

/** An object that comes beside the tweets. */
interface Beside {
  kind: "users" | "tweets";
  key: string;
  text: string;
}

/** Returns a tweet, and what comes beside it, as texts. */
export function madeParts(
  { id, userId, bytes }: Status,
  world: World,
): { text: string; beside: Beside[] } {
  const v1 = statusSchema.parse(JSON.parse(new TextDecoder().decode(bytes())));
  const user = world.users.get(userId);
  const beside = new Map<string, Beside>();
  if (user) add(beside, "users", userId, userObject(user, world));
  addReferred(beside, v1, world);
  return { text: madeText(tweetObject(v1, { id: `${id}`, userId })), beside: [...beside.values()] };
}

/** Adds the tweets that one refers to, and their authors; of a retweet also what it quotes. */
function addReferred(beside: Map<string, Beside>, v1: V1, world: World): void {
  for (const referred of [v1.retweeted_status, v1.quoted_status].map(parseStatus)) {
    const { id_str: id, user } = referred ?? {};
    if (!referred || id === undefined || user === undefined) continue;
    const known = world.users.get(user.id_str) ?? makeUser(user);
    add(beside, "tweets", id, tweetObject(referred, { id, userId: user.id_str }));
    add(beside, "users", user.id_str, userObject(known, world));
    addReferred(beside, referred, world);
  }
}

function add(
  beside: Map<string, Beside>,
  kind: Beside["kind"],
  key: string,
  value: unknown,
): void {
  beside.set(`${kind} ${key}`, { kind, key, text: madeText(value) });
}

function makeUser(
  { id_str, screen_name, name, protected: isProtected }: z.infer<typeof userSchema>,
) {
  const state = isProtected ? "protected" : "open";
  return { id: id_str, screenName: screen_name, name, state } satisfies SandboxUser;
}

/** Returns a tweet as version 2 serves it. */
function tweetObject(v1: V1, { id, userId }: { id: string; userId: string }) {
  const { in_reply_to_user_id_str: repliedTo, retweeted_status: original } = v1;
  const references = listReferences(v1);
  return {
    id,
    text: v1.full_text ?? v1.text,
    author_id: userId,
    created_at: isoTime(Date.parse(v1.created_at ?? "") || publishedAt(BigInt(id))),
    lang: v1.lang ?? "und",
    conversation_id: id,
    ...(repliedTo && !original ? { in_reply_to_user_id: repliedTo } : {}),
    ...(references.length > 0 ? { referenced_tweets: references } : {}),
    edit_history_tweet_ids: [id],
    possibly_sensitive: false,
    reply_settings: "everyone",
    public_metrics: { retweet_count: v1.retweet_count ?? 0, like_count: v1.favorite_count ?? 0 },
  };
}

/** Returns the references of a tweet: what a retweet quotes is its original's. */
function listReferences(v1: V1): { type: string; id: string }[] {
  const original = parseStatus(v1.retweeted_status)?.id_str;
  if (original !== undefined) return [{ type: "retweeted", id: original }];
  const quoted = parseStatus(v1.quoted_status)?.id_str ?? v1.quoted_status_id_str;
  const repliedTo = v1.in_reply_to_status_id_str;
  return [
    ...repliedTo ? [{ type: "replied_to", id: repliedTo }] : [],
    ...quoted ? [{ type: "quoted", id: quoted }] : [],
  ];
}

/** Returns a user as version 2 serves them. */
export function userObject(
  { id, screenName, name, state, isProtected, sent }: SandboxUser,
  world: World,
): Record<string, unknown> {
  if (sent !== undefined) return JSON.parse(sent);
  return {
    id,
    name,
    username: screenName,
    protected: state === "protected" || isProtected === true,
    verified: false,
    created_at: "2010-03-04T10:20:30.000Z",
    public_metrics: { followers_count: Number(id) % 9973, tweet_count: world.countTweets(id) },
  };
}

/** Returns JSON with its slashes escaped, as the API writes it. */
function madeText(value: unknown): string {
  return JSON.stringify(value).replaceAll("/", "\\/");
}
