import assert from "node:assert/strict";
import { AFTER, AWAY, BEFORE, DAY, foldersOf, idsIn, infoOf, START } from "./fakes/seam.ts";
import { verify } from "../lib/archive/verify.ts";
import { download } from "../lib/cli/collection/download.ts";
import { systemClock } from "../lib/base/clock.ts";
import { World } from "../lib/sandbox/world.ts";
import { failing, FILTER, streamed } from "./fakes/slow_stream.ts";
import { json, text, tweets } from "./fakes/whole_harvest.ts";

const OVER_MIDNIGHT = { start: START, msPerHarvest: DAY };

Deno.test("at midnight a stream's harvest ends, and another goes on in its place on the same connection", async () => {
  let openedAgain = 0;
  const { store, harvested, ids } = await streamed(6, (i, _store, { api }) => {
    if (i !== 0) return;
    const stream = api.stream.bind(api);
    api.stream = (...all) => {
      openedAgain++;
      return stream(...all);
    };
  }, OVER_MIDNIGHT);
  await harvested;
  assert.deepEqual(foldersOf(store), [BEFORE, AFTER]);
  assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 3));
  assert.deepEqual(await idsIn(store, AFTER), ids.slice(3));
  assert.equal(openedAgain, 0);
  assert.equal(store.keys().some((key) => key.endsWith("gaps.jsonl")), false);
  const { outcome, reason, harvest_timestamp, harvest_end_timestamp, tweets } = await infoOf(
    store,
    BEFORE,
  );
  assert.deepEqual(
    { outcome, harvest_timestamp, harvest_end_timestamp, tweets },
    {
      outcome: "complete",
      harvest_timestamp: "2026-01-02T23:57:05.000Z",
      harvest_end_timestamp: "2026-01-03T00:00:00.000Z",
      tweets: 3,
    },
  );
  assert.match(reason, /time was over/);
  const [isGone, onFile] = [() => true, () => {}];
  const { signal } = new AbortController();
  const look = { store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
  const { faults, read } = await verify(look);
  assert.deepEqual([faults, read.harvests], [[], 2]);
  const to = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await download({ store, collectionId: "c", to, clean: false, onFile });
    for (const folder of [BEFORE, AFTER]) {
      const manifest = await Deno.readTextFile(`${to}/${folder}manifest-sha1.txt`);
      assert.equal(manifest, await text(store, `${folder}manifest-sha1.txt`));
    }
  } finally {
    await Deno.remove(to, { recursive: true });
  }
  const { harvest_timestamp: next } = await infoOf(store, AFTER);
  assert.equal(next, "2026-01-03T00:00:00.000Z");
});

Deno.test("a harvest is final the moment its time is over, and the lease is kept over the seam", async () => {
  const at = new Map<number, Awaited<ReturnType<typeof streamed>>["store"]>();
  const { harvested } = await streamed(7, (i, store) => at.set(i, store.copy()), OVER_MIDNIGHT);
  await harvested;
  // The fourth tweet comes five seconds after midnight; nothing has come of the next harvest yet.
  const [before, after] = [at.get(2), at.get(3)];
  assert.ok(before && after);
  assert.equal(before.keys().includes(`${BEFORE}harvest.json`), false);
  const { outcome, files } = await infoOf(after, BEFORE);
  assert.deepEqual([outcome, files], ["complete", 1], "its pieces are one file");
  const { harvest_id } = await json(after, "collections/c/last_harvest.json");
  assert.equal(harvest_id, "2026-01-02T23:57:05.000Z");
  const { state, began, files: open, cuts } = await json(after, "collections/c/checkpoint.json");
  assert.deepEqual([state, began, open, cuts], ["harvesting", Date.UTC(2026, 0, 3), [], 1]);
  const locks = await Promise.all(
    [before, at.get(5) ?? after].map((store) => json(store, "collections/c/lock.json")),
  );
  assert.equal(locks[0].holder, locks[1].holder);
  assert.equal(locks[1].harvest_id, "2026-01-03T00:00:00.000Z");
  assert.equal(locks[1].progress.harvest_timestamp, "2026-01-03T00:00:00.000Z");
});

