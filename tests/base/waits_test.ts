import assert from "node:assert/strict";
import { Waits } from "../../lib/base/waits.ts";

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

Deno.test("what takes long counts as a wait from then on, until it is over", async () => {
  const told: string[] = [];
  const waits = new Waits(({ for: what }) => told.push(what));
  const [slow, begun] = [Promise.withResolvers<number>(), Promise.withResolvers<void>()];
  assert.equal(await waits.late({ for: "quick", until: 1 }, 10_000, Promise.resolve(1)), 1);
  const late = waits.late({ for: "slow", until: 1 }, 1, slow.promise);
  setTimeout(begun.resolve, 20);
  await begun.promise;
  assert.equal(waits.longest?.for, "slow");
  slow.resolve(2);
  assert.equal(await late, 2);
  assert.deepEqual([waits.longest, told], [null, ["slow"]]);
});
