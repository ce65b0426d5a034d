/** A filter as rules of version 2, and as queries that search for gaps of the stream. */

import type { Filter, FilterRule } from "./api.ts";
import { MAX_QUERY } from "./v2/sizes.ts";

/** Characters of a rule: https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule */
const MAX_RULE = 1_024;
const OR = " OR ";

/** Operators that only streams have: https://docs.x.com/x-api/fundamentals/recovery-and-redundancy */
const STREAM_ONLY =
  /(^|[\s(])-?(sample|bio|bio_name|bio_location|followers_count|tweets_count|following_count|listed_count):("[^"]*"|\S*[^\s)])/g;

/**
 * Returns the rules of a filter: its own, then rules made of `track`, `follow` and `locations`, whose values have
 * their meaning of version 1.1: any phrase with all of its words; a user's tweets, answers to them and retweets of
 * them; any box.
 */
export function rulesFor({ rules = [], ...lists }: Filter): FilterRule[] {
  return [...rules, ...packTerms(listTerms(lists), MAX_RULE).map((value) => ({ value }))];
}

/** Returns the queries of recent search that stand for a filter's stream, and the rules that are too long for it. */
export function searchQueries({ rules = [], ...lists }: Filter): {
  queries: string[];
  tooLong: string[];
} {
  const own = rules.map(({ value }) => value.replace(STREAM_ONLY, "$1").trim())
    .filter((value) => value !== "");
  const tooLong = own.filter((value) => value.length > MAX_QUERY);
  const queries = own.filter((value) => value.length <= MAX_QUERY);
  return { queries: [...queries, ...packTerms(listTerms(lists), MAX_QUERY)], tooLong };
}

function listTerms({ track = "", follow = "", locations = "" }: Omit<Filter, "rules">): string[] {
  const boxes = splitList(locations);
  return [
    ...splitList(track).map(phrase),
    ...splitList(follow).map((id) => `from:${id}${OR}to:${id}${OR}retweets_of:${id}`),
    ...boxes.flatMap((_, i) =>
      i % 4 === 0 ? [`bounding_box:[${boxes.slice(i, i + 4).join(" ")}]`] : []
    ),
  ];
}

function splitList(list: string): string[] {
  return list.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** Returns all words of a phrase, in any order; quoted where one of their characters has a meaning in a rule. */
function phrase(words: string): string {
  const terms = words.split(/\s+/).map((word) => {
    const isPlain = /^[#@$]?[\p{L}\p{N}\p{M}_]+$/u.test(word) && word.toUpperCase() !== "OR" &&
      word.toUpperCase() !== "AND";
    return isPlain ? word : `"${word.replaceAll('"', "")}"`;
  }).filter((term) => term !== '""');
  return terms.length > 1 ? `(${terms.join(" ")})` : terms.join("");
}

/** Returns terms with OR between them, in as few texts of at most `longest` characters as possible. */
function packTerms(terms: string[], longest: number): string[] {
  const texts: string[] = [];
  for (const term of terms.filter((term) => term !== "")) {
    const last = texts.at(-1);
    const joined = last === undefined ? term : `${last}${OR}${term}`;
    if (last === undefined || joined.length > longest) texts.push(term);
    else texts[texts.length - 1] = joined;
  }
  return texts;
}