Deno.test("hours that are no part of a day count from 1970 on, and 0 is for never", async () => {
  const never = await streamed(6, () => {}, { ...OVER_MIDNIGHT, msPerHarvest: 0 });
  await never.harvested;
  assert.deepEqual(foldersOf(never.store), [BEFORE]);
  const minutes = await streamed(6, () => {}, { ...OVER_MIDNIGHT, msPerHarvest: 120_000 });
  await minutes.harvested;
  assert.deepEqual(foldersOf(minutes.store).map((folder) => folder.slice(-9, -1)), [
    "23/57/05",
    "23/58/00",
    "00/00/00",
    "00/02/00",
  ]);
  assert.deepEqual(await tweets(minutes.store), minutes.ids);
});

Deno.test("what comes beside tweets is of the harvest in which it comes, and counts anew in each", async () => {
  const messageOf = (i: number) => ({
    kind: "limit",
    line: new TextEncoder().encode(JSON.stringify({ limit: { track: 10 * (i + 1) } })),
    undelivered: 10 * (i + 1),
  });
  const gap = { from: Date.UTC(2026, 0, 2, 23, 59, 30), to: Date.UTC(2026, 0, 3, 0, 1), why: "x" };
  const beside = (i: number) => ({
    messages: [messageOf(i)],
    ...(i === 4 ? { gap } : {}),
  });
  const { store, harvested } = await streamed(6, () => {}, { ...OVER_MIDNIGHT, beside });
  await harvested;
  const counts = await Promise.all([BEFORE, AFTER].map(async (folder) => {
    const { messages, undelivered, gaps } = await infoOf(store, folder);
    return { messages, undelivered, gaps };
  }));
  assert.deepEqual(counts, [
    { messages: { limit: 3 }, undelivered: 30, gaps: 0 },
    { messages: { limit: 3 }, undelivered: 30, gaps: 1 },
  ]);
  const lines = await Promise.all(
    [BEFORE, AFTER].map((folder) => text(store, `${folder}messages.jsonl`)),
  );
  assert.deepEqual(lines.map((file) => file.trimEnd().split("\n").length), [3, 3]);
  assert.deepEqual(JSON.parse(await text(store, `${AFTER}gaps.jsonl`)), gap);
  assert.equal(store.keys().includes(`${BEFORE}gaps.jsonl`), false);
});

Deno.test("a bucket that is away at midnight gets both harvests once it is back, each with its own", async () => {
  const during: Promise<{ harvest_timestamp: string; tweets: number; files: number }>[] = [];
  const lock: { control: string }[] = [];
  const minutes = failing(AWAY, 1, 6);
  const { store, harvested, ids } = await streamed(9, (i, store) => {
    if (i === 1) json(store, "collections/c/lock.json").then((found) => lock.push(found));
    if (i === 5) during.push(fetch(lock[0]?.control ?? "").then((answer) => answer.json()));
    minutes(i, store);
  }, OVER_MIDNIGHT);
  await harvested;
  assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 3));
  assert.deepEqual(await idsIn(store, AFTER), ids.slice(3));
  const [{ harvest_timestamp, tweets, files } = assert.fail()] = await Promise.all(during);
  assert.deepEqual([harvest_timestamp, files], ["2026-01-03T00:00:00.000Z", 0]);
  assert.ok(tweets === 2 || tweets === 3, "those that came after midnight");
});

Deno.test("the clock that is set back over midnight begins no harvest twice, and one that is set on begins one", async () => {
  const back = await streamed(8, (i, _store, { clock }) => {
    if (i === 4) clock.jump(-240_000);
  }, OVER_MIDNIGHT);
  await back.harvested;
  assert.deepEqual(foldersOf(back.store), [BEFORE, AFTER]);
  assert.deepEqual(await tweets(back.store), back.ids);
  const on = await streamed(5, (i, _store, { clock }) => {
    if (i === 1) clock.jump(5 * DAY);
  }, OVER_MIDNIGHT);
  await on.harvested;
  assert.equal(foldersOf(on.store).length, 3, "the jump, and the midnight after it");
  assert.deepEqual(await tweets(on.store), on.ids);
});

Deno.test("the configuration of the next harvest is the one that the stream was opened with", async () => {
  const { store, harvested } = await streamed(6, (i, store) => {
    if (i !== 1) return;
    const key = "collections/c/collection.json";
    json(store, key).then((config) =>
      store.put(
        key,
        new TextEncoder().encode(JSON.stringify({ ...config, filter: { track: "other" } })),
      )
    );
  }, OVER_MIDNIGHT);
  await harvested;
  assert.deepEqual((await json(store, `${AFTER}collection.json`)).filter, { track: "x" });
  const { filter } = await json(store, "collections/c/collection.json");
  assert.deepEqual(filter, { track: "other" }, "what somebody changed meanwhile is left as it is");
});

