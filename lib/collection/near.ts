/** Suggests known names for an unknown one. */

/** Maximum edit distance of a suggestion. */
const NEAR = 3;

/** Returns the known names similar to a name, nearest first; none for an empty one. */
export function nearTo(name: string, known: readonly string[]): string[] {
  if (name === "") return [];
  const isPart = (one: string) => one.includes(name) || name.includes(one);
  return known.map((one) => ({ one, letters: distance(one, name) }))
    .filter(({ one, letters }) => isPart(one) || letters <= Math.min(NEAR, name.length - 1))
    .toSorted((a, b) => a.letters - b.letters)
    .map(({ one }) => one);
}

/** Returns the edit distance (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
