import assert from "node:assert/strict";
import { scheduleText } from "../../../lib/cli/text/schedule_text.ts";
import { parseSchedule } from "../../../lib/runner/schedule.ts";

Deno.test("a schedule is said in words, with the zone of its times, by EventBridge's fields", () => {
  for (
    const [expression, words, zone] of [
      ["rate(7 days)", "every 7 days"],
      ["rate(1 day)", "every day"],
      ["rate(12 hours)", "every 12 hours"],
      ["cron(0 10 * * ? *)", "at 10:00 (UTC)"],
      ["cron(0 10 * * ? *)", "at 10:00 (Europe/Berlin)", "Europe/Berlin"],
      ["cron(30 6 ? * 2 *)", "at 06:30, only on Monday (UTC)"],
      ["cron(0 12 ? * 1 *)", "at 12:00, only on Sunday (UTC)"],
      ["cron(0/10 8-17 ? * MON-FRI *)", /^every 10 minutes, .*Monday through Friday \(UTC\)$/],
      ["cron(15 10 ? * 6L 2026-2030)", /last Friday of the month, 2026 through 2030 \(UTC\)$/],
      ["cron(0 9 ? * 2#1 *)", "at 09:00, on the first Monday of the month (UTC)"],
      ["cron(0 0 L * ? *)", "at 00:00, on the last day of the month (UTC)"],
      ["cron(59 23 31 12 ? 2030)", /day 31 of the month, only in December, only in 2030 \(UTC\)$/],
    ] as const
  ) {
    const text = scheduleText(parseSchedule(expression, zone)) ?? assert.fail(expression);
    if (typeof words === "string") assert.equal(text, words);
    else assert.match(text, words);
  }
});

Deno.test("what there are no words for is left as it is", () => {
  assert.equal(scheduleText({ expression: "cron(a b c)" }), null);
  assert.equal(scheduleText({ expression: "at(2030-01-01T00:00:00)" }), null);
});
