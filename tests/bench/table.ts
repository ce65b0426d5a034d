/** Tables of Markdown. */

/** A table with a heading; the first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const under = head.map((_, i) => i === 0 ? "---" : "--:");
  return [line(head), line(under), ...rows.map(line)].join("\n");
}
