import assert from "node:assert/strict";
import { FilterSource } from "../../lib/source/filter.ts";
import { walksOfGap } from "../../lib/bucket/gaps.ts";
import { type Batch, isDone, type Positions, toPosition } from "../../lib/source/source.ts";
import { readIds, timeId } from "../../lib/twitter/bytes/ids.ts";
import { Signer } from "../../lib/twitter/http/signer.ts";
import { Transport } from "../../lib/twitter/http/transport.ts";
import { V2Api } from "../../lib/twitter/v2/api.ts";
import { type IdleSandbox, inIdleSandbox } from "../fakes/idle_sandbox.ts";

/** A sandbox whose stream is harvested from `from` on until `enough` says so, asked after each batch. */
interface Place extends IdleSandbox {
  harvest: (
    enough: (batches: Batch[]) => boolean,
    from?: Positions,
    queries?: string[],
    maxRecords?: number,
  ) => Promise<Batch[]>;
  /** A harvest that is told to stop when its stream is refused: from the beginning, or after some batches. */
  harvestInVain: (how: { from?: Positions; refuseAfter?: number }) => Promise<Batch[]>;
}

async function inPlace(use: (place: Place) => Promise<void>, replay = 0): Promise<void> {
  await inIdleSandbox(async (idle) => {
    const { sandbox, clock } = idle;
    const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
    const api = new V2Api({ transport: new Transport({ signer, clock }), clock });
    const wanted = { owner: "live", filter: { track: "sandbox" } };
    await use({
      ...idle,
      async harvest(enough, from = {}, queries = ["sandbox"], maxRecords) {
        const stop = new AbortController();
        const batches: Batch[] = [];
        const source = new FilterSource(api, { wanted, queries, maxRecords }, clock);
        for await (const batch of source.batches(from, stop.signal)) {
          batches.push(batch);
          if (enough(batches)) stop.abort();
        }
        return batches;
      },
      async harvestInVain({ from = {}, refuseAfter = 0 }) {
        const stop = new AbortController();
        const { troubles } = sandbox;
        const refuse = () => troubles.add({ kind: "500", path: "connect", times: 1_000 });
        if (refuseAfter === 0) refuse();
        const watch = setInterval(() => troubles.met.includes("500") && stop.abort(), 1);
        const batches: Batch[] = [];
        const source = new FilterSource(api, { wanted, queries: ["sandbox"] }, clock);
        try {
          for await (const batch of source.batches(from, stop.signal)) {
            if (batches.push(batch) !== refuseAfter) continue;
            refuse();
            sandbox.filtered.disconnect();
          }
        } finally {
          clearInterval(watch);
          troubles.clear();
        }
        return batches;
      },
    });
  }, { replay });
}

function ids(batches: Batch[]): string[] {
  return batches.flatMap(({ tweets }) => tweets.flatMap((line) => readIds(line)));
}

function positionsOf(batches: Batch[]): Positions {
  return Object.fromEntries(batches.map(({ walk, position }) => [walk, toPosition(position)]));
}

/** Once, when `count` tweets have come. */
function atCount(count: number, act: () => void): (batches: Batch[]) => void {
  let done = false;
  return (batches) => {
    if (done || ids(batches).length < count) return;
    done = true;
    act();
  };
}

/** Five tweets, then ten that no stream delivers, then five more. */
function withGap({ sandbox, post }: Place): { posted: string[]; play: (batches: Batch[]) => void } {
  const posted: string[] = [];
  const lose = atCount(5, () => {
    sandbox.filtered.disconnect();
    posted.push(...post(10));
  });
  let opened = 0;
  const play = (batches: Batch[]) => {
    const last = batches.at(-1);
    if (
      last?.walk === "stream" && last.tweets.length === 0 && !last.messages?.length && opened++ < 2
    ) {
      posted.push(...post(5));
    }
    lose(batches);
  };
  return { posted, play };
}

