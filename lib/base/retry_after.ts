/** Parses `Retry-After` (RFC 9110, 10.2.3). */

/** Milliseconds that are waited at most: a longer wait is cut, and the next response says how much is left. */
const MAX_WAIT_MS = 900_000;
/** Milliseconds beyond which a value is ignored: a day. */
const BELIEVED_MS = 86_400_000;

/**
 * Returns the milliseconds until the next try, from seconds or a date relative to the response's Date; undefined if the
 * response has neither, or asks for more than a day.
 * @param now In milliseconds since 1970, for a response without a Date.
 */
export function retryAfter(
  header: (name: string) => string | null | undefined,
  now: number,
): number | undefined {
  const value = header("retry-after")?.trim();
  if (!value) return undefined;
  const date = Date.parse(header("date") ?? "");
  const ms = /^\d+(\.\d+)?$/.test(value)
    ? Number(value) * 1_000
    : /[a-z]/i.test(value)
    ? Date.parse(value) - (Number.isNaN(date) ? now : date)
    : NaN;
  return ms >= 0 && ms <= BELIEVED_MS ? Math.min(ms, MAX_WAIT_MS) : undefined;
}
