/** The parameters for fields and expansions of version 2: by default all that twarc2 requests. */

import { type FieldChoice, type FieldKind, FIELDS } from "../../base/api_fields.ts";

/** The fields that the program itself reads of the users of posts; their names are always included. */
const NEEDED: FieldChoice = { expansions: ["author_id"], user: ["protected"] };
/** The same, where posts come along that others quote, repeat or answer. */
const NEEDED_OF_ALL: FieldChoice = {
  expansions: ["author_id", "referenced_tweets.id.author_id"],
  tweet: ["author_id"],
  user: ["protected"],
};

/**
 * The facts about authors of tweets that a response has to include: who they are, as a timeline's has, or which of
 * them, and of the authors of referenced tweets, are protected.
 */
export type Told = "nothing" | "authors" | "protected";

/** Returns the parameters of a request for tweets. */
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

/** Returns the parameters of a request for users. */
export function userParameters(fields: FieldChoice): Record<string, string> {
  return parameter("user", fields, NEEDED);
}

/** Returns whether context annotations are included: the archive returns fewer tweets a page then. */
export function hasContext({ tweet = FIELDS.tweet.usual }: FieldChoice): boolean {
  return tweet.includes("context_annotations");
}

/** Returns one parameter; none where it would be empty, which the API does not accept. */
function parameter(
  kind: FieldKind,
  fields: FieldChoice,
  needed: FieldChoice,
): Record<string, string> {
  const names = new Set([...fields[kind] ?? FIELDS[kind].usual, ...needed[kind] ?? []]);
  const name = kind === "expansions" ? kind : `${kind}.fields`;
  return names.size === 0 ? {} : { [name]: [...names].join(",") };
}
