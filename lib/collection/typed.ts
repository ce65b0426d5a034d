/** What a person may have typed wrong in a configuration: ids that cannot be, and queries that search for something else. */

import { isoTime } from "../base/clock.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { idFault, SLACK } from "../base/typed_ids.ts";
import type { Fault } from "./faults.ts";
import { partsOf } from "./filter.ts";

/** Characters of a query: https://docs.x.com/x-api/posts/search/introduction */
const LONGEST = { recent: 512, all: 1_024, rule: 1_024, enterprise: 4_096 };

/** Signs that look like others and mean nothing to a search. */
const LOOK_ALIKES = [
  {
    signs: /[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b]/g,
    called: "curly quotes",
    use: "straight ones",
  },
  { signs: /[\u00a0\u202f\u2007]/g, called: "a non-breaking space", use: "an ordinary one" },
  { signs: /[\u200b\u2060\ufeff\u00ad]/g, called: "an invisible character", use: "none" },
];

/** Ids that cannot be: of users, and of tweets. @param now In milliseconds since 1970. */
export function typedIdFaults(config: JsonObject, now: number): Fault[] {
  const faults: Fault[] = [];
  const check = (at: string, id: Json | undefined, of: "user" | "tweet" = "tweet") => {
    // What has anything but digits in it is for the schema to name.
    const isText = typeof id === "string" && /^\d+$/.test(id);
    const says = isText ? idFault(id, of === "tweet" ? now : undefined) : null;
    if (says !== null) faults.push({ at, says: `${at} has ${JSON.stringify(id)}, which ${says}.` });
  };
  const users = member(config, "users");
  for (const [id, user] of Object.entries(isObject(users) ? users : {})) {
    check("users", id, "user");
    if (isObject(user)) check(`users.${id}.since_id`, member(user, "since_id"));
  }
  for (const name of ["search", "hydrate"]) {
    const part = member(config, name);
    if (isObject(part)) check(`${name}.since_id`, member(part, "since_id"));
  }
  const filter = member(config, "filter");
  const follow = isObject(filter) ? member(filter, "follow") : undefined;
  if (typeof follow === "string") {
    for (const id of partsOf(follow)) check("filter.follow", id, "user");
  }
  return faults;
}

/** Spans of time that nothing can be in. @param now In milliseconds since 1970. */
export function spanFaults(config: JsonObject, now: number): Fault[] {
  const search = member(config, "search");
  if (!isObject(search)) return [];
  const [start, end] = ["start_time", "end_time"].map((name) => timeOf(member(search, name)));
  if (start !== undefined && start > now + SLACK) {
    const says =
      `search.start_time is ${isoTime(start)}, which is to come: there is nothing to find. ` +
      "Set it to a time in the past, or leave it out.";
    return [{ at: "search.start_time", says }];
  }
  if (start === undefined || end === undefined || start < end) return [];
  const says =
    "search.end_time is not after search.start_time: there is nothing between them. Swap them, or leave " +
    "one out.";
  return [{ at: "search.end_time", says }];
}

function timeOf(text: Json | undefined): number | undefined {
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  // What is no time is for the schema to name.
  return Number.isNaN(ms) ? undefined : ms;
}

/** Queries that no access of version 2 allows. */
export function tooLongFaults(config: JsonObject): Fault[] {
  if (member(config, "api") !== "2") return [];
  return queriesOf(config).filter(({ text, most }) =>
    most < Infinity && lengthOf(text) > LONGEST.enterprise
  )
    .map(({ at, text }) => ({
      at,
      says: `${at} has ${
        lengthOf(text)
      } characters, and the API takes ${LONGEST.enterprise} at most. Shorten it.`,
    }));
}

/** What is odd about queries, a sentence each: they can be asked for, and may not be what was meant. */
export function queryNotes(config: JsonObject): string[] {
  return queriesOf(config).flatMap(({ at, text, most }) => {
    const notes = LOOK_ALIKES.filter(({ signs }) => text.search(signs) >= 0)
      .map(({ signs, called, use }) => {
        const shown = [...new Set(text.match(signs))].map(codeOf).join(", ");
        return `${at} has ${called} (${shown}): it searches for something else than with ${use}.`;
      });
    const isLong = member(config, "api") === "2" && lengthOf(text) > most;
    const long =
      `${at} has ${lengthOf(text)} characters. Most kinds of access allow ${most}, Enterprise ` +
      `${LONGEST.enterprise}: where yours allows fewer, the API refuses it.`;
    return isLong ? [...notes, long] : notes;
  });
}

interface Query {
  at: string;
  text: string;
  /** Characters that most kinds of access allow. */
  most: number;
}

function queriesOf(config: JsonObject): Query[] {
  const queries: Query[] = [];
  const [search, filter] = [member(config, "search"), member(config, "filter")];
  const query = isObject(search) ? member(search, "query") : undefined;
  if (isObject(search) && typeof query === "string") {
    const most = member(search, "archive") === "all" ? LONGEST.all : LONGEST.recent;
    queries.push({ at: "search.query", text: query.trim(), most });
  }
  if (!isObject(filter)) return queries;
  const track = member(filter, "track");
  // Its terms have a limit of their own.
  if (typeof track === "string") queries.push({ at: "filter.track", text: track, most: Infinity });
  const rules = member(filter, "rules");
  for (const [i, rule] of (Array.isArray(rules) ? rules : []).entries()) {
    const value = isObject(rule) ? member(rule, "value") : undefined;
    if (typeof value !== "string") continue;
    queries.push({ at: `filter.rules.${i}.value`, text: value.trim(), most: LONGEST.rule });
  }
  return queries;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function codeOf(sign: string): string {
  const code = sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return /[\u00a0\u00ad\u2007\u200b\u202f\u2060\ufeff]/.test(sign)
    ? `U+${code}`
    : `${sign} U+${code}`;
}
