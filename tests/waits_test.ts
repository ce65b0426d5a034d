import assert from "node:assert/strict";
import { Waits } from "../lib/waits.ts";

Deno.test("of several waits the one that ends last is told, until each is over, also by a failure", async () => {
  const waits = new Waits();
  const [brief, long] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const briefly = waits.during({ for: "a", until: 1 }, brief.promise);
  const longer = waits.during({ for: "b", until: 2 }, long.promise);
  assert.equal(waits.longest?.for, "b");
  long.reject(new Error("stopped"));
  await assert.rejects(longer, /stopped/);
  assert.equal(waits.longest?.for, "a");
  brief.resolve();
  await briefly;
  assert.equal(waits.longest, null);
});
