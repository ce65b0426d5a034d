/** Ids of tweets and users as a person types them: what cannot be one is named for what it is. */

/** When the ids of tweets began to tell their time, in milliseconds since 1970. */
export const SNOWFLAKE_EPOCH = 1_288_834_974_657n;

/** Milliseconds that a clock may be behind. */
export const SLACK = 86_400_000;
/** X numbers with 63 bits. */
const LARGEST = 2n ** 63n - 1n;

/**
 * Returns why a text is no id; null where it may be one.
 * @param now In milliseconds since 1970, for an id of a tweet: it has its time in it, and none is of a time to come.
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
  return made > now + SLACK ? "is not an id yet: it would be of a time to come" : null;
}