Deno.test("what a stream missed is asked for again by search when it is back, each tweet once, and told as partial", () =>
  inPlace(async (place) => {
    const { posted, play } = withGap(place);
    const batches = await place.harvest((batches) => {
      play(batches);
      return Object.entries(positionsOf(batches)).some(([walk, at]) =>
        walk.startsWith("gap:") && at === "whole"
      );
    });
    assert.equal(posted.length, 20);
    assert.deepEqual(ids(batches).toSorted(), posted.toSorted());
    const gaps = batches.flatMap(({ gap }) => gap ?? []);
    assert.deepEqual(gaps.map(({ asked_again }) => asked_again), ["partial"]);
    const found = batches.filter(({ walk }) => walk.startsWith("gap:")).flatMap(({ tweets }) =>
      tweets
    );
    assert.match(new TextDecoder().decode(found[0]), /"url":"[^"]*search\/recent/);
  }));

/** The next harvest, up to where the gap that the first one left is filled. */
async function gapFilled(place: Place, first: Batch[]): Promise<Batch[]> {
  const from = positionsOf(first);
  delete from.stream;
  return await place.harvest(
    (batches) =>
      batches.some(({ walk, position }) => walk.startsWith("gap:") && position === "whole"),
    from,
  );
}

Deno.test("a gap that was not filled when the harvest ended is filled by the next one, and nothing else is asked again", () =>
  inPlace(async (place) => {
    const { posted, play } = withGap(place);
    const first = await place.harvest((batches) => {
      play(batches);
      return ids(batches).length === 10;
    });
    const second = await gapFilled(place, first);
    assert.deepEqual([...ids(first), ...ids(second)].toSorted(), posted.toSorted());
    assert.equal(second.filter(({ gap }) => gap).length, 0);
  }));

Deno.test("a gap that harvests of some seconds leave is asked for by the next one at once, however short that is", () =>
  inPlace(async (place) => {
    const { posted, play } = withGap(place);
    const first = await place.harvest((batches) => {
      play(batches);
      return ids(batches).length === 10;
    });
    place.clock.pass(60_000);
    const began = place.clock.now();
    const second = await gapFilled(place, first);
    assert.ok(place.clock.now() - began < 15_000, "It waits for nothing");
    assert.deepEqual([...ids(first), ...ids(second)].toSorted(), posted.toSorted());
  }));

for (const maxRecords of [undefined, 5]) {
  const ending = maxRecords === undefined ? "was stopped" : "had its max_records";
  Deno.test(`what the API sends again to the harvest after one that ${ending} is not taken again, and there is no gap`, () =>
    inPlace(async ({ post, harvest }) => {
      let posted: string[] = [];
      const begin = (batches: Batch[]) => {
        if (batches.length === 1) posted = post(5);
        return maxRecords === undefined && ids(batches).length === 5;
      };
      const first = await harvest(begin, {}, [], maxRecords);
      const second = await harvest((batches) => {
        if (batches.length === 2) posted.push(...post(5));
        return ids(batches).length >= 5;
      }, positionsOf(first));
      assert.deepEqual([...ids(first), ...ids(second)], posted);
      assert.ok(!second.some(({ gap }) => gap));
    }, 5));
}

Deno.test("max_records counts from a stream's start to its stop, over a harvester that is killed", () =>
  inPlace(async ({ post, harvest }) => {
    const most = 5;
    let posted: string[] = [];
    const first = await harvest(
      (batches) => {
        if (batches.length === 1) posted = post(3);
        return ids(batches).length === 3;
      },
      {},
      [],
      most,
    );
    assert.ok(!("collected" in Object(positionsOf(first).stream)), "After a stop it counts anew");
    // As if it was killed before its last batch.
    const second = await harvest(
      (batches) => {
        if (batches.length === 1) posted.push(...post(4));
        return false;
      },
      positionsOf(first.slice(0, -1)),
      [],
      most,
    );
    assert.deepEqual(ids(second), posted.slice(3, 5));
    assert.equal(Object(positionsOf(second).stream).collected, most);
    const third = await harvest(
      (batches) => {
        if (batches.length === 1) posted.push(...post(4));
        return false;
      },
      positionsOf(second),
      [],
      most + 1,
    );
    assert.deepEqual(ids(third), posted.slice(7, 8), "A limit that was raised counts all of it");
  }));

