/**
 * Streams of real harvesters, of either version, each killed three times in the midst of a burst, and its bucket
 * damaged and repaired each time: what the API has sent is in the bucket once, or in a gap that is told.
 */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { isOlder, timeId } from "../../lib/twitter/bytes/ids.ts";
import { filesBelow, inOneProcess, type Place, until } from "../e2e/program.ts";
import { inTurns } from "../fakes/turns.ts";
import { Chance } from "./random.ts";

const PLAYS = [0, 1, 2, 3, 4, 5, 6].flatMap((seed) =>
  (["1.1", "2"] as const).map((api) => ({ seed, api }))
);
/** Of as many, one is played by a run of the tests. */
const SHARE = 7;

/** Every id of which a reader gets the tweet, damaged files as far as they can be read. */
async function readable(place: Place): Promise<string[]> {
  const ids: string[] = [];
  for await (const file of filesBelow(place.path("twarc-cloud-data", "collections", "live"))) {
    if (!/\/harvests\/.*\/tweets-[^/]*\.gz$/.test(file)) continue;
    const text = gunzipSync(await Deno.readFile(file), { finishFlush: 2 }).toString();
    // A line without an end is none.
    for (const line of text.split("\n").slice(0, -1)) {
      const { data, id_str } = JSON.parse(line);
      ids.push(...(data === undefined ? [id_str] : [data].flat().map(({ id }) => id)));
    }
  }
  return ids;
}

/** The gaps of which not all has been asked for again. */
async function openGaps(place: Place) {
  const gaps: { from: string; to: string; status: string; since_id?: string; until_id?: string }[] =
    JSON.parse(await place.ok("collection", "gaps", "live", "--json"));
  return gaps.filter(({ status }) => status !== "filled").map((gap) => ({
    sinceId: gap.since_id ?? timeId(Date.parse(gap.from) - 1),
    untilId: gap.until_id ?? timeId(Date.parse(gap.to) + 1),
  }));
}

/** Damages a bucket, each time in another way. */
async function damage(place: Place, nth: number, chance: Chance): Promise<void> {
  const root = place.path("twarc-cloud-data", "collections", "live");
  if (nth === 1) {
    const checkpoint = `${root}/checkpoint.json`;
    const { size } = await Deno.stat(checkpoint);
    return await Deno.writeFile(checkpoint, new Uint8Array(size));
  }
  const name = nth === 0 ? /\/tweets-[^/]*\.gz$/ : /\/manifest-sha1\.txt$/;
  const files = (await Array.fromAsync(filesBelow(`${root}/harvests`)))
    .filter((file) => name.test(file)).toSorted();
  const file = files[chance.whole(0, files.length - 1)] ?? assert.fail("There is nothing");
  if (nth !== 0) return await Deno.remove(file);
  const { size } = await Deno.stat(file);
  await Deno.truncate(file, Math.floor(size * chance.next()));
}

async function play(place: Place, { api, chance, sent }: {
  api: "1.1" | "2";
  chance: Chance;
  sent: string[];
}): Promise<void> {
  const { sandbox } = place;
  const keys = api === "2" ? { bearer_token: sandbox.bearer } : { ...sandbox.keys };
  await place.add({ id: "live", type: "filter", api, keys, filter: { track: "sandbox" } });
  const run = async () => {
    const limits = ["--flush-secs", "1", "--tweets-per-file", "40"];
    const harvester = place.spawn(["harvest", "run", "--shutdown", ...limits, "live"]);
    await until(() => Promise.resolve(sandbox.streams.size + sandbox.filtered.size > 0));
    return harvester;
  };
  const inBucket = async () => new Set(await readable(place).catch(() => []));
  for (let nth = 0; nth < 3; nth++) {
    const harvester = await run();
    const first = place.post(chance.whole(30, 100));
    await until(async () => {
      const there = await inBucket();
      return first.some((id) => there.has(id));
    });
    for (let bursts = chance.whole(1, 5); bursts > 0; bursts--) {
      place.post(chance.whole(1, 60));
      await new Promise((resolve) => setTimeout(resolve, chance.whole(0, 400)));
    }
    await place.kill(harvester, "live");
    await until(() => Promise.resolve(sandbox.streams.size + sandbox.filtered.size === 0));
    place.post(chance.whole(0, 5));
    await damage(place, nth, chance);
    const { code, err } = await place.run("collection", "verify", "--repair", "live");
    // A truncated file stays a finding.
    assert.ok(code === 0 || code === 1, err);
  }
  const last = await run();
  const posted = place.post(20);
  await until(async () => {
    const there = await inBucket();
    return posted.every((id) => there.has(id));
  });
  await place.end(last, "live");
  const { code, stderr } = await last.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const there = await readable(place);
  assert.deepEqual(there.filter((id, n) => there.indexOf(id) !== n), [], "twice");
  const [gaps, ids] = [await openGaps(place), new Set(there)];
  const lost = sent.filter((id) =>
    !ids.has(id) &&
    !gaps.some(({ sinceId, untilId }) => isOlder(sinceId, id) && isOlder(id, untilId))
  );
  assert.deepEqual(lost, [], "neither there nor in a gap");
  assert.ok(sent.length > 100 && ids.size > 50);
}

for (const { seed, api } of inTurns(PLAYS, 0, SHARE)) {
  Deno.test(`a stream of version ${api} that is killed and damaged three times has each tweet that was sent once, or tells of it (${seed})`, () => {
    const sent: string[] = [];
    return inOneProcess((place) => play(place, { api, chance: new Chance(seed), sent }), {
      world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 0 }),
      onSent: ({ id }) => void sent.push(`${id}`),
    });
  });
}
