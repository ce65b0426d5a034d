/** Full stops of texts that are put together: a message has none, and who shows it as a sentence adds it. */

/** Returns a text, often somebody else's, without a full stop at its end; an ellipsis stays. */
export function withoutFullStop(text: string): string {
  return /(^|[^.])\.$/.test(text) ? text.slice(0, -1) : text;
}

/** Returns a text as a sentence. */
export function withFullStop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Returns a text as a sentence, or without a full stop where it ends with a command or an address to copy. */
export function asLastSentence(text: string): string {
  const bare = withoutFullStop(text);
  return /: (?:twarc-cloud [^`\n]*|https?:\/\/\S+)$/.test(bare) ? bare : withFullStop(text);
}
