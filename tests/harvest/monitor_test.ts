import assert from "node:assert/strict";
import { monitor } from "../../lib/harvest/monitor.ts";
import { logged } from "../fakes/logged.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

Deno.test("how far a harvest is is logged each minute, and that it cannot be told ends nothing", async () => {
  const clock = new ManualClock();
  const over = new AbortController();
  let minute = 0;
  const info = () => {
    if (++minute === 2) throw new Error("out of descriptors");
    return { tweets: minute * 10, files: minute };
  };
  const said = await logged(async () => {
    const monitoring = monitor({ info, clock, signal: over.signal });
    await clock.advance(180_000);
    over.abort();
    await monitoring;
  });
  assert.match(said, /^10 tweets \(10 a minute\), 1 files, \d+ MB/);
  assert.match(said, /cannot be shown: out of descriptors/);
  assert.match(said, /30 tweets \(20 a minute\), 3 files/);
  assert.equal(minute, 3);
});
