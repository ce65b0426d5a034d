/** The query language of searches and stream rules, as far as the sandbox supports it. */

import type { Status } from "./corpus.ts";
import type { SandboxUser } from "./user.ts";

/** The word that, as a query or a track term, matches every tweet. */
export const EVERYTHING = "sandbox";

/** Whether a tweet matches. */
export type Matcher = (status: Status, user: SandboxUser | undefined) => boolean;

/** The supported operators, and their matchers; made-up tweets are in English, without a place. */
const OPERATORS: Record<string, (value: string) => Matcher> = {
  from: (value) => (status, user) =>
    status.userId === value || user?.screenName.toLowerCase() === value,
  to: () => () => false,
  retweets_of: () => () => false,
  bounding_box: () => () => false,
  point_radius: () => () => false,
  has: () => () => false,
  is: () => () => false,
  lang: (value) => () => value === "en",
  sample: () => () => true,
};

/**
 * Returns the matcher of a query: words, "phrases", #tags, operators such as from:name, -not, OR, and parentheses.
 * https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule
 * @throws SyntaxError that names its fault.
 */
export function matcher(query: string): Matcher {
  const tokens = query.match(/-?\(|\)|-?[a-z_]+:\[[^\]]*\]|-?(?:[a-z_]+:)?"[^"]*"|[^\s()]+/gi) ??
    [];
  if (tokens.length === 0) throw new SyntaxError("it is empty");
  const all = either(tokens);
  if (tokens.length > 0) throw new SyntaxError("there is a parenthesis too many");
  return all;
}

function either(tokens: string[]): Matcher {
  const ways = [every(tokens)];
  while (tokens[0] === "OR" || tokens[0] === "or") {
    tokens.shift();
    ways.push(every(tokens));
  }
  return (status, user) => ways.some((way) => way(status, user));
}

function every(tokens: string[]): Matcher {
  const parts: Matcher[] = [];
  while (tokens[0] !== undefined && tokens[0] !== ")" && !/^or$/i.test(tokens[0])) {
    parts.push(part(tokens));
  }
  if (parts.length === 0) throw new SyntaxError("a term is missing beside OR or in ( )");
  return (status, user) => parts.every((matches) => matches(status, user));
}

function part(tokens: string[]): Matcher {
  const token = tokens.shift() ?? "";
  if (token === "(" || token === "-(") {
    const inner = either(tokens);
    if (tokens.shift() !== ")") throw new SyntaxError("a parenthesis is not closed");
    return token === "(" ? inner : (status, user) => !inner(status, user);
  }
  if (token.length > 1 && token.startsWith("-")) {
    const inner = term(token.slice(1).toLowerCase());
    return (status, user) => !inner(status, user);
  }
  return term(token.toLowerCase());
}

function term(text: string): Matcher {
  const [, name = "", value = ""] = /^([a-z_]+):(?!\/\/)(.+)$/.exec(text) ?? [];
  if (name !== "") {
    const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
    if (!operator) throw new SyntaxError(`"${name}:" is not an operator`);
    return operator(value.replaceAll('"', ""));
  }
  if (text.replaceAll('""', "").split('"').length % 2 === 0) {
    throw new SyntaxError("a quotation mark is not closed");
  }
  const words = text.replaceAll('"', "");
  return words === EVERYTHING ? () => true : (status) => status.words().includes(words);
}
