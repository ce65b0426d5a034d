/** Tweets by day as a picture: a line of text, and SVG for the eye and the printer. */

const DAY = 86_400_000;
const BLOCKS = "▁▂▃▄▅▆▇█";
/** Bars of a picture, at most: beyond that each is of several days. */
const MOST_BARS = 400;

/** The number of tweets of one day. */
export interface DayCount {
  /** `2026-01-31`, UTC. */
  day: string;
  tweets: number;
  /** Whether a part of the day was missed. */
  isGap: boolean;
}

/** Times of a span, in milliseconds since 1970. */
export interface Span {
  from: number;
  to: number;
}

/** Returns every day from the first to the last one with tweets, or with a later gap, also those without any. */
export function toDays(
  counts: Readonly<Record<string, number>>,
  gaps: readonly Span[],
): DayCount[] {
  const known = Object.keys(counts).filter((day) => /^\d{4}-\d\d-\d\d$/.test(day)).toSorted();
  const first = Date.parse(known[0] ?? "");
  // A gap after the last tweet is missing as well.
  const last = gaps.reduce(
    (last, { to }) => Math.max(last, to - 1),
    Date.parse(known.at(-1) ?? ""),
  );
  const days: DayCount[] = [];
  for (let at = first; at <= last; at += DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    const isGap = gaps.some(({ from, to }) => from < at + DAY && to > at);
    days.push({ day, tweets: counts[day] ?? 0, isGap });
  }
  return days;
}

/** Returns the first and the last day with tweets; undefined where there are none. */
export function daysWithTweets(
  days: readonly DayCount[],
): { first: string; last: string } | undefined {
  const [first, last] = [days.find(hasTweets), days.findLast(hasTweets)];
  return first && last && { first: first.day, last: last.day };
}

function hasTweets({ tweets }: DayCount): boolean {
  return tweets > 0;
}

/** Returns a line of blocks that fits into a number of columns, and one below it that marks gaps with `^`. */
export function toSparkline(
  days: readonly DayCount[],
  columns: number,
): [line: string, gaps: string] {
  const bars = groupDays(days, Math.max(1, columns));
  const most = bars.reduce((most, { tweets }) => Math.max(most, tweets), 1);
  const block = ({ tweets }: DayCount) =>
    tweets === 0 ? " " : BLOCKS[Math.min(7, Math.floor(tweets / most * 8))] ?? "";
  const gaps = bars.map(({ isGap }) => isGap ? "^" : " ").join("").trimEnd();
  return [bars.map(block).join(""), gaps];
}

/** Where the bars of a chart are, in its units. */
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, FLOOR] = [960, 340, 104, 944, 60, 300];
/** Height of the marks above the bars of days with gaps, which are not wide enough to be seen where there are many. */
const [MARK_HEIGHT, LEAST_MARK] = [6, 2];
/** Room that the first and the last day take below the bars, and a month between them. */
const [END_ROOM, MONTH_ROOM] = [120, 80];

const STYLE =
  `.bar{fill:#1f5f99}.gap{fill:url(#hatch)}.line{stroke:#333}.grid{stroke:#ddd}.hatch{stroke:#b3261e}.mark{fill:#b3261e}
text{fill:#222;font:14px sans-serif}.head{font-size:16px;font-weight:bold}.back{fill:#fff}
@media (prefers-color-scheme:dark){.bar{fill:#7db8f0}.line{stroke:#bbb}.grid{stroke:#333}.hatch{stroke:#ff8a80}.mark{fill:#ff8a80}text{fill:#eee}.back{fill:#16181c}}
@media print{.bar{fill:#000}.line{stroke:#000}.grid{stroke:#ccc}.hatch{stroke:#000}.mark{fill:#000}text{fill:#000}.back{fill:#fff}}`;

