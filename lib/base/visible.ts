/** Text from outside as it may be shown: what would steer a terminal, or hide what is there, is written out. */

/** Control characters but the line feed, and what changes the direction of writing or breaks lines unseen. */
const UNSEEN =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns a text whose control characters are shown rather than sent. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeCharacter);
}

/** Returns the same on one line: a line feed from outside would begin a line that looks like ours. */
export function oneLine(text: string): string {
  return visible(text).replace(/\n/g, escapeCharacter);
}

/**
 * Returns a word from outside as the last one of a command that a person is to type: what begins with `-` would be an option,
 * and a shell reads signs of its own.
 */
export function lastWord(word: string): string {
  const quoted = /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return word.startsWith("-") ? `-- ${quoted}` : quoted;
}

function escapeCharacter(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
