/** Answers of version 2 as files hold them: made ones with everything that is rare, and real ones where they are here. */

import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { v2PageFiles } from "../twitter_data.ts";

const PROBLEMS = "https://api.twitter.com/2/problems/";

/** A tweet or anything else that an answer has, as far as tests look into it. */
export type Part = { [name: string]: unknown } & {
  id?: string;
  media_key?: string;
  author_id?: string;
  attachments?: { poll_ids?: string[]; media_keys?: string[] };
  geo?: { place_id?: string };
  referenced_tweets?: { id: string }[];
  edit_history_tweet_ids?: string[];
};

/** An answer with tweets. */
export interface PageOfTweets {
  data: Part[];
  includes: { [kind: string]: Part[] };
  errors: Part[];
}

/** Two made answers: a poll, a place, media, an edited, a quoted, a withheld and a long post, and problems. */
export function madePages(): string[] {
  const user = (id: string, username: string, more = {}) => ({
    id,
    name: username,
    username,
    ...more,
  });
  const post = (id: string, author_id: string, more = {}) => ({
    id,
    text: `No. ${id} https:\/\/t.co\/x \u2603`,
    author_id,
    edit_history_tweet_ids: [id],
    created_at: "2023-01-01T10:00:00.000Z",
    public_metrics: { like_count: 1 },
    ...more,
  });
  const first = {
    data: [
      post("1609500000000000009", "11", { attachments: { poll_ids: ["1600000000000000001"] } }),
      post("1609500000000000008", "12", { geo: { place_id: "5a110d312052166f" } }),
      post("1609500000000000007", "11", {
        attachments: { media_keys: ["3_1609499999999999999"] },
        referenced_tweets: [{ type: "quoted", id: "1609499999999999998" }],
      }),
      post("1609500000000000006", "12", {
        referenced_tweets: [{ type: "replied_to", id: "1609400000000000000" }],
        in_reply_to_user_id: "99",
      }),
    ],
    includes: {
      users: [user("11", "ada"), user("12", "bo", { withheld: { country_codes: ["DE"] } })],
      tweets: [post("1609499999999999998", "12")],
      polls: [{ id: "1600000000000000001", options: [{ position: 1, label: "a/b", votes: 3 }] }],
      places: [{
        id: "5a110d312052166f",
        full_name: "Z\u00fcrich",
        geo: { bbox: [8.0, 47.3, 8.6, 47.4] },
      }],
      media: [{ media_key: "3_1609499999999999999", type: "photo", url: "https://e.org/a.jpg" }],
    },
    errors: [
      {
        value: "1609400000000000000",
        resource_id: "1609400000000000000",
        resource_type: "tweet",
        parameter: "referenced_tweets.id",
        title: "Not Found Error",
        detail: "Could not find tweet with referenced_tweets.id: [1609400000000000000].",
        type: `${PROBLEMS}resource-not-found`,
      },
      {
        value: "77",
        resource_type: "user",
        title: "Forbidden",
        detail: "User has been suspended: [77].",
        type: `${PROBLEMS}resource-not-found`,
      },
    ],
    meta: { result_count: 4 },
  };
  const long = {
    text: `${"long ".repeat(80)}@ada #a $b https://t.co/x`,
    entities: {
      mentions: [{ start: 400, end: 404, username: "ada", id: "11" }],
      hashtags: [{ start: 405, end: 407, tag: "a" }],
      cashtags: [{ start: 408, end: 410, tag: "b" }],
      urls: [{
        start: 411,
        end: 425,
        url: "https://t.co/x",
        expanded_url: "https://example.org/x",
      }],
    },
  };
  const second = {
    data: [
      post("1609500000000000005", "11", {
        edit_history_tweet_ids: ["1609500000000000004", "1609500000000000005"],
      }),
      post("1609500000000000003", "12", { withheld: { copyright: false, country_codes: ["FR"] } }),
      post("1609500000000000002", "12", { note_tweet: long }),
      post("1609500000000000001", "11", {
        referenced_tweets: [{ type: "retweeted", id: "1609500000000000000" }],
      }),
    ],
    includes: {
      users: [user("11", "ada"), user("12", "bo")],
      tweets: [
        post("1609500000000000004", "11"),
        post("1609500000000000000", "12", { note_tweet: long }),
      ],
    },
    meta: { result_count: 4 },
  };
  // A number and a space that no JavaScript would write.
  return [first, second].map((page) =>
    JSON.stringify(page).replaceAll("/", "\\/").replace('"like_count":1', '"like_count": 1.0')
  );
}

/** Writes the made answers into a folder; the files of those and of real ones that have tweets. */
export async function pageFiles(folder: string): Promise<string[]> {
  const made = join(folder, "made.jsonl");
  await Deno.writeTextFile(made, `${madePages().join("\n")}\n`);
  const files = [made];
  for (const file of await v2PageFiles()) if ((await pagesIn([file])).length > 0) files.push(file);
  return files;
}

/** The answers with tweets in files, in their order. */
export async function pagesIn(files: string[]): Promise<PageOfTweets[]> {
  const found: PageOfTweets[] = [];
  for (const file of files) {
    const bytes = await Deno.readFile(file);
    const text = new TextDecoder().decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    for (const line of text.split("\n").filter(Boolean)) found.push(...pageOf(line));
  }
  return found;
}

/** An answer with tweets; nothing for a line that is something else. */
export function pageOf(line: string): PageOfTweets[] {
  const { data, includes = {}, errors = [] } = JSON.parse(line);
  const tweets = (Array.isArray(data) ? data : [data]).filter((one) =>
    typeof one?.text === "string"
  );
  return tweets.length > 0 ? [{ data: tweets, includes, errors }] : [];
}

/** A value as JSON whose members are in the order of their names. */
export function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_name, inner) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a < b ? -1 : 1))
        : inner,
  );
}

/** What a tweet refers to of what an answer includes. */
export function includedFor(tweet: Part, { includes }: PageOfTweets): Part[] {
  const keys = new Set([
    tweet.author_id,
    tweet.geo?.place_id,
    ...tweet.attachments?.poll_ids ?? [],
    ...tweet.attachments?.media_keys ?? [],
    ...(tweet.referenced_tweets ?? []).map(({ id }) => id),
  ]);
  return Object.values(includes).flat().filter((one) => keys.has(one.media_key ?? one.id));
}
