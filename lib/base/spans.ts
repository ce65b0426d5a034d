/** Spans of time, in milliseconds since 1970, as sets. */

/** From a time on, up to another one. */
export interface Span {
  from: number;
  to: number;
}

/** Returns what is left of a span without another one. */
export function without(span: Span, { from, to }: Span): Span[] {
  if (to <= span.from || span.to <= from) return [span];
  return [
    ...(span.from < from ? [{ from: span.from, to: from }] : []),
    ...(to < span.to ? [{ from: to, to: span.to }] : []),
  ];
}

/** Returns what of a span is in none of others. */
export function inside(span: Span, others: Span[]): Span[] {
  return others.reduce((left, other) => left.flatMap((one) => without(one, other)), [span]);
}

/** Returns spans in their order, those that meet as one. */
export function united(spans: Span[]): Span[] {
  const all: Span[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (from < to) all.push({ from, to });
  }
  return all;
}