Deno.test("what of a gap the stream itself sent once more is not searched by the next harvest either", () =>
  inPlace(async ({ post, harvest, clock }) => {
    let posted: string[] = [];
    await harvest((batches) => {
      if (batches.length === 1) posted = post(5);
      return ids(batches).length === 5;
    });
    // As if it was killed after the second of them.
    const cut = { stream: { at: clock.now(), ids: posted.slice(0, 2) } };
    const second = await harvest((batches) => ids(batches).length === 3, cut);
    assert.deepEqual(ids(second), posted.slice(2));
    const isFilled = (batches: Batch[]) =>
      batches.some(({ walk, position }) => walk.startsWith("gap:") && position === "whole");
    const third = await harvest(isFilled, positionsOf(second));
    assert.deepEqual(ids(third), []);
  }, 5));

Deno.test("of two gaps with nothing between them, each tweet is asked for once", () =>
  inPlace(async ({ sandbox, post, harvest }) => {
    const posted: string[] = [];
    let opened = 0;
    const batches = await harvest((batches) => {
      const last = batches.at(-1);
      if (last?.walk === "stream" && last.count === 0 && ++opened <= 3) {
        if (opened === 1) posted.push(...post(2));
        sandbox.filtered.disconnect();
        posted.push(...post(5));
      }
      const gaps = Object.entries(positionsOf(batches)).filter(([walk]) => walk.startsWith("gap:"));
      return gaps.length > 1 && gaps.every(([, at]) => at === "whole");
    });
    assert.deepEqual(ids(batches).toSorted(), posted.toSorted());
  }));

Deno.test("where search is not to be asked, the gap is told as it is", () =>
  inPlace(async (place) => {
    const { play } = withGap(place);
    const batches = await place.harvest(
      (batches) => {
        play(batches);
        return ids(batches).length === 10;
      },
      {},
      [],
    );
    assert.deepEqual(batches.flatMap(({ gap }) => gap ? [gap.asked_again] : []), [undefined]);
    assert.ok(!place.sandbox.requests.some(({ path }) => path.endsWith("/recent")));
  }));

Deno.test("a query that search refuses is given up with a message, and the stream goes on", () =>
  inPlace(async (place) => {
    const { play } = withGap(place);
    const batches = await place.harvest(
      (batches) => {
        play(batches);
        const kinds = batches.flatMap(({ messages = [] }) => messages.map(({ kind }) => kind));
        return kinds.includes("gap_not_filled");
      },
      {},
      ["bogus:1"],
    );
    assert.equal(ids(batches).length, 10);
  }));

for (const kind of ["401", "403", "404", "blocked", "credits", "cap"] as const) {
  Deno.test(`a gap whose search is answered ${kind} ends no stream, and is left for the next harvest`, () =>
    inPlace(async (place) => {
      const { posted, play } = withGap(place);
      const { troubles } = place.sandbox;
      troubles.add({ kind, path: "search/recent" });
      let late = "";
      let later: Promise<void> | undefined;
      const first = await place.harvest((batches) => {
        play(batches);
        // By then the gap was asked for: what comes on the stream shows that it is read on.
        if (ids(batches).length === 10) {
          later ??= place.clock.sleep(60_000).then(() => {
            [late = ""] = place.post(1);
            posted.push(late);
          });
        }
        return ids(batches).includes(late);
      });
      await later;
      assert.deepEqual(troubles.met, [kind]);
      const second = await gapFilled(place, first);
      assert.deepEqual([...ids(first), ...ids(second)].toSorted(), posted.toSorted());
    }));
}

