/** Full stops of texts that are put together: a message has none, and who shows it as a sentence adds it. */

/** Returns a text, often somebody else's, without a full stop at its end; an ellipsis stays. */
export function withoutFullStop(text: string): string {
  return /(^|[^.])\.$/.test(text) ? text.slice(0, -1) : text;
}

/** Returns a text as a sentence. */
export function withFullStop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
