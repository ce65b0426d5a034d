/** Texts of columns that rows share, such as those of an author with many tweets in one answer. */

/** Columns beside each other that are made of the same thing. */
export interface Run<Of> {
  of: Of;
  /** The number of its first column. */
  first: number;
  /** The number of the column behind its last one. */
  end: number;
}

/** Returns the runs of columns, in their order. */
export function runsOf<Of>(
  columns: readonly string[],
  sourceOf: (column: string) => Of,
): Run<Of>[] {
  const runs: Run<Of>[] = [];
  for (const [i, column] of columns.entries()) {
    const of = sourceOf(column);
    const last = runs.at(-1);
    if (last && last.of === of) last.end = i + 1;
    else runs.push({ of, first: i, end: i + 1 });
  }
  return runs;
}

/** Texts of runs, for as long as there is what they are made of. */
export class SharedTexts {
  readonly #texts = new WeakMap<object, Map<number, string>>();

  /** Returns the text of a run, which is made once. @param first The number of its first column. */
  of(source: object, first: number, make: () => string): string {
    let texts = this.#texts.get(source);
    if (!texts) this.#texts.set(source, texts = new Map());
    let text = texts.get(first);
    if (text === undefined) texts.set(first, text = make());
    return text;
  }
}
