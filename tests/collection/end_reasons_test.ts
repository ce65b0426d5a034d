import assert from "node:assert/strict";
import {
  isLimitReason,
  isStopReason,
  limitReason,
  STOP_REQUESTED,
} from "../../lib/collection/end_reasons.ts";

Deno.test("recognizes a stop, in the words of former versions too, and nothing else", () => {
  for (const reason of [STOP_REQUESTED, "It was told to stop"]) assert.ok(isStopReason(reason));
  for (const reason of [undefined, "", limitReason(7), "The API is away"]) {
    assert.ok(!isStopReason(reason));
  }
});

Deno.test("recognizes a stream that ended at its limit, whatever that was", () => {
  for (const most of [1, 7, 1_000_000]) assert.ok(isLimitReason(limitReason(most)));
  assert.ok(!isLimitReason(STOP_REQUESTED));
});
