/** Spans of ids that may overlap, found by the ids that they have in common with another one. */

import { compareIds, isOlder } from "../twitter/bytes/ids.ts";

/** A span of ids, both ends exclusive. */
export interface IdSpan {
  sinceId: string;
  untilId: string;
}

/** Spans of ids. A look-up takes the logarithm of their number, and as long as there are results. */
export class IdSpans<T extends IdSpan> {
  /** By their lower ends. */
  readonly #spans: T[];
  /** The highest upper end of each range of spans that a search halves, by its number: 1 is all of them. */
  readonly #highest: string[] = [];

  constructor(spans: T[]) {
    this.#spans = spans.toSorted((a, b) => compareIds(a.sinceId, b.sinceId));
    this.#setHighest(1, 0, this.#spans.length);
  }

  /** Returns the spans that have room in common with another one, by their lower ends. */
  overlapping(span: IdSpan): T[] {
    const found: T[] = [];
    this.#find(span, found, { node: 1, from: 0, to: this.#spans.length });
    return found;
  }

  /** Returns the spans that an id is in, by their lower ends. */
  around(id: string): T[] {
    return this.overlapping({ sinceId: id, untilId: id });
  }

  #find(span: IdSpan, found: T[], { node, from, to }: Range): void {
    const first = this.#spans[from];
    if (from >= to || !first || !isOlder(first.sinceId, span.untilId)) return;
    if (!isOlder(span.sinceId, this.#highest[node] ?? "0")) return;
    if (to - from === 1) {
      found.push(first);
      return;
    }
    const middle = (from + to) >> 1;
    this.#find(span, found, { node: 2 * node, from, to: middle });
    this.#find(span, found, { node: 2 * node + 1, from: middle, to });
  }

  #setHighest(node: number, from: number, to: number): string {
    const middle = (from + to) >> 1;
    const highest = to - from <= 1 ? this.#spans[from]?.untilId ?? "0" : higher(
      this.#setHighest(2 * node, from, middle),
      this.#setHighest(2 * node + 1, middle, to),
    );
    this.#highest[node] = highest;
    return highest;
  }
}

/** A range of spans, without the one at `to`. */
interface Range {
  node: number;
  from: number;
  to: number;
}

function higher(a: string, b: string): string {
  return isOlder(a, b) ? b : a;
}
