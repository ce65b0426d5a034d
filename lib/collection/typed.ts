/** Checks what a person may have mistyped: impossible ids, and queries that mean something else. */

import { type JsonObject, member } from "../base/json.ts";
import { idFault } from "../base/typed_ids.ts";
import { type Fault, isVersion2 } from "./fault.ts";
import { RULES } from "./types/registry.ts";
import type { Query, TypedId } from "./types/rules.ts";
import { type CollectionType, isType } from "./types/traits.ts";

/** Characters of a query with the highest access: https://docs.x.com/x-api/posts/search/introduction */
const MAX_QUERY = 4_096;

/** Characters that look like others and have no meaning in a query. */
const LOOK_ALIKES = [
  {
    signs: /[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b]/g,
    called: "curly quotes",
    use: "straight ones",
  },
  { signs: /[\u2012-\u2015\u2212]/g, called: "a long dash", use: "a hyphen" },
  { signs: /[\u00a0\u202f\u2007]/g, called: "a non-breaking space", use: "an ordinary one" },
  { signs: /[\u200b\u2060\ufeff\u00ad]/g, called: "an invisible character", use: "none" },
];

/** Returns faults of ids and queries that are impossible. @param now In milliseconds since 1970. */
export function typedFaults(type: CollectionType, config: JsonObject, now: number): Fault[] {
  const rules = RULES[type];
  return [
    ...tooLongFaults(rules.queries(config), config),
    ...rules.spanFaults?.(config, now) ?? [],
    ...rules.typedIds(config).flatMap((typed) => idFaults(typed, now)),
  ];
}

/** Returns the fault of an impossible id of a user or tweet. */
function idFaults({ at, id, of }: TypedId, now: number): Fault[] {
  // The schema reports ids with other characters than digits.
  const isText = typeof id === "string" && /^\d+$/.test(id);
  const says = isText ? idFault(id, of === "tweet" ? now : undefined) : null;
  return says === null ? [] : [{ at, says: `${at} has ${JSON.stringify(id)}, which ${says}.` }];
}

/** Returns faults of queries that are longer than any access of version 2 allows. */
function tooLongFaults(queries: Query[], config: JsonObject): Fault[] {
  if (!isVersion2(config)) return [];
  return queries.filter(({ text, most }) => most < Infinity && countCharacters(text) > MAX_QUERY)
    .map(({ at, text }) => ({
      at,
      says: `${at} has ${
        countCharacters(text)
      } characters, and the API takes ${MAX_QUERY} at most. Shorten it.`,
    }));
}

/** Returns notes on suspicious queries, a sentence each: they are valid, and may not mean what was intended. */
export function queryNotes(config: JsonObject): string[] {
  const type = member(config, "type");
  const queries = isType(type) ? RULES[type].queries(config) : [];
  return queries.flatMap(({ at, text, most }) => {
    const notes = LOOK_ALIKES.filter(({ signs }) => text.search(signs) >= 0)
      .map(({ signs, called, use }) => {
        const shown = [...new Set(text.match(signs))].map(codePoint).join(", ");
        return `${at} has ${called} (${shown}), which changes the search: use ${use} instead.`;
      });
    const isLong = isVersion2(config) && countCharacters(text) > most;
    const long =
      `${at} has ${
        countCharacters(text)
      } characters. Most kinds of access allow ${most}, Enterprise ` +
      `${MAX_QUERY}: if yours allows fewer, the API rejects it.`;
    return isLong ? [...notes, long] : notes;
  });
}

function countCharacters(text: string): number {
  return [...text].length;
}

function codePoint(sign: string): string {
  const code = sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return /[\u00a0\u00ad\u2007\u200b\u202f\u2060\ufeff]/.test(sign)
    ? `U+${code}`
    : `${sign} U+${code}`;
}
