import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { readCoverage } from "../../lib/bucket/coverage.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { World } from "../../lib/sandbox/world.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";
import { beyondRecent } from "../../lib/twitter/reach.ts";
import type { Gap, PageAt } from "../../lib/twitter/api.ts";
import { added, KEYS, run, told } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);

/** The gaps that harvests of a search record, by the days on which they are made; one tweet comes on the first. */
async function gapsOn(days: number[]): Promise<string[]> {
  let day = 0;
  const clock = { ...systemClock, now: () => START + day * DAY };
  const store = await added(
    { id: "c", type: "search", keys: KEYS, search: { query: "rare" } },
    clock,
  );
  const api = new WorldApi(World.create({ clock, users: 0, tweetsPerUser: 0 }));
  const id = timeId(START);
  const line = new TextEncoder().encode(JSON.stringify({ id_str: id }));
  // As both versions of the API answer.
  api.search = (_query: string, at: PageAt) => {
    const gap = beyondRecent(at, clock.now());
    const news = at.sinceId === undefined && at.untilId === undefined
      ? { lines: [line], count: 1, newestId: id, oldestId: id }
      : { lines: [], count: 0 };
    return Promise.resolve(gap ? { ...news, gap } : news);
  };
  const found: string[] = [];
  for (day of days) {
    await run(store, api, { clock, flushMs: 15_000 });
    const began = `${(await told(store)).at(-1)?.harvest_timestamp}`;
    const gaps = await store.get(`${collectionKeys("c").harvest(Date.parse(began))}gaps.jsonl`);
    for (const text of new TextDecoder().decode(gaps?.bytes).split("\n").filter(Boolean)) {
      const { from, to }: Gap = JSON.parse(text);
      const of = (time: number) => Math.round((time - START) / DAY * 10) / 10;
      found.push(`${day}: ${of(from)}-${of(to)}`);
    }
  }
  assert.equal((await readCoverage(store, "c")).length, days.length);
  return found;
}

Deno.test("a search that finds nothing new for weeks misses nothing where it is asked often enough", async () => {
  assert.deepEqual(await gapsOn([0, 5, 10, 15, 20, 25, 30]), []);
});

Deno.test("a month off is a gap from the last harvest to seven days before the next, recorded once", async () => {
  assert.deepEqual(await gapsOn([0, 5, 40, 45, 50]), ["40: 5-33"]);
});
