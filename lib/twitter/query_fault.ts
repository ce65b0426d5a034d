/** Finds the place in a query, or a rule, at which the API refuses it. */

/** Characters that are shown on each side of a place. */
const AROUND = 15;
/** Number of faults that are shown. */
const SHOWN = 2;

/** The operators: https://docs.x.com/x-api/posts/search/integrate/operators */
const OPERATORS = new Set([
  "bio",
  "bio_location",
  "bio_name",
  "bounding_box",
  "context",
  "conversation_id",
  "entity",
  "followers_count",
  "following_count",
  "from",
  "has",
  "in_reply_to_tweet_id",
  "is",
  "lang",
  "list",
  "listed_count",
  "place",
  "place_country",
  "point_radius",
  "quotes_of_tweet_id",
  "retweets_of",
  "retweets_of_tweet_id",
  "sample",
  "source",
  "to",
  "tweets_count",
  "url",
  "url_contains",
  "url_description",
  "url_title",
  "user_bio",
  "user_bio_location",
]);

/** A fault, and where it is. */
interface QueryFault {
  /** Index of its first character. */
  at: number;
  says: string;
}

/**
 * Returns where a query that the API refused is at fault and what is wrong there, as sentences; null if that is
 * unknown.
 * @param said What the API said, which may name a position.
 */
export function queryFault(query: string, said: string): string | null {
  const position = /\bposition (\d+)/.exec(said)?.[1];
  if (position !== undefined) return `It is at ${around(query, Number(position) - 1)}.`;
  const faults = findFaults(query, said).toSorted((a, b) => a.at - b.at).slice(0, SHOWN);
  if (faults.length === 0) return null;
  return faults.map(({ at, says }) => `At ${around(query, at)}: ${says}.`).join(" ");
}

/** Returns the part of a query around a character, in quotes. */
function around(query: string, at: number): string {
  const part = query.slice(Math.max(0, at - AROUND), at + AROUND);
  return JSON.stringify(part.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "").trim());
}

function findFaults(query: string, said: string): QueryFault[] {
  const quotes = [...query.matchAll(/"/g)].map(({ index }) => index);
  const last = quotes.at(-1);
  if (last !== undefined && quotes.length % 2 === 1) {
    return [{ at: last, says: "the quotation mark has no other one" }];
  }
  // What is in quotes or brackets is no part of the structure.
  const bare = query.replace(/"[^"]*"|\[[^\]]*\]/g, (found) => "x".repeat(found.length));
  return [...parenthesisFaults(bare), ...wordFaults(bare), ...namedFaults(bare, said)];
}

function parenthesisFaults(query: string): QueryFault[] {
  const open: number[] = [];
  const faults: QueryFault[] = [];
  for (const { 0: sign, index: at } of query.matchAll(/[()]/g)) {
    if (sign === "(") open.push(at);
    else if (open.pop() === undefined) faults.push({ at, says: "no ( belongs to this )" });
  }
  const unclosed = open.map((at) => ({ at, says: "the parenthesis is not closed" }));
  const empty = [...query.matchAll(/\(\s*\)/g)].map(({ index: at }) => ({
    at,
    says: "there is nothing in ( )",
  }));
  return [...faults, ...unclosed, ...empty];
}

function wordFaults(query: string): QueryFault[] {
  const words = [...query.matchAll(/-?\(|\)|[^\s()]+/g)];
  return words.flatMap(({ 0: word, index: at }, i) => {
    const says = wordFault(word, { before: words[i - 1]?.[0], after: words[i + 1]?.[0] });
    return says === null ? [] : [{ at, says }];
  });
}

function wordFault(
  word: string,
  { before = "(", after = ")" }: { before: string | undefined; after: string | undefined },
): string | null {
  if (word === "OR") {
    const isAlone = /^(-?\(|OR)$/.test(before) || /^(\)|OR)$/.test(after);
    return isAlone ? "OR needs a term on each side" : null;
  }
  if (word === "NOT") {
    return "NOT is no operator: what is not wanted has a - before it, such as -cats";
  }
  if (word === "AND") return "AND is no operator: a space means the same";
  if (word === "-") return "the - has to be right before a term";
  const [, name, value] = /^-?([a-z_]+):(?!\/\/)(.*)$/i.exec(word) ?? [];
  if (name === undefined) return null;
  if (!OPERATORS.has(name.toLowerCase())) return `${name}: is not an operator that is known here`;
  return value === "" ? `${name}: has to be followed by its value, without a space` : null;
}

/** Returns the operators that the API's message names. */
function namedFaults(query: string, said: string): QueryFault[] {
  const name = /operator ['"`]?([a-z_]+)/i.exec(said)?.[1];
  const at = name === undefined ? -1 : query.toLowerCase().indexOf(`${name.toLowerCase()}:`);
  return at < 0 || !OPERATORS.has(`${name}`.toLowerCase())
    ? []
    : [{ at, says: `the API does not accept ${name}: here` }];
}
