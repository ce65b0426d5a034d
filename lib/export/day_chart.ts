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

/** Returns every day from the first to the last one, also those without tweets. */
export function toDays(
  counts: Readonly<Record<string, number>>,
  gaps: readonly Span[],
): DayCount[] {
  const known = Object.keys(counts).filter((day) => /^\d{4}-\d\d-\d\d$/.test(day)).toSorted();
  const [first, last] = [Date.parse(known[0] ?? ""), Date.parse(known.at(-1) ?? "")];
  const days: DayCount[] = [];
  for (let at = first; at <= last; at += DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    const isGap = gaps.some(({ from, to }) => from < at + DAY && to > at);
    days.push({ day, tweets: counts[day] ?? 0, isGap });
  }
  return days;
}

/** Returns a line of blocks that fits into a number of columns, and one below it that marks gaps with `^`. */
export function toSparkline(
  days: readonly DayCount[],
  columns: number,
): [line: string, gaps: string] {
  const bars = grouped(days, Math.max(1, columns));
  const most = bars.reduce((most, { tweets }) => Math.max(most, tweets), 1);
  const block = ({ tweets }: DayCount) =>
    tweets === 0 ? " " : BLOCKS[Math.min(7, Math.floor(tweets / most * 8))] ?? "";
  const gaps = bars.map(({ isGap }) => isGap ? "^" : " ").join("").trimEnd();
  return [bars.map(block).join(""), gaps];
}

/** Returns a chart as SVG, light or dark as its reader is, with bars that differ in print: gaps are hatched. */
export function toSvg(days: readonly DayCount[], { title }: { title: string }): string {
  const bars = grouped(days, MOST_BARS);
  const [width, height, left, top, bottom] = [960, 320, 64, 40, 40];
  const [inner, room] = [width - left - 16, height - top - bottom];
  const most = bars.reduce((most, { tweets }) => Math.max(most, tweets), 1);
  const step = inner / Math.max(1, bars.length);
  const x = (i: number) => (left + i * step).toFixed(2);
  const w = Math.max(0.5, step * 0.9).toFixed(2);
  const rects = bars.map(({ day, tweets, isGap }, i) => {
    const h = tweets / most * room;
    const gap = isGap
      ? `<rect class="gap" x="${x(i)}" y="${top}" width="${step.toFixed(2)}" height="${room}"/>`
      : "";
    const y = (top + room - h).toFixed(2);
    return `${gap}<rect class="bar" x="${x(i)}" y="${y}" width="${w}" height="${h.toFixed(2)}">` +
      `<title>${day}: ${tweets}${isGap ? ", a part was missed" : ""}</title></rect>`;
  });
  const total = days.reduce((sum, { tweets }) => sum + tweets, 0);
  const missed = days.filter(({ isGap }) => isGap).length;
  const [first, last] = [days[0]?.day ?? "", days.at(-1)?.day ?? ""];
  const per = bars.length === days.length ? "day" : `${Math.ceil(days.length / MOST_BARS)} days`;
  const description =
    `${total} tweets made from ${first} to ${last}, a bar per ${per}, the highest ${most}. ` +
    (missed === 0 ? "No day has a gap." : `On ${missed} days a part was missed.`);
  const floor = top + room;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">
<title id="t">${toXml(title)}</title>
<desc id="d">${toXml(description)}</desc>
<style>
.bar{fill:#1f5f99}.gap{fill:url(#hatch)}.line{stroke:#333}.hatch{stroke:#b3261e}
text{fill:#222;font:14px sans-serif}.head{font-size:16px;font-weight:bold}.back{fill:#fff}
@media (prefers-color-scheme:dark){.bar{fill:#7db8f0}.line{stroke:#bbb}.hatch{stroke:#ff8a80}text{fill:#eee}.back{fill:#16181c}}
@media print{.bar{fill:#000}.line{stroke:#000}.hatch{stroke:#000}text{fill:#000}.back{fill:#fff}}
</style>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6" stroke-width="2"/></pattern></defs>
<rect class="back" width="${width}" height="${height}"/>
<text class="head" x="${left}" y="24">${toXml(title)}</text>
${rects.join("\n")}
<path class="line" d="M${left} ${top}V${floor}H${width - 16}" fill="none"/>
<text x="${left - 8}" y="${top + 5}" text-anchor="end">${most}</text>
<text x="${left - 8}" y="${floor + 5}" text-anchor="end">0</text>
<text x="${left}" y="${floor + 24}">${first}</text>
<text x="${width - 16}" y="${floor + 24}" text-anchor="end">${last}</text>
${
    missed === 0
      ? ""
      : `<text x="${width / 2}" y="${
        floor + 24
      }" text-anchor="middle">hatched: a part was missed</text>\n`
  }</svg>
`;
}

/** Groups days, each group of as many days, into a limited number of groups. */
function grouped(days: readonly DayCount[], most: number): DayCount[] {
  const size = Math.ceil(days.length / most);
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
