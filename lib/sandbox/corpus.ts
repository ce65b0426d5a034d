/** The tweets that the sandbox serves: made from a seed, or taken from files as they are. */

import { z } from "zod";
import { readFile } from "../base/in_use.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import { jsonOrNull } from "../base/json.ts";
import { detectCodec } from "../format/codec.ts";
import { SNOWFLAKE_EPOCH } from "../base/typed_ids.ts";
import { type SentTweet, sentTweets } from "./v2/corpus.ts";
import type { SandboxUser } from "./user.ts";

/** Bytes that a file may have, decompressed. */
const MAX_BYTES = 2 ** 31;

/** A tweet of the sandbox. */
export interface Status {
  id: bigint;
  userId: string;
  /** The text that a search matches, in lower case. */
  words: () => string;
  /** The status as it is served. */
  bytes: () => Uint8Array;
  /** The tweet that version 2 serves, where it is from a file of version 2. */
  sent?: SentTweet;
}

/** Returns the id of the `sequence`th tweet of a millisecond. */
export function snowflake(ms: number, sequence: number): bigint {
  return ((BigInt(ms) - SNOWFLAKE_EPOCH) << 22n) | BigInt(sequence & 0x3fffff);
}

/** Returns when a tweet was published, in milliseconds since 1970. */
export function publishedAt(id: bigint): number {
  return Number((id >> 22n) + SNOWFLAKE_EPOCH);
}

const TOPICS = [
  ["The harbour bridge", "bridge", "needs another vote"],
  ["Our night train", "railways", "left on time again"],
  ["The marmot census", "marmots", "found 4\u202f211 of them"],
  ["Tonight's council", "council", "ends after midnight"],
  ["The lighthouse", "lighthouse", "is painted caf\u00e9-au-lait \u2615"],
  ["A second library", "libraries", "opens on Friday \ud83d\udcda"],
];
const NAMES = [
  "Ada Quill",
  "Bo Marsh",
  "Chidi Fen",
  "Dora Larch",
  "Emre Vale",
  "Freya Moss",
  "Gus Tarn",
];

const encoder = new TextEncoder();

/** Returns the nth user of a made-up world. */
export function madeUser(n: number, state: SandboxUser["state"]): SandboxUser {
  const name = NAMES[n % NAMES.length] ?? "Nobody";
  const screenName = `${name.replace(" ", "_").toLowerCase()}_${n}`;
  return {
    id: `${2_000_000_000n + BigInt(n) * 7_919n}`,
    screenName,
    name: `${name} (${n})`,
    state,
  };
}

/** Returns a user as the API serves it. */
export function userJson({ id, screenName, name, state, isProtected }: SandboxUser): string {
  return `{"id":${id},"id_str":"${id}","name":${JSON.stringify(name)},` +
    `"screen_name":${JSON.stringify(screenName)},` +
    `"location":"Port Sandbox","description":"Made up, as is all of this. \\u2603",` +
    `"url":null,"entities":{"description":{"urls":[]}},` +
    `"protected":${state === "protected" || isProtected === true},"followers_count":${
      Number(id) % 9973
    },"friends_count":321,` +
    `"listed_count":7,"created_at":"Thu Mar 04 10:20:30 +0000 2010","favourites_count":12,` +
    `"verified":false,"statuses_count":4096,"default_profile":true,` +
    `"profile_image_url_https":"https:\\/\\/example.org\\/${id}_normal.png"}`;
}

/** Returns a made-up tweet: extended mode, 64-bit ids as numbers and strings, escapes as the API writes them. */
export function madeStatus(
  user: SandboxUser,
  { ms, sequence }: { ms: number; sequence: number },
): Status {
  const id = snowflake(ms, sequence);
  const [subject = "", tag = "", verb = ""] = TOPICS[Number(id % BigInt(TOPICS.length))] ?? [];
  const text = `${subject} ${verb}. Says @${user.screenName} #${tag} no. ${sequence}`;
  return {
    id,
    userId: user.id,
    words: () => text.toLowerCase(),
    bytes: () => encoder.encode(statusJson(user, { id, ms, text, tag })),
  };
}

function statusJson(
  user: SandboxUser,
  { id, ms, text, tag }: { id: bigint; ms: number; text: string; tag: string },
): string {
  const at = text.indexOf(`#${tag}`);
  return `{"created_at":"${apiTime(ms)}","id":${id},"id_str":"${id}","full_text":${ascii(text)},` +
    `"truncated":false,"display_text_range":[0,${text.length}],"entities":{"hashtags":[{"text":"${tag}",` +
    `"indices":[${at},${at + tag.length + 1}]}],"symbols":[],"user_mentions":[{"screen_name":` +
    `${ascii(user.screenName)},"name":${ascii(user.name)},"id":${user.id},"id_str":"${user.id}",` +
    `"indices":[0,1]}],"urls":[{"url":"https:\\/\\/t.co\\/sandbox","expanded_url":` +
    `"https:\\/\\/example.org\\/${tag}","display_url":"example.org\\/${tag}","indices":[0,1]}]},` +
    `"source":"\\u003ca href=\\"https:\\/\\/example.org\\" rel=\\"nofollow\\"\\u003eSandbox\\u003c\\/a\\u003e",` +
    `"in_reply_to_status_id":null,"in_reply_to_status_id_str":null,"in_reply_to_user_id":null,` +
    `"in_reply_to_user_id_str":null,"in_reply_to_screen_name":null,"user":${userJson(user)},` +
    `"geo":null,"coordinates":null,"place":null,"contributors":null,"is_quote_status":false,` +
    `"retweet_count":${id % 97n},"favorite_count":${
      id % 89n
    },"favorited":false,"retweeted":false,` +
    `"possibly_sensitive":false,"lang":"en"}`;
}

