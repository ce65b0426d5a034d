/** The parameters that ask for fields and expansions of version 2: all that twarc2 asks for, unless narrowed. */

import { type FieldChoice, type FieldKind, FIELDS } from "../fields.ts";

/** What the program itself reads of the users of a timeline's posts; their names always come. */
const NEEDED: FieldChoice = { expansions: ["author_id"], user: ["protected"] };

/**
 * The parameters that a request for tweets has.
 * @param options.authors Whether the answer has to tell who wrote the tweets, as a timeline's has.
 */
export function tweetParameters(
  fields: FieldChoice,
  { authors = false }: { authors?: boolean } = {},
): Record<string, string> {
  const needed = authors ? NEEDED : {};
  return {
    ...parameter("expansions", fields, needed),
    ...parameter("tweet", fields, needed),
    ...parameter("user", fields, needed),
    ...parameter("media", fields, needed),
    ...parameter("poll", fields, needed),
    ...parameter("place", fields, needed),
  };
}

/** The parameters that a request for users has. */
export function userParameters(fields: FieldChoice): Record<string, string> {
  return parameter("user", fields, NEEDED);
}

/** Whether context annotations come with tweets: the archive gives fewer a page then. */
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