/** Returns a chart as SVG, light or dark as its reader is, with bars that differ in print: gaps are hatched, and marked above. */
export function toSvg(days: readonly DayCount[], { title }: { title: string }): string {
  const bars = groupDays(days, MOST_BARS);
  const most = bars.reduce((most, { tweets }) => Math.max(most, tweets), 1);
  const hasGap = days.some(({ isGap }) => isGap);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t d">
<title id="t">${toXml(title)}</title>
<desc id="d">${toXml(describe(days, { perBar: barSize(days, MOST_BARS), most }))}</desc>
<style>
${STYLE}
</style>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6" stroke-width="2"/></pattern></defs>
<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>
<text class="head" x="${LEFT}" y="24">${toXml(title)}</text>
${hasGap ? LEGEND : ""}${drawScale(most)}${drawBars(bars, most)}${drawDays(bars)}</svg>
`;
}

const LEGEND = `<rect class="gap" x="${LEFT}" y="34" width="24" height="14"/>
<text x="${LEFT + 32}" y="46">a part was missed</text>
`;

/** Says in words what a chart shows. */
function describe(
  days: readonly DayCount[],
  { perBar, most }: { perBar: number; most: number },
): string {
  const total = days.reduce((sum, { tweets }) => sum + tweets, 0);
  const missed = days.filter(({ isGap }) => isGap).length;
  const { first = "", last = "" } = daysWithTweets(days) ?? {};
  const per = perBar <= 1 ? "day" : `${perBar} days`;
  return `${total} tweets made from ${first} to ${last}, a bar per ${per}, the highest ${most}. ` +
    (missed === 0
      ? "No day has a gap."
      : `On ${missed} ${missed === 1 ? "day" : "days"} a part was missed.`);
}

/** Draws a few lines at round numbers. */
function drawScale(most: number): string {
  const step = roundStep(most);
  let lines = "";
  for (let n = 0; n <= most; n += step) {
    const y = toY(n, most).toFixed(2);
    lines += `<path class="${n === 0 ? "line" : "grid"}" d="M${LEFT} ${y}H${RIGHT}"/>\n` +
      `<text x="${LEFT - 8}" y="${(toY(n, most) + 5).toFixed(2)}" text-anchor="end">${
        toDigits(n)
      }</text>\n`;
  }
  return lines;
}

/** A step of 1, 2 or 5 and zeros, of which up to five make the most. */
function roundStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = [1, 2, 5, 10].find((one) => one * power >= most / 5) ?? 10;
  return Math.max(1, step * power);
}

function drawBars(bars: readonly DayCount[], most: number): string {
  const step = (RIGHT - LEFT) / Math.max(1, bars.length);
  const wide = Math.max(0.5, step * 0.9).toFixed(2);
  const drawn = bars.map(({ day, tweets, isGap }, i) => {
    const x = (LEFT + i * step).toFixed(2);
    const y = toY(tweets, most);
    const gap = isGap
      ? `<rect class="gap" x="${x}" y="${TOP}" width="${step.toFixed(2)}" height="${
        FLOOR - TOP
      }"/>` +
        `<rect class="mark" x="${x}" y="${TOP - MARK_HEIGHT - 2}" width="${
          Math.max(LEAST_MARK, step).toFixed(2)
        }" height="${MARK_HEIGHT}"/>`
      : "";
    return `${gap}<rect class="bar" x="${x}" y="${y.toFixed(2)}" width="${wide}" height="${
      (FLOOR - y).toFixed(2)
    }"><title>${day}: ${tweets}${isGap ? ", a part was missed" : ""}</title></rect>\n`;
  });
  return drawn.join("");
}

/** Draws the first and the last day, and between them as many beginnings of months as there is room for. */
function drawDays(bars: readonly DayCount[]): string {
  const step = (RIGHT - LEFT) / Math.max(1, bars.length);
  const y = FLOOR + 24;
  const [first, last] = [bars[0]?.day ?? "", bars.at(-1)?.day ?? ""];
  let drawn = `<text x="${LEFT}" y="${y}">${first}</text>\n`;
  if (last !== first) drawn += `<text x="${RIGHT}" y="${y}" text-anchor="end">${last}</text>\n`;
  let free = LEFT + END_ROOM;
  for (const [i, { day }] of bars.entries()) {
    const month = day.slice(0, 7);
    const x = LEFT + i * step;
    if (i === 0 || month === bars[i - 1]?.day.slice(0, 7)) continue;
    if (x < free || x > RIGHT - END_ROOM) continue;
    free = x + MONTH_ROOM;
    drawn += `<path class="line" d="M${x.toFixed(2)} ${FLOOR}v6"/>\n` +
      `<text x="${x.toFixed(2)}" y="${y}" text-anchor="middle">${month}</text>\n`;
  }
  return drawn;
}

function toY(tweets: number, most: number): number {
  return FLOOR - tweets / most * (FLOOR - TOP);
}

function toDigits(n: number): string {
  return n.toLocaleString("en-US");
}

/** Days of a bar. */
function barSize(days: readonly DayCount[], most: number): number {
  return Math.ceil(days.length / most);
}

/** Groups days, each group of as many days, into a limited number of groups. */
function groupDays(days: readonly DayCount[], most: number): DayCount[] {
  const size = barSize(days, most);
  const groups: DayCount[] = [];
  for (const [i, { day, tweets, isGap }] of days.entries()) {
    const group = i % size === 0 ? undefined : groups.at(-1);
    if (!group) groups.push({ day, tweets, isGap });
    else {
      group.tweets += tweets;
      group.isGap ||= isGap;
    }
  }
  return groups;
}

function toXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
