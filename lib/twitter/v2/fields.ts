/** The parameters that ask for fields and expansions of version 2: all that twarc2 asks for, unless narrowed. */

import { type FieldChoice, type FieldKind, FIELDS } from "../../base/api_fields.ts";

/** What the program itself reads of the users of posts; their names always come. */
const NEEDED: FieldChoice = { expansions: ["author_id"], user: ["protected"] };
/** The same, where posts come along that others quote, repeat or answer. */
const NEEDED_OF_ALL: FieldChoice = {
  expansions: ["author_id", "referenced_tweets.id.author_id"],
  tweet: ["author_id"],
  user: ["protected"],
};

/**
 * What an answer has to tell of those who wrote its tweets: who they are, as a timeline's has, or which of them, and
 * of those whose tweets come along, are protected.
 */
export type Told = "nothing" | "authors" | "protected";

/** Returns the parameters that a request for tweets has. */
export function tweetParameters(
  fields: FieldChoice,
  told: Told = "nothing",
): Record<string, string> {
  const needed = neededFor(told, fields);
  return {
    ...parameter("expansions", fields, needed),
    ...parameter("tweet", fields, needed),
    ...parameter("user", fields, needed),
    ...parameter("media", fields, needed),
    ...parameter("poll", fields, needed),
    ...parameter("place", fields, needed),
  };
}

function neededFor(told: Told, { expansions = FIELDS.expansions.usual }: FieldChoice): FieldChoice {
  if (told === "nothing") return {};
  const hasOthers = expansions.some((name) => name.startsWith("referenced_tweets.id"));
  return told === "protected" && hasOthers ? NEEDED_OF_ALL : NEEDED;
}

/** Returns the parameters that a request for users has. */
export function userParameters(fields: FieldChoice): Record<string, string> {
  return parameter("user", fields, NEEDED);
}

/** Returns whether context annotations come with tweets: the archive gives fewer a page then. */
export function hasContext({ tweet = FIELDS.tweet.usual }: FieldChoice): boolean {
  return tweet.includes("context_annotations");
}

/** One parameter; none where nothing is asked for, as the API takes no empty one. */
function parameter(
  kind: FieldKind,
  fields: FieldChoice,
  needed: FieldChoice,
): Record<string, string> {
  const names = new Set([...fields[kind] ?? FIELDS[kind].usual, ...needed[kind] ?? []]);
  const name = kind === "expansions" ? kind : `${kind}.fields`;
  return names.size === 0 ? {} : { [name]: [...names].join(",") };
}
