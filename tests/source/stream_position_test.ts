import assert from "node:assert/strict";
import { lateness } from "../../lib/source/stream_position.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";

const NOW = Date.UTC(2022, 10, 1, 12);

Deno.test("a stream is as late as its newest tweet: what is unread may be as old", () => {
  const [earlier, newest] = [timeId(NOW - 900), timeId(NOW - 300)];
  assert.equal(lateness([earlier, newest, earlier], NOW), 300);
});

Deno.test("a keep-alive says that all has arrived, and a tweet by a clock that is ahead is not of the future", () => {
  assert.equal(lateness([], NOW), 0);
  assert.equal(lateness([timeId(NOW + 5_000)], NOW), 0);
});

Deno.test("an old tweet that is sent late says nothing of what else is on its way", () => {
  assert.equal(lateness([timeId(NOW - 16 * 60_000)], NOW), 0);
});
