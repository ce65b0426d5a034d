import assert from "node:assert/strict";
import { readLock } from "../../lib/bucket/lease.ts";
import { jsonBytes } from "../../lib/json.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

Deno.test("a lock whose address is none is a lock with an end all the same", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const time = new Date(clock.now() + 60_000).toISOString();
  const times = { acquired: time, renewed: time, expires: time };
  const lock = { holder: "a", host: "b", pid: 1, control: "\u001b[2J", ...times };
  await store.put("collections/news/lock.json", jsonBytes(lock));
  const look = () => readLock(store, "news", { clock, isGone: () => false });
  const found = await look();
  assert.deepEqual([found?.live, found?.document?.control], [true, undefined]);
  await clock.advance(60_000);
  assert.equal((await look())?.live, false);
});
