/** Checks ids of tweets and users that a person typed. */

/** The epoch of tweet ids that hold their time, in milliseconds since 1970. */
export const SNOWFLAKE_EPOCH = 1_288_834_974_657n;

/** Milliseconds of clock skew that are tolerated. */
export const SLACK = 86_400_000;
/** The largest id: X's have 63 bits. */
const LARGEST = 2n ** 63n - 1n;

/**
 * Returns why a text is not an id; null if it may be one.
 * @param now In milliseconds since 1970, for a tweet's id: ids hold their time, which cannot be in the future.
 */
export function idFault(text: string, now = Infinity): string | null {
  if (/^\d+([.,]\d+)?e\+?\d+$/i.test(text)) {
    return "is an id that a spreadsheet has rounded: its last digits are lost. Get it from its source again, " +
      "with the column as text";
  }
  if (/^\d+\.0+$/.test(text)) {
    return "was written as a number with decimals, by which ids are rounded. Export it as text";
  }
  if (!/^\d+$/.test(text)) return "is not an id, which is digits only";
  if (text.length > 1 && text.startsWith("0")) return "is not an id: it begins with 0";
  if (text === "0") return "is not an id: no user or tweet has it";
  if (text.length > 19 || BigInt(text) > LARGEST) return "is not an id: it has too many digits";
  const made = Number((BigInt(text) >> 22n) + SNOWFLAKE_EPOCH);
  return made > now + SLACK ? "is not a valid id: its time is in the future" : null;
}
