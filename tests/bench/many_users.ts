/** What a collection of many users takes: harvested, gone on with after a kill, verified and repaired. */

import { join } from "node:path";
import { EndlessApi } from "../fakes/endless_api.ts";
import { KEYS } from "../fakes/whole_harvest.ts";
import { BUCKET, envFor, measured, program, type Taken } from "./one_harvest.ts";

/** Bytes of a tweet. */
const BYTES = 300;
/** Bytes of the checkpoint for each user at which a harvest is killed: most of them are read then. */
const KILLED_AT = 90;
const HARVEST = ["harvest", "run", "c", "--port", "0", "--shutdown", ...BUCKET];
const VERIFY = ["collection", "verify", "c", ...BUCKET];

/** What each took, by what it was. */
export type ManyUsers = Record<
  "harvested" | "verified" | "repaired" | "after a kill",
  Taken
>;

/** Harvests a tweet of each user, from a server of this machine. */
export async function manyUsers(users: number): Promise<ManyUsers> {
  const [harvested, verified, repaired] = await inFolder(users, async (run) => [
    await run(HARVEST),
    await run(VERIFY),
    await run([...VERIFY, "--repair"]),
  ]);
  const [goneOn] = await inFolder(users, async (run, kill) => {
    await kill();
    return [await run(HARVEST)];
  });
  if (!harvested || !verified || !repaired || !goneOn) throw new Error("One was not measured");
  return { harvested, verified, repaired, "after a kill": goneOn };
}

/** Calls `act` with what runs a command on a new collection, and what has a harvest of it killed near its end. */
async function inFolder(
  users: number,
  act: (run: (args: string[]) => Promise<Taken>, kill: () => Promise<void>) => Promise<Taken[]>,
): Promise<Taken[]> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  await using api = new EndlessApi({ tweets: users, bytes: BYTES, page: 1 });
  try {
    const ids = Array.from({ length: users }, (_, i) => `${1_000_000 + i}`);
    const config = {
      id: "c",
      type: "user_timeline",
      api: "2",
      keys: { ...KEYS, bearer_token: "e" },
      users: Object.fromEntries(ids.map((id) => [id, {}])),
    };
    await Deno.writeTextFile(join(folder, "collection.json"), JSON.stringify(config));
    const env = await envFor(folder, api.url);
    const run = (args: string[]) => measured(program(args), { folder, env });
    await run(["collection", "add", ...BUCKET]);
    return await act(run, () => killNearEnd({ folder, env }, users * KILLED_AT));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Harvests, and kills the harvester once its checkpoint has so many bytes. */
async function killNearEnd(
  { folder, env }: { folder: string; env: Record<string, string> },
  bytes: number,
): Promise<void> {
  const [command = "", ...args] = program(HARVEST);
  const child = new Deno.Command(command, {
    args,
    cwd: folder,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  const ended = child.status.finally(() => isOver = true);
  const checkpoint = join(folder, "bucket", "collections", "c", "checkpoint.json");
  const size = async () => (await Deno.stat(checkpoint).catch(() => ({ size: 0 }))).size;
  while (!isOver && await size() < bytes) await new Promise((resolve) => setTimeout(resolve, 50));
  if (isOver) {
    throw new Error("The harvest ended before it could be killed: there are too few users");
  }
  child.kill("SIGKILL");
  await ended;
}
