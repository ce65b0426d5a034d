/** How long the program takes to begin, and to harvest from an API that takes its time to answer. */

import { join } from "node:path";
import { EndlessApi } from "../fakes/endless_api.ts";
import { KEYS } from "../fakes/whole_harvest.ts";
import { BUCKET, envFor, measured, oneHarvest, program, type Taken } from "./one_harvest.ts";
import { times } from "./repeated.ts";

/** A command, and what each of its runs took. */
export interface Started {
  name: string;
  runs: Taken[];
}

/** Begins an empty program, and commands of this one, so many times each. */
export async function starts(runs: number): Promise<Started[]> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  await using api = new EndlessApi({ tweets: 0, bytes: 300, page: 1 });
  try {
    const env = await envFor(folder, api.url);
    await Deno.writeTextFile(join(folder, "empty.ts"), "");
    const keys = { ...KEYS, bearer_token: "e" };
    const config = { id: "c", type: "user_timeline", api: "1.1", keys, users: { 1000000: {} } };
    await Deno.writeTextFile(join(folder, "collection.json"), JSON.stringify(config));
    const run = program(["harvest", "run", "c", "--port", "0", "--shutdown", ...BUCKET]);
    await measured(program(["collection", "add", ...BUCKET]), { folder, env });
    const commands: [string, string[]][] = [
      ["an empty program", [...program([]).slice(0, -1), join(folder, "empty.ts")]],
      ["--help", program(["--help"])],
      ["collection list", program(["collection", "list", ...BUCKET])],
      ["harvest run, one user, nothing new", run],
    ];
    const started: Started[] = [];
    for (const [name, command] of commands) {
      // The first run compiles what is kept for the next ones; the first harvest brings a tweet.
      await measured(command, { folder, env });
      started.push({ name, runs: await times(runs, () => measured(command, { folder, env })) });
    }
    return started;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Milliseconds from the start of a harvester to its first request. */
export async function firstRequest(runs: number): Promise<number[]> {
  return await times(runs, async () => {
    let first = Infinity;
    const before = () => {
      first = Math.min(first, performance.now());
      return Promise.resolve();
    };
    await using api = new EndlessApi({ tweets: 1, bytes: 300, page: 1, before });
    const kind = { type: "search", api: "1.1" } as const;
    const harvest = { url: api.url, tweets: 1, page: 1 };
    const { looked, seconds } = await oneHarvest(
      kind,
      harvest,
      () => Promise.resolve(performance.now()),
    );
    return first - (looked - seconds * 1_000);
  });
}

/** Seconds that timelines take whose pages come after `ms` milliseconds. */
export async function withLatency(
  { users, ms }: { users: number; ms: number },
): Promise<{ seconds: number; pages: number }> {
  let pages = 0;
  const before = async () => {
    pages++;
    await new Promise((resolve) => setTimeout(resolve, ms));
  };
  await using api = new EndlessApi({ tweets: users, bytes: 300, page: 1, before });
  const kind = { type: "user_timeline", api: "1.1" } as const;
  const { seconds } = await oneHarvest(
    kind,
    { url: api.url, tweets: users, page: 1 },
    () => Promise.resolve(),
  );
  return { seconds, pages };
}