Deno.test("what this machine's disk damages of a harvest that is over, but not in the bucket, ends no stream, and is a gap in the next", async () => {
  let isDamaged = false;
  const { store, harvested, ids } = await streamed(9, (i, store) => {
    store.before = async ({ method, path }) => {
      if (i >= 1 && i < 5) throw AWAY;
      if (method !== "upload" || !path || isDamaged) return;
      isDamaged = i >= 5;
      if (isDamaged) await Deno.truncate(path, 10);
    };
  }, OVER_MIDNIGHT);
  await harvested;
  assert.ok(isDamaged);
  assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 1), "what was there before");
  assert.deepEqual(await idsIn(store, AFTER), ids.slice(3));
  const { outcome, tweets } = await infoOf(store, BEFORE);
  assert.deepEqual([outcome, tweets], ["complete", 1]);
  const { from, to, why } = JSON.parse(await text(store, `${AFTER}gaps.jsonl`));
  assert.deepEqual([to, why], [
    Date.UTC(2026, 0, 3),
    "This machine's disk damaged tweets before they were uploaded",
  ]);
  assert.ok(from < START + 60_000);
  const next = await infoOf(store, AFTER);
  assert.deepEqual([next.gaps, next.tweets], [1, ids.length - 3]);
});

Deno.test("a search for what the stream missed that is under way at midnight goes on, and what it brings is of the day in which it comes", async () => {
  const searched: string[] = [];
  const standing: ReturnType<typeof json>[] = [];
  const gap = { from: START + 60_000, to: START + 100_000, why: "The connection was lost" };
  const isSearched = Promise.withResolvers<void>();
  const config = { ...FILTER, api: "2", filter: { track: "x" } };
  const { store, harvested, ids } = await streamed(6, (i, store, { api }) => {
    if (i === 0) {
      const [line] = World.create({ clock: systemClock, users: 1, tweetsPerUser: 1 })
        .search("sandbox", { count: 1 });
      api.search = async () => {
        searched.push("asked");
        await isSearched.promise;
        if (!line || searched.length > 1) return { lines: [], count: 0 };
        const id = `${line.id}`;
        return { lines: [line.bytes()], count: 1, newestId: id, oldestId: id };
      };
    }
    if (i === 3) {
      const positions = json(store, "collections/c/checkpoint.json");
      standing.push(positions);
    }
    if (i === 4) isSearched.resolve();
  }, { ...OVER_MIDNIGHT, config, beside: (i) => i === 1 ? { gap } : {} });
  await harvested;
  assert.equal(searched.length, 1);
  const [{ state, began, positions } = assert.fail()] = await Promise.all(standing);
  assert.deepEqual([state, began], ["harvesting", Date.UTC(2026, 0, 3)]);
  assert.ok(Object.keys(positions).some((walk) => walk.startsWith("gap:")), "it is left to do");
  assert.equal((await idsIn(store, BEFORE)).length, 3);
  assert.equal((await idsIn(store, AFTER)).length, ids.length - 3 + 1);
  const { positions: last } = await json(store, "collections/c/checkpoint.json");
  assert.ok(!Object.keys(last).some((walk) => walk.startsWith("gap:")));
});

Deno.test("a stop after midnight, while the bucket is away, waits for it and ends the next harvest; the one before is over", async () => {
  const stop = new AbortController();
  const minutes = failing(AWAY, 1, 6);
  const { store, harvested, ids, read } = await streamed(8, (i, store) => {
    minutes(i, store);
    if (i === 5) stop.abort();
  }, { ...OVER_MIDNIGHT, signal: stop.signal });
  await harvested;
  const outcomes = await Promise.all([BEFORE, AFTER].map((folder) => infoOf(store, folder)));
  assert.deepEqual(outcomes.map(({ outcome }) => outcome), ["complete", "stopped"]);
  assert.deepEqual(await tweets(store), ids.slice(0, read.at(-1)));
  assert.deepEqual(await idsIn(store, BEFORE), ids.slice(0, 3));
});
