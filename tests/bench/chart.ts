/** A chart of bars in groups as SVG, for a report that people read beside its numbers. */

/** One group of bars. */
export interface Bars {
  title: string;
  unit: string;
  /** What is aimed at, where there is such. */
  goal?: number;
  rows: { name: string; value: number }[];
}

const [WIDTH, LEFT, RIGHT, ROW, HEAD] = [760, 230, 90, 22, 44];

/** Draws groups below each other, each on a scale of its own. */
export function chart(groups: readonly Bars[]): string {
  const heights = groups.map(({ rows }) => HEAD + rows.length * ROW);
  const parts = groups.map((group, i) =>
    drawn(group, heights.slice(0, i).reduce((sum, height) => sum + height, 0))
  );
  const height = heights.reduce((sum, one) => sum + one, 16);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="13">\n` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n${parts.join("\n")}\n</svg>\n`;
}

function drawn({ title, unit, goal, rows }: Bars, top: number): string {
  const room = WIDTH - LEFT - RIGHT;
  const scale = room / Math.max(goal ?? 0, ...rows.map(({ value }) => value), Number.EPSILON);
  const aim = goal === undefined ? "" : `, goal ${goal}`;
  const lines = [
    `<text x="8" y="${top + 28}" font-weight="bold">${escaped(`${title} (${unit}${aim})`)}</text>`,
  ];
  for (const [i, { name, value }] of rows.entries()) {
    const y = top + HEAD + i * ROW;
    const width = Math.max(value * scale, 1).toFixed(1);
    const isOver = goal !== undefined && value > goal;
    lines.push(
      `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width}" height="17" fill="${
        isOver ? "#d08a3c" : "#4c8c6a"
      }"/>`,
      `<text x="${LEFT + Number(width) + 6}" y="${y + 13}">${shown(value)}</text>`,
    );
  }
  if (goal !== undefined) {
    const x = (LEFT + goal * scale).toFixed(1);
    const end = top + HEAD + rows.length * ROW - 5;
    lines.push(`<line x1="${x}" x2="${x}" y1="${top + HEAD}" y2="${end}" stroke="#333"/>`);
  }
  return lines.join("\n");
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
