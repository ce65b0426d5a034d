/** Other programs that read the same stream of version 1.1 into one file: what a harvester stands beside. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EndlessApi, type Shapes } from "../fakes/endless_api.ts";
import { twarc1 } from "../peers/python.ts";
import { PAGE } from "./cost.ts";
import { measured, program, type Taken } from "./one_harvest.ts";

/** A program, given the API's address, how many tweets to read, and the file to write. */
type Command = (address: string, tweets: string, file: string) => string[];

/** The least that a harvester could do in this runtime, for so many tweets. */
export async function bareLoop(tweets: number, shapes: Shapes): Promise<Taken> {
  return await taken(tweets, shapes, (address, ...others) => {
    const stream = new URL("1.1/statuses/filter.json", address).href;
    return program([stream, ...others], [], "tests/bench/bare.ts");
  });
}

/** What the Python original was built on, for so many tweets; null where it cannot be installed. */
export async function twarc1Loop(tweets: number, shapes: Shapes): Promise<Taken | null> {
  const python = await twarc1().catch(() => null);
  if (python === null) return null;
  const script = fileURLToPath(new URL("twarc1.py", import.meta.url));
  return await taken(tweets, shapes, (...args) => [python, script, ...args]);
}

async function taken(tweets: number, shapes: Shapes, command: Command): Promise<Taken> {
  await using api = new EndlessApi({ tweets, bytes: 0, page: PAGE.filter, shapes });
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const args = [api.url.href, `${tweets}`, join(folder, "tweets.jsonl.gz")] as const;
    return await measured(command(...args), { folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
