import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { filesOf, readable, repaired, statuses } from "../fakes/damaged_collection.ts";
import { LiveStream } from "../fakes/live_stream.ts";

/** Whether a file has pages of a search, by its lines. */
async function pagesIn(store: MemoryStore, key: string): Promise<number> {
  const { bytes } = await store.get(key) ?? assert.fail();
  return gunzipSync(bytes).toString().split("\n").filter((line) => line.startsWith('{"data":['))
    .length;
}

/** The files that have what search found. */
async function searchedIn(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  for (const key of filesOf(store)) if (await pagesIn(store, key) > 0) found.push(key);
  return found;
}

/** Loses files, repairs, has the next harvest request it, and compares with what there was. */
async function lostAndFilled(live: LiveStream, lost: string[]) {
  const { store, clock } = live;
  const all = await readable(store);
  assert.ok(lost.length > 0);
  for (const key of lost) await store.delete(key);
  const { mended } = await repaired(store, clock);
  assert.match(mended.join("\n"), /the next harvest requests .* again/);
  const isBack = async () => {
    const now = await readable(store);
    assert.deepEqual(all.filter((id) => !now.includes(id)), []);
    assert.deepEqual(now.filter((id, i) => now.indexOf(id) !== i), []);
    return now.length;
  };
  await live.fill();
  const count = await isBack();
  // Where a search had been going on, a repair after it is over may request an empty span.
  await repaired(store, clock);
  await live.fill();
  assert.equal(await isBack(), count);
  assert.deepEqual((await repaired(store, clock)).mended, []);
  assert.deepEqual([...new Set(await statuses(store, clock))], ["filled"]);
}

const OUTAGE = { from: 60_000, to: 240_000 };

for (const rules of [["x"], ["one", "two"]]) {
  const by = rules.length === 1 ? "" : ", by two queries";
  Deno.test(`what search had found of an outage${by} is requested again where its file is lost`, async () => {
    const live = await LiveStream.open({ rules });
    await live.listen({ ms: 400_000, outages: [OUTAGE] });
    const [first = "", ...others] = await searchedIn(live.store);
    assert.ok(others.length > 0);
    await lostAndFilled(live, [first]);
  });

  Deno.test(`what a repair had requested again${by} is requested once more where that is lost`, async () => {
    const live = await LiveStream.open({ rules });
    await live.listen({ ms: 200_000 });
    const files = filesOf(live.store);
    await lostAndFilled(live, files.slice(2, 8));
    const again = (await searchedIn(live.store)).filter((key) => !files.includes(key));
    assert.ok(again.length > 1);
    await lostAndFilled(live, again.slice(0, 1));
    const third = (await searchedIn(live.store)).filter((key) => !files.includes(key));
    await lostAndFilled(live, third);
  });

  Deno.test(`a search for an outage${by} that a stop interrupted loses a file: the next harvest requests all`, async () => {
    const live = await LiveStream.open({ rules });
    live.pages = 2;
    await live.listen({ ms: 300_000, outages: [OUTAGE], isHasty: true });
    live.pages = Infinity;
    const searched = await searchedIn(live.store);
    await lostAndFilled(live, searched);
  });
}
