/** Makes text from outside safe to show: escapes characters that steer a terminal or hide text. */

/**
 * Control characters except the line feed, and characters that change the writing direction or break lines invisibly.
 */
const UNSEEN =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns a text with its control characters escaped. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeCharacter);
}

/** Returns the same on one line: a line feed from outside would begin a line that looks like ours. */
export function oneLine(text: string): string {
  return visible(text).replace(/\n/g, escapeCharacter);
}

/**
 * Quotes a word from outside as the last one of a command to type, so that it is neither an option nor read by the
 * shell.
 */
export function lastWord(word: string, os: string = Deno.build.os): string {
  const quoted = quotedFor(word, os);
  return word.startsWith("-") ? `-- ${quoted}` : quoted;
}

function quotedFor(word: string, os: string): string {
  const safe = os === "windows" ? /^[\w./:\\-]+$/ : /^[\w./:-]+$/;
  if (safe.test(word)) return word;
  // cmd.exe takes single quotes for letters; PowerShell reads these characters within double ones.
  if (os === "windows" && !/["$`]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function escapeCharacter(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
