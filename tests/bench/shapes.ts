/** Tweets for measuring: recorded ones, with places for their ids, in the form in which the API sends them. */

import type { Shapes } from "../fakes/endless_api.ts";
import { twitterData } from "../twitter_data.ts";

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
