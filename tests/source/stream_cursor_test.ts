import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { FilterSource } from "../../lib/source/filter.ts";
import { PublicApi } from "../../lib/source/public_api.ts";
import { type Batch, type Positions, toPosition } from "../../lib/source/source.ts";
import type { StreamItem, StreamWanted, TwitterApi } from "../../lib/twitter/api.ts";
import { readIds } from "../../lib/twitter/bytes/ids.ts";

/** A stream that goes on exactly from a cursor, and keeps its items from `floor` on; each has two tweets. */
class KeptStream implements TwitterApi {
  readonly tellsAuthors = true;
  timeline = unwanted;
  search = unwanted;
  users = unwanted;
  tweets = unwanted;
  readonly wanted: StreamWanted[] = [];
  floor = 0;

  async *stream(wanted: StreamWanted, signal: AbortSignal): AsyncGenerator<StreamItem> {
    this.wanted.push(wanted);
    const after = Number(wanted.after ?? 0);
    const gap = after < this.floor ? { gap: { from: 1, to: 2, why: "Too old" } } : {};
    yield { tweets: [], messages: [], ...gap };
    for (let n = Math.max(after, this.floor) + 1; n <= 5; n++) {
      if (signal.aborted) return;
      yield { tweets: [tweet(2 * n - 1), tweet(2 * n)], messages: [], cursor: n };
    }
  }
}

const ALL = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

function unwanted(): never {
  throw new Error("Only the stream is asked for");
}

function tweet(id: number) {
  return { id: `${id}`, line: new TextEncoder().encode(`{"id_str":"${id}"}`) };
}

async function harvest(
  api: TwitterApi,
  { from = {}, maxRecords }: { from?: Positions; maxRecords?: number } = {},
): Promise<Batch[]> {
  const wanted = { owner: "live", filter: { track: "x" } };
  const source = new FilterSource(
    new PublicApi(api),
    { wanted, queries: [], maxRecords },
    systemClock,
  );
  return await Array.fromAsync(source.batches(from, new AbortController().signal));
}

function ids(batches: Batch[]): string[] {
  return batches.flatMap(({ tweets }) => tweets.flatMap(readIds));
}

function positionsAfter(batches: Batch[]): Positions {
  return Object.fromEntries(batches.map(({ walk, position }) => [walk, toPosition(position)]));
}

Deno.test("a stream that is killed after any batch goes on from its cursor: nothing lost, nothing twice, no gap", async () => {
  const whole = await harvest(new KeptStream());
  assert.deepEqual(ids(whole), ALL);
  for (let kept = 1; kept < whole.length; kept++) {
    const before = whole.slice(0, kept);
    const api = new KeptStream();
    const after = await harvest(api, { from: positionsAfter(before) });
    assert.deepEqual([...ids(before), ...ids(after)], ALL, `${kept}`);
    const isCommitted = ids(before).length > 0;
    assert.equal(api.wanted[0]?.after, isCommitted ? ids(before).length / 2 : undefined);
    assert.equal(after.some(({ gap }) => gap), !isCommitted, "Only one without a cursor has a gap");
  }
});

Deno.test("what a stream's cursor is too old for is the gap that the stream names", async () => {
  const before = (await harvest(new KeptStream())).slice(0, 2);
  const api = new KeptStream();
  api.floor = 3;
  const after = await harvest(api, { from: positionsAfter(before) });
  assert.deepEqual(after.flatMap(({ gap }) => gap ?? []), [{ from: 1, to: 2, why: "Too old" }]);
  assert.deepEqual([...ids(before), ...ids(after)], ["1", "2", "7", "8", "9", "10"]);
});

Deno.test("a cursor does not pass tweets that max_records left out", async () => {
  const first = await harvest(new KeptStream(), { maxRecords: 3 });
  assert.deepEqual(ids(first), ["1", "2", "3"]);
  const second = await harvest(new KeptStream(), { from: positionsAfter(first), maxRecords: 7 });
  assert.deepEqual(ids(second), ["4", "5", "6", "7"]);
});
