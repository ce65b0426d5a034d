/** Sets of times, in milliseconds since 1970, as spans. */

/** A half-open span of time. */
export interface Span {
  from: number;
  to: number;
}

/** A set of times, as disjoint spans in order, however many times they hold. */
export class SpanSet {
  readonly #spans: Span[] = [];

  constructor(spans: Iterable<Span> = []) {
    for (const span of spans) this.add(span);
  }

  /** The spans, merged where they touch. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Adds a span; an empty one has no effect. */
  add({ from, to }: Span): void {
    if (from >= to) return;
    const latest = this.#spans.at(-1);
    if (!latest || latest.to < from) {
      this.#spans.push({ from, to });
      return;
    }
    const first = this.#countWhile((span) => span.to < from);
    const end = this.#countWhile((span) => span.from <= to);
    const [before, last] = [this.#spans[first], this.#spans[end - 1]];
    const one = first === end ? { from, to } : {
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, last?.to ?? to),
    };
    this.#spans.splice(first, end - first, one);
  }

  /** Returns the parts of a span that are not in the set. */
  lacking(span: Span): Span[] {
    const left: Span[] = [];
    let at = span.from;
    for (let i = this.#countWhile(({ to }) => to <= span.from); i < this.#spans.length; i++) {
      const { from, to } = this.#spans[i] ?? span;
      if (from >= span.to) break;
      if (from > at) left.push({ from: at, to: from });
      at = to;
    }
    if (at < span.to || at === span.from) left.push({ from: at, to: span.to });
    return left;
  }

  /** Returns the length of the prefix of spans for which a condition holds. */
  #countWhile(holds: (span: Span) => boolean): number {
    let [low, high] = [0, this.#spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const span = this.#spans[middle];
      if (span && holds(span)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
