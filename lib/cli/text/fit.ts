/** Fits text to a terminal: wraps it between words, or truncates it. */

/**
 * Parts to copy: an indented command, something in backticks, a command after a colon up to the end of its sentence, a
 * setting.
 */
const TO_COPY =
  /(?<=^ +)(?:twarc-cloud|export|echo) .+$|^\$ twarc-cloud .+$|`[^`]+`|(?<=(?:: |[Tt]hen |with ))twarc-cloud [a-z-]+.*?(?=\. |, |; |: |\)|\.?$)|export [A-Z_]+=\S+/g;
/** The cells of a row before its last one, separated by two spaces. */
const FIRST_CELLS = /^ *\S.*? {2,}(?=\S)/;
/** A placeholder for a space that must not be wrapped at. */
const FIRM = "\u0000";

/** Indentation of what is too wide to begin below a row's last cell, such as a path. */
const NARROW = 2;

/** Returns the maximum columns of a text: characters beyond Latin may take two. */
function width(text: string): number {
  return [...text].reduce(
    (n, sign) => n + ((sign.codePointAt(0) ?? 0) < 0x300 || sign === "…" ? 1 : 2),
    0,
  );
}

/** Returns as many of a line's parts, separated by `, `, as fit on one line of a terminal. */
export function fitLine(text: string, columns: number): string {
  // The last column stays free: some terminals wrap there.
  const room = Math.max(columns - 1, 1);
  if (width(text) <= room) return text;
  let start = text;
  while (width(start) > room - 1) start = [...start].slice(0, -1).join("");
  const part = text.lastIndexOf(", ", start.length);
  return `${part > room / 2 ? start.slice(0, part) : start}…`;
}

/**
 * Wraps lines between words where they are wider than a terminal. Parts to copy stay on one line, which the terminal
 * wraps and copies without the break.
 */
export function wrapText(text: string, columns: number): string {
  const firm = text.split("\n").map((line) =>
    line.replace(TO_COPY, (found) => found.replaceAll(" ", FIRM))
  ).join("\n");
  return wrapWords(firm, columns).replaceAll(FIRM, " ");
}

/** Wraps lines between words, whatever they say. */
export function wrapWords(text: string, columns: number): string {
  return text.split("\n").map((line) => wrappedLine(line, columns)).join("\n");
}

function wrappedLine(line: string, columns: number): string {
  if (width(line) <= columns) return line;
  const hang = " ".repeat(hangingIndent(line, columns));
  const narrow = hang.slice(0, NARROW);
  const lines: string[] = [];
  let last = "";
  for (const [chunk] of line.matchAll(/\s*\S+/g)) {
    if (last !== "" && width(last) + width(chunk) > columns) {
      lines.push(last);
      const word = chunk.trimStart();
      last = (width(hang) + width(word) > columns ? narrow : hang) + word;
    } else last += chunk;
  }
  return [...lines, last].join("\n");
}

/** Returns the indentation of wrapped lines: below the line's text, or below the last cell of a row. */
function hangingIndent(line: string, columns: number): number {
  const cells = FIRST_CELLS.exec(line)?.[0].length ?? 0;
  const indent = line.length - line.trimStart().length;
  return cells > indent && cells <= columns / 2 ? cells : Math.min(indent, columns / 2);
}
