/** Harvesters that left cuts on their machine, after which another one has gone on. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import { namesIn } from "./folder.ts";
import { ManualClock } from "./manual_clock.ts";
import { failing, streamed } from "./slow_stream.ts";
import { run, tweets } from "./whole_harvest.ts";
import { WorldApi } from "./world_api.ts";

/** A store that is away. */
export const AWAY = new OutsideError("The store is away");
/** A world in which nobody writes. */
export const world = () => World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 });
/** Nothing comes any more. */
export const silent = () => new WorldApi(world());

/**
 * A harvester that left cuts in `<parent>/c`, after which another one, elsewhere, has gone on.
 * @param api Of the other one, by what has been left.
 */
export async function takenOver(
  parent: string,
  { api = silent, tweetsPerFile = 4, clock = new ManualClock(), pausedMs = 0 }: {
    api?: (left: string[]) => WorldApi;
    tweetsPerFile?: number;
    /** The other one's. */
    clock?: ManualClock;
    /** Milliseconds for which the harvester that left them was paused before it cut the first of them. */
    pausedMs?: number;
  } = {},
) {
  const own = { parent, patienceMs: 120_000, tweetsPerFile };
  const fail = failing(AWAY, 2);
  const { store, harvested, ids } = await streamed(8, (i, store, { clock }) => {
    fail(i, store);
    if (i === 2) clock.pause(pausedMs);
  }, own);
  await assert.rejects(harvested, /The store is away/);
  const stored = await tweets(store);
  assert.deepEqual(stored, ids.slice(0, 2));
  const left = (await idsBelow(join(parent, "c"))).filter((id) => !stored.includes(id));
  assert.ok(left.length > 2);
  await run(store, api(left), { parent: join(parent, "elsewhere"), clock });
  return { store, left, all: [...stored, ...left].toSorted() };
}

/** The tweets in the files that the notes in a folder name. */
async function idsBelow(folder: string): Promise<string[]> {
  const ids = new Set<string>();
  for (const place of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, place))) {
      if (!name.endsWith(".json")) continue;
      const { tweets } = JSON.parse(await Deno.readTextFile(join(folder, place, name)));
      if (!tweets) continue;
      const bytes = await Deno.readFile(join(folder, place, tweets.file.path));
      const lines = gunzipSync(bytes).toString().trimEnd().split("\n");
      for (const line of lines) ids.add(JSON.parse(line).id_str);
    }
  }
  return [...ids];
}
