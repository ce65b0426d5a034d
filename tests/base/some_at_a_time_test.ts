import assert from "node:assert/strict";
import { ahead, forEachConcurrently } from "../../lib/base/some_at_a_time.ts";

/** Actions on numbers that end when they are told to, in whatever order. */
function tasks() {
  const running = new Map<number, PromiseWithResolvers<string>>();
  const act = (n: number) => {
    const task = Promise.withResolvers<string>();
    running.set(n, task);
    return task.promise.finally(() => running.delete(n));
  };
  const rest = () => new Promise((resolve) => setTimeout(resolve, 0));
  return { running, act, rest };
}

Deno.test("what runs ahead is given in order, whichever ends first, and no more run than may", async () => {
  const { running, act, rest } = tasks();
  const given: [number, string][] = [];
  const all = (async () => {
    for await (const one of ahead([1, 2, 3, 4, 5], 3, act)) given.push(one);
  })();
  for (const n of [3, 2, 1, 5, 4]) {
    await rest();
    assert.ok(running.size <= 3, `${running.size} at once`);
    running.get(n)?.resolve(`did ${n}`);
  }
  await all;
  assert.deepEqual(given, [1, 2, 3, 4, 5].map((n) => [n, `did ${n}`]));
});

Deno.test("a failure ahead is thrown in its turn, when those that run have ended", async () => {
  const { running, act, rest } = tasks();
  const given: number[] = [];
  let isOver = false;
  const all = (async () => {
    for await (const [n] of ahead([1, 2, 3], 3, act)) given.push(n);
  })().finally(() => isOver = true);
  await rest();
  running.get(2)?.reject(new Error("two"));
  await rest();
  running.get(1)?.resolve("");
  await rest();
  assert.deepEqual([given, isOver], [[1], false]);
  running.get(3)?.resolve("");
  await assert.rejects(all, /two/);
});

Deno.test("after a failure no more are begun, and it is thrown when the others have ended", async () => {
  const { running, act, rest } = tasks();
  const failed = assert.rejects(forEachConcurrently([1, 2, 3, 4], 2, act), /one/);
  await rest();
  running.get(1)?.reject(new Error("one"));
  await rest();
  running.get(2)?.resolve("");
  await rest();
  await failed;
  assert.equal(running.size, 0);
});
