/** The order of keys in a listing: of a folder of years, tens of thousands are sorted at once. */

const [FIRST_SURROGATE, PAST_SURROGATES] = [0xd800, 0xe000];

/**
 * Compares keys by the bytes of their UTF-8, as S3 lists them, without making those bytes.
 * @returns A number below, above or equal to 0.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Returns the place of a UTF-16 code unit: surrogates stand for characters above all others. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit;
  return unit < PAST_SURROGATES ? unit + 0x10000 : unit;
}