/** `Wed Aug 27 13:08:45 +0000 2008` */
export function apiTime(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(",", "").split(" ");
  return `${day} ${month} ${date} ${time} +0000 ${year}`;
}

/** Returns a JSON string with escapes for all that is not ASCII, and for slashes, as the API writes it. */
function ascii(text: string): string {
  const json = JSON.stringify(text).replaceAll("/", "\\/");
  return json.replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const author = z.object({
  id_str: z.string().optional(),
  id: z.number().optional(),
  /** Absent where a tweet was requested with trim_user. */
  screen_name: z.string().optional(),
  name: z.string().default(""),
  protected: z.boolean().nullish(),
});
const fileStatus = z.object({
  id_str: z.string().regex(/^\d+$/).optional(),
  id: z.number(),
  full_text: z.string().optional(),
  text: z.string().optional(),
  user: author.optional(),
});

/** The content of a file of tweets. */
export interface Corpus {
  /** In the file's order. */
  statuses: Status[];
  users: SandboxUser[];
  /** Lines that are not tweets. */
  skipped: number;
}

/**
 * Reads a JSONL file of v1.1 statuses, or of responses of version 2, plain or compressed as tweets files are; each
 * tweet is served byte for byte.
 * @throws UserError for a file that cannot be read or has no tweets.
 */
export async function readCorpus(path: string): Promise<Corpus> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
    bytes = detectCodec(bytes)?.unpackBytes(bytes, MAX_BYTES) ?? bytes;
  } catch (cause) {
    throw new UserError(`${path} cannot be read: ${errorMessage(cause)}`, { cause });
  }
  const statuses: Status[] = [];
  const users = new Map<string, SandboxUser>();
  let skipped = 0;
  for (const line of splitLines(bytes)) {
    const found = readStatus(line) ?? readAnswer(line);
    if (!found) skipped++;
    for (const status of found?.statuses ?? []) statuses.push(status);
    for (const user of found?.users ?? []) users.set(user.id, user);
  }
  if (statuses.length === 0) {
    throw new UserError(`${path} has no tweets`, {
      hint: "Use a file of v1.1 tweets, or of responses of version 2, with one JSON object a line.",
    });
  }
  return { statuses, users: [...users.values()], skipped };
}

function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end;
    const line = bytes.subarray(start, bytes[stop - 1] === 0x0d ? stop - 1 : stop);
    if (line.length > 0) yield line;
    start = stop + 1;
  }
}

/** The content of a line. */
interface Found {
  statuses: Status[];
  users: SandboxUser[];
}

/** Returns the tweets of a response of version 2; version 1.1 serves them as far as they are known. */
function readAnswer(line: Uint8Array): Found | null {
  const found = sentTweets(line);
  return found && { statuses: found.tweets.map(sentStatus), users: found.users };
}

function sentStatus(sent: SentTweet): Status {
  const { id, authorId, says } = sent;
  const created = apiTime(publishedAt(BigInt(id)));
  const text =
    `{"created_at":"${created}","id":${id},"id_str":"${id}","full_text":${ascii(says)},` +
    `"user":{"id":${authorId},"id_str":"${authorId}"}}`;
  const words = says.toLowerCase();
  return {
    id: BigInt(id),
    userId: authorId,
    words: () => words,
    bytes: () => encoder.encode(text),
    sent,
  };
}

function readStatus(line: Uint8Array): Found | null {
  const text = new TextDecoder().decode(line);
  const parsed = fileStatus.safeParse(jsonOrNull(text));
  if (!parsed.success) return null;
  const { id_str, id, user, full_text } = parsed.data;
  // A number below 2^53 is exact; above, the digits of the first "id" are the tweet's own.
  const digits = id_str ?? (Number.isSafeInteger(id) ? `${id}` : /"id":\s*(\d+)/.exec(text)?.[1]);
  if (!digits) return null;
  const userId = user?.id_str ?? `${user?.id ?? 0}`;
  // Whose tweets came is followed by the owner of the keys.
  const isProtected = user?.protected ? { isProtected: true } : {};
  const words = (full_text ?? parsed.data.text ?? "").toLowerCase();
  return {
    statuses: [{ id: BigInt(digits), userId, words: () => words, bytes: () => line }],
    users: user?.screen_name
      ? [{
        id: userId,
        screenName: user.screen_name,
        name: user.name,
        state: "open",
        ...isProtected,
      }]
      : [],
  };
}
