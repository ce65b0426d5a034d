import assert from "node:assert/strict";
import { arrivedUntil } from "../../lib/source/stream_position.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";

const NOW = Date.UTC(2022, 10, 1, 12);

Deno.test("a stream has arrived until its newest tweet was made: what is unread may be older than now", () => {
  const [earlier, newest] = [timeId(NOW - 900), timeId(NOW - 300)];
  assert.equal(arrivedUntil([earlier, newest, earlier], NOW), NOW - 300);
});

Deno.test("a keep-alive says that all has arrived, and a tweet by a clock that is ahead is not of the future", () => {
  assert.equal(arrivedUntil([], NOW), NOW);
  assert.equal(arrivedUntil([timeId(NOW + 5_000)], NOW), NOW);
});

Deno.test("an old tweet that is sent late says nothing of what else is on its way", () => {
  assert.equal(arrivedUntil([timeId(NOW - 16 * 60_000)], NOW), NOW);
});
