/** Spans of time, in milliseconds since 1970, as sets. */

/** From a time on, up to another one. */
export interface Span {
  from: number;
  to: number;
}

/** A set of moments, as spans in their order of which none meets another: a span costs the same however many there are. */
export class SpanSet {
  readonly #spans: Span[] = [];

  constructor(spans: Iterable<Span> = []) {
    for (const span of spans) this.add(span);
  }

  /** The spans, those that met as one. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Adds a span; one of no time has no moments. */
  add({ from, to }: Span): void {
    if (from >= to) return;
    const first = this.#countOf((span) => span.to < from);
    const end = this.#countOf((span) => span.from <= to);
    const [before, last] = [this.#spans[first], this.#spans[end - 1]];
    const one = first === end ? { from, to } : {
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, last?.to ?? to),
    };
    this.#spans.splice(first, end - first, one);
  }

  /** Returns what of a span is not in it. */
  lacking(span: Span): Span[] {
    const left: Span[] = [];
    let at = span.from;
    for (let i = this.#countOf(({ to }) => to <= span.from); i < this.#spans.length; i++) {
      const { from, to } = this.#spans[i] ?? span;
      if (from >= span.to) break;
      if (from > at) left.push({ from: at, to: from });
      at = to;
    }
    if (at < span.to || at === span.from) left.push({ from: at, to: span.to });
    return left;
  }

  /** How many spans something holds for, which holds for none behind one for which it does not. */
  #countOf(holds: (span: Span) => boolean): number {
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
