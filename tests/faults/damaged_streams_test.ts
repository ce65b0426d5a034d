/**
 * Streams by chance, of either version, over ends of harvests, outages and stops, whose files are damaged by chance:
 * after a repair and one more harvest all is there that the API still has, and nothing twice.
 */

import assert from "node:assert/strict";
import { FILES } from "../../lib/collection/layout.ts";
import { readGaps } from "../../lib/bucket/gaps.ts";
import { isOlder, timeId } from "../../lib/twitter/bytes/ids.ts";
import { CHECKPOINT, filesOf, hurt, readable, repaired } from "../fakes/damaged_collection.ts";
import { type Listening, LiveStream } from "../fakes/live_stream.ts";
import { PLAYS_ALL } from "../fakes/turns.ts";
import { Chance } from "./random.ts";

/** How many are played. */
const SEEDS = Number(Deno.env.get("TWARC_CLOUD_SEEDS") ?? (PLAYS_ALL ? 10 : 2));
/** The first, the same in each run: TWARC_CLOUD_SEED plays others. */
const SEED = Number(Deno.env.get("TWARC_CLOUD_SEED") ?? 7_000);
/** Milliseconds that a tweet is late at most: with the step of the clock, less than a minute. */
const LATEST = 50_000;

/** What a harvester is to see. */
function listening(chance: Chance): Listening & { pages: number } {
  const ms = chance.whole(10, 40) * 5_000;
  const everyMs = chance.of([500, 1_000, 2_000, 5_000]);
  const span = () => {
    const from = chance.whole(0, ms);
    return { from, to: from + chance.whole(1, 12) * 5_000 };
  };
  const some = (most: number) => Array.from({ length: chance.whole(0, most) }, span);
  const [late, shares] = [new Map<number, number>(), chance.of([0, 0.1, 0.5])];
  return {
    ms,
    everyMs,
    msPerHarvest: chance.of([0, 15_000, 30_000, 60_000]),
    tweetsPerFile: chance.of([5, 10, 30]),
    lateMs: (nth) => {
      const known = late.get(nth) ?? (chance.next() < shares ? chance.whole(0, LATEST) : 0);
      late.set(nth, known);
      return known;
    },
    quiet: some(2),
    outages: some(2),
    isKilled: chance.next() < 0.2,
    isHasty: chance.next() < 0.3,
    pages: chance.next() < 0.3 ? chance.whole(0, 4) : Infinity,
  };
}

/** Has harvesters listen. */
async function listen(live: LiveStream, chance: Chance): Promise<void> {
  for (let harvesters = chance.whole(1, 3); harvesters > 0; harvesters--) {
    const { pages, ...given } = listening(chance);
    live.pages = pages;
    // One that waits until all is requested would wait for ever.
    await live.listen({ ...given, isHasty: given.isHasty || pages < Infinity });
    live.pages = Infinity;
    if (chance.next() < 0.5) await live.pause(chance.whole(1, 60) * 60_000);
  }
}

/** Damages files, also those that are damaged already. @returns What was done, for a person. */
async function damage(
  { store }: LiveStream,
  chance: Chance,
  damaged: Set<string>,
): Promise<string> {
  const files = filesOf(store);
  const share = chance.of([0, 0.1, 0.3, 1]);
  const only = chance.whole(0, files.length - 1);
  const hit = files.filter((_, n) => n === only || chance.next() < share);
  const done: string[] = [];
  for (const key of hit) {
    // Only what is whole can be unpacked, and altered.
    const how = chance.of(["deleted", "cut", "zeroed", damaged.has(key) ? "zeroed" : "altered"]);
    damaged.add(key);
    await hurt(store, key, how, chance.next());
    done.push(`${how} ${key.slice(key.indexOf("harvests/") + 9)}`);
  }
  if (chance.next() < 0.3) {
    await store.delete(CHECKPOINT);
    done.push("no checkpoint");
  }
  return done.join(", ");
}

/** Those of some ids that are in no recorded gap: of a file of a killed harvest, the next one records it. */
async function unrecorded({ store }: LiveStream, ids: string[]): Promise<string[]> {
  const keys = store.keys().filter((key) => key.endsWith(`/${FILES.gaps}`));
  const gaps = (await Promise.all(keys.map((key) => readGaps(store, key)))).flat();
  return ids.filter((id) =>
    !gaps.some(({ from, to, since_id, until_id }) =>
      isOlder(since_id ?? timeId(Date.parse(from) - 1), id) &&
      isOlder(id, until_id ?? timeId(Date.parse(to) + 1))
    )
  );
}

async function play(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const api = chance.of<"2" | "1.1">(["2", "2", "1.1"]);
  const rules = chance.of([["x"], ["one", "two"]]);
  const live = await LiveStream.open({ api, rules });
  await listen(live, chance);
  const damaged = new Set<string>();
  let all = new Set(await readable(live.store));
  for (let round = 1; round <= 2 && all.size > 0; round++) {
    const what = `seed ${seed}, round ${round}: ${await damage(live, chance, damaged)}`;
    await repaired(live.store, live.clock);
    assert.deepEqual((await repaired(live.store, live.clock)).mended, [], what);
    if (chance.next() < 0.5) await live.fill();
    else await live.listen({ ...listening(chance), isKilled: false, isHasty: false });
    const now = await readable(live.store);
    const back = new Set(now);
    const lost = [...all].filter((id) => !back.has(id));
    // Version 1.1 has no search for it.
    const isWrong = api === "2" ? lost : await unrecorded(live, lost);
    assert.deepEqual(isWrong, [], `lost, ${what}`);
    assert.deepEqual(now.filter((id, n) => now.indexOf(id) !== n), [], `twice, ${what}`);
    all = back;
  }
}

for (let n = 0; n < SEEDS; n++) {
  const seed = SEED + n;
  Deno.test(`a stream by chance that is damaged by chance gets back all, and nothing twice (${n + 1})`, async () => {
    try {
      await play(seed);
    } catch (error) {
      throw new Error(`TWARC_CLOUD_SEED=${seed} plays it`, { cause: error });
    }
  });
}
