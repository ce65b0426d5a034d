/** Tweets for measuring: recorded ones, with places for their ids, in the form in which the API sends them. */

import type { Shapes } from "../fakes/endless_api.ts";
import { twitterData } from "../twitter_data.ts";

/** The shapes of recorded tweets where they are here, of made ones elsewhere, and which they are. */
export async function shapesHere(): Promise<{ shapes: Shapes; from: string }> {
  try {
    return { shapes: await recordedShapes(), from: "recorded ones" };
  } catch {
    return { shapes: madeShapes(), from: "made ones, as the recorded ones are not here" };
  }
}

/** Tweets with the members and the sizes of recorded ones, of which gzip makes as much. */
export function madeShapes(): Shapes {
  const texts = Array.from({ length: DIFFERENT }, (_, i) => wordsOf(i));
  const posts = texts.map((text) =>
    JSON.stringify({ id: "@ID@", author_id: "@USER@", text, lang: "en", public_metrics: METRICS })
  );
  return {
    statuses: texts.map((text, i) =>
      JSON.stringify({ id: 0, id_str: "@ID@", full_text: text, user: userOf(i), ...METRICS })
        .replace('"id":0', '"id":@ID@')
    ),
    posts,
    lines: posts.map((post) => `{"data":${post},"matching_rules":[{"id":"1","tag":null}]}`),
    includes: JSON.stringify({ users: texts.slice(0, 20).map((_, i) => userOf(i)) }),
  };
}

/** Made tweets that differ. */
const DIFFERENT = 300;
const METRICS = { retweet_count: 3, reply_count: 0, like_count: 12, quote_count: 1 };

function userOf(i: number): Record<string, unknown> {
  const colors = Array.from({ length: 40 }, (_, k) => [`profile_member_${k}`, `${i * k % 997}`]);
  return {
    id: `${i}`,
    username: `n${i}`,
    description: wordsOf(i + 7),
    ...Object.fromEntries(colors),
  };
}

function wordsOf(seed: number): string {
  let last = seed + 1;
  return Array.from({ length: 24 }, () => (last = last * 48_271 % 2_147_483_647).toString(36))
    .join(" ");
}

/** The shapes of recorded tweets: statuses of 3.6 kB, and posts as dense. @throws where they are not there */
export async function recordedShapes(): Promise<Shapes> {
  const statuses = (await lines("v1/tweets-timelines-python-twitter.jsonl")).flatMap((line) => {
    const { id_str } = JSON.parse(line);
    if (/"protected": ?true/.test(line)) return [];
    return id_str ? [shapeOf(line, id_str)] : [];
  });
  const [page = "{}"] = await lines("v2/pages/search-recent-brexit-polls.jsonl");
  const { data, includes } = JSON.parse(page);
  const posts = data.map((post: { id: string }) => shapeOf(JSON.stringify(post), post.id));
  const streamed = (await lines("v2/stream/filtered-stream.jsonl")).map((line) => {
    const { data, includes } = JSON.parse(line);
    const rules = [{ id: "1", tag: null }];
    return shapeOf(JSON.stringify({ data, includes, matching_rules: rules }), data.id);
  });
  return { statuses, posts, lines: streamed, includes: JSON.stringify(includes) };
}

function shapeOf(tweet: string, id: string): string {
  return tweet.replaceAll(id, "@ID@");
}

async function lines(name: string): Promise<string[]> {
  const text = await twitterData(name);
  if (text === null) throw new Error(`${name} of the recorded payloads is not here`);
  return text.split("\n").filter((line) => line !== "");
}
