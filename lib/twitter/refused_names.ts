/** Finds the names of fields and expansions that the API refuses, in its response with status 400. */

/** The refused part: a name in a parameter, or the parameter as a whole. */
export interface Refused {
  parameter: string;
  name?: string;
}

/** Returns whether a parameter's value is a list of names: `tweet.fields`, `expansions`. */
export function isListOfNames(parameter: string): boolean {
  return parameter === "expansions" || parameter.endsWith(".fields");
}

/** Matches the names that the API accepts, which a refusal may list. */
const TAKEN = /\b(?:is|are) not one of \[([^\]]*)\]?/g;
/** `The query parameter [tweet.fields] is not one of [id,max_results]` */
const PARAMETER = /query parameters? \[([^\]]+)\] (?:is|are) not one of/g;
/** ``The `user.fields` query parameter value [pinned_tweet_id] is not one of [id,name]`` */
const VALUE = /[`'"[]?([\w.]+)[`'"\]]? query parameter values? \[([^\]]*)\]/g;
/** Matches any other refusal, so that a name in it is the refused one. */
const REFUSES =
  /invalid|not (?:a )?valid|unknown|unrecognized|unsupported|not (?:supported|allowed|recognized)|not one of/i;
/** And its topic: words such as `id` and `url` stand in other messages too. */
const ABOUT = /\b(?:fields?|expansions?|value)\b/i;
const QUOTED = /[`'"[]([\w.,\s]+)[`'"\]]/g;

/**
 * Returns the part of a request that the API refuses by its name; nothing where it refuses something else.
 * @param said The text of the response.
 * @param parameters Of the request.
 */
export function findRefused(
  said: readonly string[],
  parameters: Record<string, string>,
): Refused[] {
  const lists = new Map(
    Object.entries(parameters).filter(([name]) => isListOfNames(name))
      .map(([name, value]) => [name, new Set(value.split(","))]),
  );
  return said.flatMap((text) => refusedBy(text, lists));
}

function refusedBy(text: string, lists: Map<string, Set<string>>): Refused[] {
  const taken = new Set([...text.matchAll(TAKEN)].flatMap(([, names]) => splitNames(names)));
  const whole = [...text.matchAll(PARAMETER)].flatMap(([, names]) => splitNames(names))
    .filter((parameter) => lists.has(parameter));
  if (whole.length > 0) return whole.map((parameter) => ({ parameter }));
  const values = [...text.matchAll(VALUE)];
  if (values.length > 0) {
    return values.flatMap(([, parameter = "", names]) =>
      splitNames(names).filter((name) => lists.get(parameter)?.has(name) && !taken.has(name))
        .map((name) => ({ parameter, name }))
    );
  }
  const told = text.replace(TAKEN, " is not one of them");
  return REFUSES.test(told) && ABOUT.test(told) ? findQuoted(told, lists) : [];
}

/** Returns requested names in quotes; where there is none, a parameter in quotes. */
function findQuoted(text: string, lists: Map<string, Set<string>>): Refused[] {
  const quoted = [...text.matchAll(QUOTED)].flatMap(([, names]) => splitNames(names));
  const [parameters, names] = [
    quoted.filter((name) => lists.has(name)),
    quoted.filter((name) => !lists.has(name)),
  ];
  const within = parameters.length > 0 ? parameters : [...lists.keys()];
  const refused = names.flatMap((name) =>
    within.filter((parameter) => lists.get(parameter)?.has(name))
      .map((parameter) => ({ parameter, name }))
  );
  if (refused.length > 0 || names.length > 0) return refused;
  return parameters.map((parameter) => ({ parameter }));
}

function splitNames(list = ""): string[] {
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "");
}
