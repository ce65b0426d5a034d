/** Collections of tweets as they are recorded, in a store, for exports. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { formatManifest } from "../../lib/bucket/manifest.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import type { Store } from "../../lib/store/store.ts";
import { type Counts, type Exported, exportTo } from "../../lib/export/run.ts";
import type { PostWriter, Sink } from "../../lib/export/writer.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { v1TweetFiles, v2PageFiles } from "../twitter_data.ts";

/** Writes a harvest with files of these lines; the keys of the files. */
export async function writeHarvest(
  store: Store,
  id: string,
  files: string[][],
  began = Date.UTC(2026, 0, 2, 3, 4, 5),
): Promise<string[]> {
  const folder = collectionKeys(id).harvest(began);
  const listed: { sha1: string; name: string }[] = [];
  for (const [i, lines] of files.entries()) {
    const bytes = gzipSync(lines.map((line) => `${line}\n`).join(""));
    const name = `tweets-2026010203040${i}.jsonl.gz`;
    await store.put(`${folder}${name}`, bytes);
    listed.push({ sha1: createHash("sha1").update(bytes).digest("hex"), name });
  }
  await store.put(`${folder}manifest-sha1.txt`, formatManifest(listed));
  return listed.map(({ name }) => `${folder}${name}`);
}

/** What an export of a file of these lines writes. */
export async function exported(
  lines: string[],
  open: (sink: Sink) => PostWriter,
  options: Partial<Exported> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return (await exportedOf([lines], open, options)).bytes;
}

/** What an export of files of these lines writes, and counts. */
export async function exportedOf(
  files: string[][],
  open: (sink: Sink) => PostWriter,
  options: Partial<Exported> = {},
): Promise<{ bytes: Uint8Array<ArrayBuffer>; counts: Counts }> {
  const store = new MemoryStore();
  const keys = await writeHarvest(store, "all", files);
  const blocks: Uint8Array[] = [];
  const sink = { write: (bytes: Uint8Array) => Promise.resolve(void blocks.push(bytes.slice())) };
  const counts = await exportTo(open(sink), {
    store,
    files: keys.map((key) => ({ collection: "all", key })),
    selection: { retweets: true },
    referenced: false,
    keepDuplicates: false,
    signal: new AbortController().signal,
    ...options,
  });
  return { bytes: Uint8Array.from(Buffer.concat(blocks)), counts };
}

/** The lines of recorded statuses of version 1.1, by file; none where they are not here. */
export async function recordedStatuses(): Promise<string[][]> {
  return await Promise.all((await v1TweetFiles()).map(linesOf));
}

/** The lines of recorded answers of version 2 with tweets, by file; none where they are not here. */
export async function recordedAnswers(): Promise<string[][]> {
  const files = await Promise.all((await v2PageFiles()).map(linesOf));
  const hasTweets = (line: string) => {
    const { data } = JSON.parse(line);
    return [data].flat().some((one) => one?.text !== undefined);
  };
  return files.map((lines) => lines.filter(hasTweets)).filter((lines) => lines.length > 0);
}

async function linesOf(path: string): Promise<string[]> {
  const bytes = await Deno.readFile(path);
  const text = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  return new TextDecoder().decode(text).split("\n").filter((line) => line.trim() !== "");
}

/** Made statuses of version 1.1 with what is rare: a retweet, a quote, an answer, a place, media, a long text. */
export function madeStatuses(): string[] {
  const user = {
    id: 11,
    id_str: "11",
    screen_name: "ada",
    name: 'Ada, "A"',
    description: "line\nbreak",
    created_at: "Wed Aug 27 13:08:45 +0000 2008",
    default_profile_image: false,
    favourites_count: 3,
    followers_count: 4,
    friends_count: 5,
    listed_count: 6,
    statuses_count: 7,
    location: "",
    time_zone: null,
    verified: true,
    entities: { url: { urls: [{ url: "https://t.co/a", expanded_url: "https://example.org/a" }] } },
  };
  const status = (n: number, more = {}) => ({
    id: Number(`10000000000000000${n}`),
    id_str: `10000000000000000${n}`,
    created_at: `Mon Mar 28 14:36:0${n} +0000 2016`,
    text: `No. ${n}, "quoted"\r\nand =more`,
    entities: { hashtags: [{ text: "a" }, { text: "b" }], urls: [{ expanded_url: null }] },
    in_reply_to_status_id: null,
    in_reply_to_user_id: null,
    in_reply_to_screen_name: null,
    favorite_count: n,
    retweet_count: 2 * n,
    lang: "en",
    place: null,
    coordinates: null,
    source: '<a href="https://example.org">Web</a>',
    user,
    ...more,
  });
  const media = [{ media_url_https: "https://pbs.example.org/1.jpg" }];
  return [
    status(0),
    status(1, {
      retweeted_status: status(0, { full_text: "all of it" }),
      text: "RT @ada: all o\u2026",
    }),
    status(2, { quoted_status: status(0), possibly_sensitive: true }),
    status(3, { in_reply_to_status_id: 5, in_reply_to_user_id: 6, in_reply_to_screen_name: "bo" }),
    status(4, { coordinates: { type: "Point", coordinates: [8.5, 47.371234567] } }),
    status(5, { place: { full_name: "Zürich, Schweiz" }, extended_entities: { media } }),
    status(6, {
      extended_tweet: { full_text: "the long text" },
      entities: { hashtags: [], urls: [], media },
    }),
  ].map((one) => JSON.stringify(one));
}