Deno.test("a stream that was opened is committed at once: whatever a kill right after it costs is a gap", () =>
  inPlace(async (place) => {
    const [opening] = await place.harvest(() => true);
    assert.deepEqual([opening?.isUrgent, opening?.tweets], [true, []]);
    const from = { stream: toPosition(opening?.position ?? assert.fail()) };
    const after = await place.harvest((batches) => batches.some(({ gap }) => gap), from);
    assert.match(after.flatMap(({ gap }) => gap?.why ?? [])[0] ?? "", /interrupted/);
    const others = after.filter(({ isUrgent }) => isUrgent);
    assert.equal(others.length, 1);
  }));

Deno.test("a stop before the stream is open, or open again, leaves the gap up to the stop, which the next harvest fills", () =>
  inPlace(async (place) => {
    const { post, harvest, harvestInVain } = place;
    const posted: string[] = [];
    // Cut off, as by kill -9: what is committed is where it stood before its last words.
    const first = await harvest((batches) => {
      if (batches.length === 1) posted.push(...post(5));
      return ids(batches).length === 5;
    });
    const cut = positionsOf(first.slice(0, -1));
    posted.push(...post(10));
    const vain = await harvestInVain({ from: cut });
    const gaps = vain.flatMap(({ gap }) => gap ?? []);
    assert.deepEqual(
      gaps.map(({ why, asked_again }) => [why, asked_again]),
      [["The stream was not open when the harvest stopped", "partial"]],
    );
    const from = positionsOf(vain);
    assert.ok(isDone(from.stream ?? null));
    const last = await harvest(
      (batches) =>
        Object.keys(from).some((walk) =>
          walk.startsWith("gap:") && positionsOf(batches)[walk] === "whole"
        ),
      from,
    );
    assert.deepEqual(last.flatMap(({ gap }) => gap ?? []), [], "It was stopped in good order");
    assert.deepEqual([...ids(first), ...ids(last)].toSorted(), posted.toSorted());
  }));

Deno.test("a stop while a stream that was lost is not open again leaves a gap from when it was lost", () =>
  inPlace(async ({ harvestInVain, clock }) => {
    const before = clock.now();
    const batches = await harvestInVain({ refuseAfter: 1 });
    const [gap, ...more] = batches.flatMap(({ gap }) => gap ?? []);
    assert.deepEqual(more, []);
    assert.ok(gap && gap.from >= before && gap.to >= gap.from);
  }));

Deno.test("what was still arriving when the harvest was stopped is a gap up to then, which the next harvest fills", () =>
  inPlace(async ({ post, harvest, clock }) => {
    const posted: string[] = [];
    const over = new AbortController();
    const posting = async () => {
      for (; !over.signal.aborted; await clock.sleep(200)) posted.push(...post(1));
    };
    let sent: Promise<void> | undefined;
    const first = await harvest((batches) => {
      sent ??= posting();
      return batches.length > 5;
    });
    over.abort();
    await sent;
    const [gap, ...more] = first.flatMap(({ gap }) => gap ?? []);
    assert.deepEqual([gap?.asked_again, more], ["partial", []]);
    assert.match(gap?.why ?? "", /^More was arriving/);
    // As if the last three had been on their way.
    const cut = ids(first).slice(0, -3);
    const walks = walksOfGap({ sinceId: cut.at(-1) ?? "", untilId: timeId(gap?.to ?? 0) }, [
      "sandbox",
    ]);
    const from = { stream: { at: gap?.to ?? 0, ids: cut, isStopped: true } };
    const last = await harvest(
      (batches) => walks.every(({ name }) => positionsOf(batches)[name] === "whole"),
      { ...from, ...Object.fromEntries(walks.map(({ name, position }) => [name, position])) },
    );
    assert.deepEqual(
      Object.keys(positionsOf(first)).filter((walk) => /^gap:/.test(walk)).length,
      1,
    );
    assert.deepEqual(ids(last).toSorted(), ids(first).slice(-3));
    assert.deepEqual(last.flatMap(({ gap }) => gap ?? []), []);
  }));
