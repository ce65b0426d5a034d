/** The table of a soak: each fault, how often it was tried, and what it cost. */

/** What came of the collections that met a fault. */
interface Row {
  tried: number;
  lost: number;
  twice: number;
  unreadable: number;
  garbage: number;
}

/** What came of one collection. */
export interface Result {
  /** How often each fault happened, by `<fault> | <where>`. */
  tried: Map<string, number>;
  lost: string[];
  twice: string[];
  unreadable: string[];
  garbage: string[];
}

/** Adds up results, fault by fault. */
export class Table {
  readonly #rows = new Map<string, Row>();

  /** Adds what came of a collection to each fault that it met. */
  add({ tried, lost, twice, unreadable, garbage }: Result): void {
    for (const [name, times] of tried) {
      const row = this.#rows.get(name) ??
        { tried: 0, lost: 0, twice: 0, unreadable: 0, garbage: 0 };
      this.#rows.set(name, row);
      row.tried += times;
      row.lost += lost.length;
      row.twice += twice.length;
      row.unreadable += unreadable.length;
      row.garbage += garbage.length;
    }
  }

  /** As Markdown. */
  get text(): string {
    const rows = [...this.#rows].toSorted(([a], [b]) =>
      whereOf(a).localeCompare(whereOf(b)) || a.localeCompare(b)
    );
    return [
      "| fault | where | tried | lost | written twice | unreadable | garbage |",
      "| ----- | ----- | ----- | ---- | ------------- | ---------- | ------- |",
      ...rows.map(([name, { tried, lost, twice, unreadable, garbage }]) =>
        `| ${[name, tried, lost, twice, unreadable, garbage].join(" | ")} |`
      ),
    ].join("\n");
  }
}

function whereOf(name: string): string {
  return name.split(" | ")[1] ?? "";
}
