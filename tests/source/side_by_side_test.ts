import assert from "node:assert/strict";
import { collectGarbage } from "../fakes/garbage.ts";
import { sideBySide } from "../../lib/source/side_by_side.ts";

/** A walk that counts how many walks are open, and waits a turn of the event loop before each item. */
function counted(open: { now: number; most: number }, items: string[]) {
  return async function* () {
    open.now++;
    open.most = Math.max(open.most, open.now);
    try {
      for (const item of items) {
        await new Promise((resolve) => setTimeout(resolve));
        yield item;
      }
    } finally {
      open.now--;
    }
  }();
}

async function* each<T>(values: T[]): AsyncGenerator<T> {
  yield* values;
}

Deno.test("every item of every walk comes once, in its walk's order, and no more walks run than allowed", async () => {
  const open = { now: 0, most: 0 };
  const walks = ["a", "b", "c", "d", "e"].map((name) => counted(open, [`${name}1`, `${name}2`]));
  const came = await Array.fromAsync(sideBySide(each(walks), 2));
  assert.deepEqual(came.toSorted(), ["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2", "e1", "e2"]);
  for (const name of ["a", "b", "c", "d", "e"]) {
    assert.ok(came.indexOf(`${name}1`) < came.indexOf(`${name}2`));
  }
  assert.equal(open.most, 2);
  assert.equal(open.now, 0);
});

Deno.test("an error of one walk ends all of them and is thrown", async () => {
  const open = { now: 0, most: 0 };
  const failing = async function* () {
    yield "f1";
    await Promise.resolve();
    throw new Error("It broke");
  }();
  const walks = [counted(open, ["a1", "a2", "a3"]), failing];
  await assert.rejects(
    Array.fromAsync(sideBySide(each<AsyncGenerator<string>>(walks), 2)),
    /It broke/,
  );
  assert.equal(open.now, 0);
});

Deno.test("what the others had asked for when one failed comes still, and nothing more is asked for", async () => {
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isOver = false;
  const paid = async function* (): AsyncGenerator<string> {
    try {
      asked.resolve();
      await answered.promise;
      yield "paid for";
      yield "not asked for";
    } finally {
      isOver = true;
    }
  }();
  const failing = async function* (): AsyncGenerator<string> {
    yield "f1";
    await asked.promise;
    setTimeout(answered.resolve);
    throw new Error("It was told to stop");
  }();
  const came: string[] = [];
  const read = async () => {
    for await (const item of sideBySide<string>(each([failing, paid]), 2)) {
      came.push(item);
    }
  };
  await assert.rejects(read(), /told to stop/);
  assert.deepEqual([came, isOver], [["f1", "paid for"], true]);
});

Deno.test("leaving early ends every walk", async () => {
  const open = { now: 0, most: 0 };
  const walks = [counted(open, ["a1", "a2"]), counted(open, ["b1", "b2"])];
  for await (const _ of sideBySide(each(walks), 2)) break;
  assert.equal(open.now, 0);
});

Deno.test("a walk that brings nothing keeps nothing of what the others bring", async () => {
  const over = Promise.withResolvers<void>();
  // deno-lint-ignore require-yield
  const silent = async function* (): AsyncGenerator<object> {
    await over.promise;
  }();
  const brought: WeakRef<object>[] = [];
  const busy = async function* () {
    for (let i = 0; i < 2_000; i++) {
      const item = { bytes: new Uint8Array(10_000) };
      brought.push(new WeakRef(item));
      yield await Promise.resolve(item);
    }
    over.resolve();
  }();
  let [items, most] = [0, 0];
  for await (const _ of sideBySide(each<AsyncGenerator<object>>([silent, busy]), 2)) {
    if (++items % 500 === 0) {
      await collectGarbage();
      most = Math.max(most, brought.filter((ref) => ref.deref()).length);
    }
  }
  assert.equal(items, 2_000);
  assert.ok(most < 100, `${most} of ${items} items were kept`);
});
