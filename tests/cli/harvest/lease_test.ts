import assert from "node:assert/strict";
import { underLease } from "../../../lib/cli/harvest/lease.ts";
import { Output } from "../../../lib/cli/output.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

/** A folder with the lock of another machine, whose time is up by the clock here. */
async function begin() {
  const [store, clock, notes] = [new MemoryStore(), new ManualClock(), new Array<string>()];
  const output = new Output({
    out: () => {},
    err: (text) => void notes.push(text),
    isInteractive: false,
    isTerminal: false,
    color: false,
  });
  const past = "2026-01-02T03:00:00.000Z";
  const times = { acquired: past, renewed: past, expires: past };
  const key = collectionKeys("news").lock;
  await store.put(key, jsonBytes({ holder: "x", host: "h", pid: 1, ...times }));
  const ending = new AbortController();
  const leased = { store, collectionId: "news" };
  const act = () =>
    underLease(leased, { clock, output, signal: ending.signal }, () => Promise.resolve(7));
  return { store, clock, notes, ending, act };
}

Deno.test("a command that wants the lease of another machine watches it, says so, and goes on where nobody renews it", async () => {
  const { store, clock, notes, act } = await begin();
  const acting = act();
  for (let i = 0; i < 65; i++) await clock.advance(1_000);
  assert.equal(await acting, 7);
  assert.match(notes.join(""), /news was last renewed at .* waiting 65 seconds for a renewal\.\n$/);
  assert.deepEqual(store.keys(), []);
});

Deno.test("a command that is ended while it watches ends as it was told to", async () => {
  const { ending, act, store } = await begin();
  const ended = assert.rejects(act(), { message: "enough" });
  ending.abort(new Error("enough"));
  await ended;
  assert.equal(store.keys().length, 1);
});
