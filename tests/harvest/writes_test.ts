import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { FILTER } from "../fakes/slow_stream.ts";
import { added, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const LEASE = ["lock.json", "lock.json", "lock.json"];
const SILENCE: StreamItem = { tweets: [], messages: [] };

/** A stream that brings one of these a minute; what is written in each minute, by the names of the files. */
async function written(items: StreamItem[], { isBilled = true } = {}) {
  // The last one only keeps the stream open until the minute of the one before is over.
  const script = [...items, SILENCE];
  const clock = new ManualClock();
  const store = await added(FILTER, clock);
  store.isBilled = isBilled;
  const api = new WorldApi(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }), {
    script,
  });
  const gates = script.map(() => Promise.withResolvers<void>());
  let asked = 0;
  api.before = () => gates[asked++]?.promise;
  let names: string[] = [];
  store.after = ({ method, key }) => {
    if (method !== "get" && method !== "list") names.push(key.split("/").at(-1) ?? "");
  };
  let isOver = false;
  const harvested = run(store, api, { clock, flushMs: 15_000 }).finally(() => isOver = true);
  const minutes: string[][] = [];
  for (const gate of gates) {
    names = [];
    gate.resolve();
    for (let s = 0; s < 60; s += 5) await clock.advance(5_000);
    minutes.push(names.map((name) => name.replace(/^tweets-.*/, "tweets")));
  }
  while (!isOver) await clock.advance(5_000);
  await harvested;
  return { minutes: minutes.slice(0, -1), store };
}

function tweet(id: string): StreamItem {
  const line = new TextEncoder().encode(`{"id_str":"${id}"}`);
  return { tweets: [{ id, line }], messages: [] };
}

Deno.test("while a stream is silent nothing is written but the lease, three times a minute, and each five minutes the checkpoint", async () => {
  const { minutes } = await written([tweet("1"), ...Array(10).fill(SILENCE)]);
  const silent = minutes.slice(1).map((names) => names.toSorted());
  for (const names of silent) assert.deepEqual(names.slice(-LEASE.length), LEASE);
  const listened = silent.flatMap((names) => names.slice(0, -LEASE.length));
  assert.deepEqual(listened, ["checkpoint.json", "checkpoint.json"]);
});

const FLUSH = ["checkpoint.json", "tweets"];
const KINDS = [
  { where: "where each request is billed", isBilled: true, names: FLUSH },
  {
    where: "where it costs nothing, and the manifest",
    isBilled: false,
    names: [...FLUSH, "manifest-sha1.txt"],
  },
];
for (const { where, isBilled, names: wanted } of KINDS) {
  Deno.test(`a flush writes the tweets and the checkpoint ${where}`, async () => {
    const { minutes, store } = await written([SILENCE, tweet("1"), tweet("2")], { isBilled });
    for (const names of minutes.slice(1)) {
      assert.deepEqual(names.toSorted(), [...LEASE, ...wanted].toSorted());
    }
    assert.deepEqual((await tweets(store)).toSorted(), ["1", "2"]);
  });
}

Deno.test("a manifest is not written again where the files are the same", async () => {
  const limit = new TextEncoder().encode('{"limit":{"track":5}}');
  const notice: StreamItem = { tweets: [], messages: [{ kind: "limit", line: limit }] };
  const { minutes } = await written([tweet("1"), notice], { isBilled: false });
  assert.deepEqual(minutes[1]?.toSorted(), ["checkpoint.json", ...LEASE, "messages.jsonl"]);
});
