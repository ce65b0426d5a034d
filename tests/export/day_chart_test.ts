import assert from "node:assert/strict";
import {
  type DayCount,
  daysWithTweets,
  toDays,
  toSparkline,
  toSvg,
} from "../../lib/export/day_chart.ts";

const gap = { from: Date.UTC(2026, 0, 2, 12), to: Date.UTC(2026, 0, 3) };
const days = toDays({ "2026-01-01": 8, "2026-01-04": 1, "unknown": 3 }, [gap]);

Deno.test("every day from the first to the last is there, and a day of which a part was missed is marked", () => {
  assert.deepEqual(days.map(({ day, tweets, isGap }) => [day, tweets, isGap]), [
    ["2026-01-01", 8, false],
    ["2026-01-02", 0, true],
    ["2026-01-03", 0, false],
    ["2026-01-04", 1, false],
  ]);
  assert.deepEqual(toDays({}, [gap]), []);
});

Deno.test("a sparkline fits its columns, with what was missed below", () => {
  assert.deepEqual(toSparkline(days, 80), ["█  ▂", " ^"]);
  assert.deepEqual(toSparkline(days, 2), ["█▂", "^"]);
  assert.deepEqual(toSparkline([], 80), ["", ""]);
});

Deno.test("a chart says what it is, in words as well, and has a bar for each day and a mark for each gap", () => {
  const svg = toSvg(days, { title: "Tweets of <a> & b" });
  assert.match(svg, /<title id="t">Tweets of &lt;a&gt; &amp; b<\/title>/);
  assert.match(
    svg,
    /<desc id="d">9 tweets made from 2026-01-01 to 2026-01-04, a bar per day, the highest 8\. On 1 day a part/,
  );
  assert.equal(svg.match(/class="bar"/g)?.length, 4);
  // That of the legend besides.
  assert.equal(svg.match(/class="gap"/g)?.length, 2);
  assert.equal(toSvg([], { title: "a" }).match(/class="gap"/g), null);
  assert.match(svg, /prefers-color-scheme:dark/);
  const year = toDays({ "2024-01-01": 1, "2026-12-31": 1 }, []);
  assert.ok((toSvg(year, { title: "a" }).match(/class="bar"/g)?.length ?? 0) <= 400);
});

Deno.test("a gap is seen behind the highest bar and among many days, and no number of the scale is cut off", () => {
  const many = Array.from({ length: 800 }, (_, i) => ({
    day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
    tweets: 99_000_000,
    isGap: i === 8,
  }));
  const svg = toSvg(many, { title: "a" });
  const [, y, width, height] =
    /class="mark" x="[\d.]+" y="(\d+)" width="([\d.]+)" height="(\d+)"/.exec(svg)?.map(Number) ??
      [];
  const highest = Math.min(
    ...[...svg.matchAll(/class="bar" x="\S+" y="([\d.]+)"/g)].map(([, y]) => Number(y)),
  );
  assert.ok((y ?? NaN) + (height ?? NaN) < highest, "the mark is above the bars");
  assert.ok((width ?? 0) >= 2);
  // A digit is some 9 units wide.
  for (const [, x, text = ""] of svg.matchAll(/<text x="(\d+)"[^>]*text-anchor="end">([\d,]+)</g)) {
    assert.ok(Number(x) >= text.length * 8, `${text} begins left of the chart`);
  }
  assert.equal(toSvg([], { title: "a" }).match(/class="mark"/g), null);
});

Deno.test("what was missed after the last tweet is there, and no tweet was made then", () => {
  const later = { from: Date.UTC(2026, 0, 2), to: Date.UTC(2026, 0, 4) };
  const days = toDays({ "2026-01-01": 8 }, [later]);
  assert.deepEqual(days.map(({ day, isGap }) => [day, isGap]), [
    ["2026-01-01", false],
    ["2026-01-02", true],
    ["2026-01-03", true],
  ]);
  assert.deepEqual(daysWithTweets(days), { first: "2026-01-01", last: "2026-01-01" });
  assert.match(toSvg(days, { title: "a" }), /8 tweets made from 2026-01-01 to 2026-01-01, /);
});

Deno.test("a chart's scale has round numbers, and beginnings of months where there is room for them", () => {
  const textsOf = (days: DayCount[]) =>
    [...toSvg(days, { title: "" }).matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) =>
      text
    );
  const counts = { "2026-01-20": 1, "2026-04-02": 1_234_567 };
  assert.deepEqual(textsOf(toDays(counts, [])).slice(1), [
    "0",
    "500,000",
    "1,000,000",
    "2026-01-20",
    "2026-04-02",
    "2026-02",
    "2026-03",
  ]);
  assert.deepEqual(textsOf(toDays({ "2026-01-20": 3 }, [])).slice(1), [
    "0",
    "1",
    "2",
    "3",
    "2026-01-20",
  ]);
});
