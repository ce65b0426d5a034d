import assert from "node:assert/strict";
import { chart } from "../../../lib/cli/text/chart.ts";

const HOUR = 3_600_000;

function bars(count: number, size: number, posts: (i: number) => number) {
  const start = Date.UTC(2026, 0, 31, 20);
  return Array.from({ length: count }, (_, i) => ({
    from: start + i * size,
    to: start + (i + 1) * size,
    posts: posts(i),
  }));
}

Deno.test("a chart has a row a span: when, how many, and a bar as long as that is", () => {
  assert.deepEqual(chart(bars(4, HOUR, (i) => [1_000, 500, 1, 0][i] ?? 0)), [
    `2026-01-31 20:00  1,000  ${"#".repeat(40)}`,
    `2026-01-31 21:00    500  ${"#".repeat(20)}`,
    "2026-01-31 22:00      1  #",
    "2026-01-31 23:00      0",
  ]);
});

Deno.test("its bars are shorter in a narrow terminal", () => {
  for (const columns of [40, 50, 80, 200]) {
    const rows = chart(bars(4, HOUR, (i) => 1_000 * i), columns);
    const longest = Math.max(...rows.map((row) => row.length));
    assert.equal(longest, Math.min(columns, "2026-01-31 23:00  3,000  ".length + 40));
  }
});

Deno.test("many spans share a row, so that a chart fits a screen and loses no post", () => {
  const rows = chart(bars(3_650, 24 * HOUR, () => 2));
  assert.ok(rows.length <= 31);
  assert.match(rows[0] ?? "", /^2026-01-31 {2}236 {2}#+$/);
  const sum = rows.reduce((n, row) => n + Number(row.split(/ +/)[1]), 0);
  assert.equal(sum, 7_300);
});

Deno.test("nothing at all is shown as nothing", () => {
  assert.deepEqual(chart([]), []);
  assert.equal(chart(bars(2, HOUR, () => 0)).join("").includes("#"), false);
});
