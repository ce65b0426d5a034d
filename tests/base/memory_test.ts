import assert from "node:assert/strict";
import { giveBackAll, release, Room, takeOver } from "../../lib/base/memory.ts";

const PAGE = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);

Deno.test("bytes that are nearly all of their memory are taken over with it, and not copied", () => {
  const answer = PAGE.slice();
  const taken = takeOver(answer, { start: 14, end: 9_990, used: 9_900 });
  assert.deepEqual(taken, PAGE.slice(14, 9_990));
  assert.equal(taken.buffer.byteLength, PAGE.length);
  assert.equal(answer.length, 0, "whoever had them cannot write into them");
  release(answer);
  assert.equal(taken.length, 9_976, "nor give them back");
});

Deno.test("a part of a larger buffer is taken from where it lies in it", () => {
  const answer = PAGE.slice().subarray(100);
  assert.deepEqual(takeOver(answer, { start: 1, end: 9_900, used: 9_800 }), PAGE.slice(101));
});

Deno.test("where most is something else, what is wanted is copied, and the rest can be given back", () => {
  const answer = PAGE.slice();
  const taken = takeOver(answer, { start: 14, end: 9_990, used: 5_000 });
  assert.deepEqual(taken, PAGE.slice(14, 9_990));
  assert.equal(answer.length, PAGE.length);
  release(answer);
  assert.equal(answer.length, 0);
  assert.equal(taken.length, 9_976);
});

Deno.test("what comes together lies in one piece, which is given back with the last of it", () => {
  const room = new Room(40_000);
  const lines = [15_000, 1, 24_900].map((length) => room.take(length));
  lines.forEach((line, i) => line.fill(i + 1));
  assert.deepEqual(lines.map((line) => [line.length, line[0], line.at(-1)]), [
    [15_000, 1, 1],
    [1, 2, 2],
    [24_900, 3, 3],
  ]);
  assert.equal(new Set(lines.map(({ buffer }) => buffer)).size, 1);
  giveBackAll(lines);
  assert.deepEqual(lines.map(({ length }) => length), [0, 0, 0]);
});

Deno.test("what has no room any more has memory of its own, and makes none where nothing came", () => {
  const room = new Room(10);
  const [first, second, third] = [room.take(8), room.take(3), room.take(2)];
  assert.notEqual(first.buffer, second.buffer);
  assert.equal(first.buffer, third.buffer);
  assert.equal(new Room(0).take(5).length, 5);
});
