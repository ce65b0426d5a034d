/** Text as it fits a terminal: broken between words, or cut. */

/** What is to be copied: something in backticks, a command after a colon up to the end of its sentence, a setting. */
const TO_COPY =
  /`[^`]+`|(?<=(?:: |[Tt]hen |with |^\$ ))twarc-cloud [a-z-]+.*?(?=\. |, |; |: |\)|\.?$)|export [A-Z_]+=\S+/g;
/** The cells of a row before its last one: two spaces stand between them. */
const FIRST_CELLS = /^ *\S.*? {2,}(?=\S)/;
/** Stands for a space at which a line is not to be broken. */
const FIRM = "\u0000";

/** Columns before what is too wide to begin below a row's last cell, such as a path. */
const NARROW = 2;

/** Columns that a text takes at most: signs beyond the Latin ones may take two. */
function width(text: string): number {
  return [...text].reduce(
    (n, sign) => n + ((sign.codePointAt(0) ?? 0) < 0x300 || sign === "…" ? 1 : 2),
    0,
  );
}

/** As much of a line, whose parts are divided by `, `, as is on one line of a terminal. */
export function fitted(text: string, columns: number): string {
  // The last column stays free: some terminals begin another line there.
  const room = Math.max(columns - 1, 1);
  if (width(text) <= room) return text;
  let start = text;
  while (width(start) > room - 1) start = [...start].slice(0, -1).join("");
  const part = text.lastIndexOf(", ", start.length);
  return `${part > room / 2 ? start.slice(0, part) : start}…`;
}

/**
 * Returns a text whose lines are broken between words where they are wider than a terminal. What is to be copied stays on one
 * line: where it is longer than that, the terminal breaks it, and copies it without the break.
 */
export function wrapped(text: string, columns: number): string {
  return text.split("\n").map((line) => wrappedLine(line, columns)).join("\n");
}

function wrappedLine(line: string, columns: number): string {
  if (width(line) <= columns) return line;
  const firm = line.replace(TO_COPY, (found) => found.replaceAll(" ", FIRM));
  const hang = " ".repeat(hangOf(line, columns));
  const narrow = hang.slice(0, NARROW);
  const lines: string[] = [];
  let last = "";
  for (const [chunk] of firm.matchAll(/\s*\S+/g)) {
    if (last !== "" && width(last) + width(chunk) > columns) {
      lines.push(last);
      const word = chunk.trimStart();
      last = (width(hang) + width(word) > columns ? narrow : hang) + word;
    } else last += chunk;
  }
  return [...lines, last].join("\n").replaceAll(FIRM, " ");
}

/** Returns where the lines after the first begin: below its text, or below the last cell of a row. */
function hangOf(line: string, columns: number): number {
  const cells = FIRST_CELLS.exec(line)?.[0].length ?? 0;
  const indent = line.length - line.trimStart().length;
  return cells > indent && cells <= columns / 2 ? cells : Math.min(indent, columns / 2);
}
