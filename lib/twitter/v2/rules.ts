/** The rules of the filtered stream: they belong to the app, and only a collection's own are touched. */

import { chunks } from "../../base/chunks.ts";
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { lastWord } from "../../base/visible.ts";
import type { FilterRule } from "../api.ts";
import { queryFault } from "../query_fault.ts";
import { answerBehind, isRuleRefused } from "../http/refusals.ts";
import { isDamaged, type Transport } from "../http/transport.ts";
import { parseAnswer } from "./answers.ts";

const log = getLogger(["twarc-cloud", "stream"]);

const PATH = "2/tweets/search/stream/rules";
/** The prefix of our rules' tags; the collection's id follows, then the person's own tag. */
const MARK = "twarc-cloud/";
/** How often the deletion of rules that are still there is retried. */
const MAX_DELETES = 3;
/** Requests that may be spent on adding rules: 100 are let through in 15 minutes. */
const MAX_REQUESTS = 80;

const ruleSchema = z.object({ id: z.string(), value: z.string(), tag: z.string().nullish() });
const listSchema = z.object({
  data: z.array(ruleSchema).optional(),
  meta: z.object({ next_token: z.string().optional() }).optional(),
});
const refusalSchema = z.looseObject({
  value: z.string().optional(),
  id: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  details: z.array(z.string()).optional(),
  type: z.string().optional(),
});
const addedSchema = z.object({
  data: z.array(ruleSchema).optional(),
  errors: z.array(refusalSchema).optional(),
});

type Rule = z.infer<typeof ruleSchema>;

/** A rule that the API refused, and why. */
export interface RefusedRule {
  rule: FilterRule;
  why: string;
}

/** The part of a stream that belongs to a collection. */
export interface OwnRules {
  /** The tag, or its prefix, of each rule that was made for the collection. */
  mark: string;
  /** The ids of the rules whose posts belong to the collection. */
  ids: Set<string>;
  refused: RefusedRule[];
}

/** The owner of the rules to set. */
export interface RulesWanted {
  /** The collection's id. */
  owner: string;
  wanted: FilterRule[];
  /** Whether other collections may have rules on the same app. */
  share: boolean;
}

/** Returns the tag that marks a rule as a collection's own. */
export function tagFor(owner: string): string {
  // A blank ends it: the person's own name for the rule follows.
  return `${MARK}${encodeURIComponent(owner)}`;
}

/**
 * Sets the app's rules of a collection: compares, removes, then adds one by one, so that a bad one is reported by
 * name and the others still run. Rules of others are never touched.
 * https://docs.x.com/x-api/posts/filtered-stream/introduction
 * @throws UserError where another collection has rules on the app, or none of the rules is accepted.
 */
export async function settleRules(
  transport: Transport,
  { owner, wanted, share }: RulesWanted,
  signal: AbortSignal,
): Promise<OwnRules> {
  const mark = tagFor(owner);
  const present = await listRules(transport, signal);
  const other = present.map(({ tag }) => ownerFor(tag)).find((found) => found && found !== owner);
  if (other && !share) throw takenBy(other);
  const tagged = wanted.map(({ value, tag }) => ({ value, tag: tag ? `${mark} ${tag}` : mark }));
  const own = present.filter(({ tag }) => ownerFor(tag) === owner);
  const isSame = (a: FilterRule | Rule, b: FilterRule | Rule) =>
    a.value === b.value && a.tag === b.tag;
  const kept = own.filter((rule) => tagged.some((one) => isSame(one, rule)));
  await deleteRules(transport, own.filter((rule) => !kept.includes(rule)), signal);
  const missing = tagged.filter((rule) => !kept.some((one) => isSame(one, rule)));
  const { ids, refused } = await addRules(transport, missing, signal);
  for (const { rule, why } of refused) {
    log.warn("The API refused the rule {rule}: {why}", { rule: rule.value, why });
  }
  if (kept.length + ids.length === 0) throw noneTaken(refused);
  const foreign = present.length - own.length;
  if (foreign > 0) {
    log.warn("The app has {foreign} other rules: their posts are billed, and left out here", {
      foreign,
    });
  }
  return { mark, ids: new Set([...kept.map(({ id }) => id), ...ids]), refused };
}

/** Returns the ids of those rules that the app no longer has: other programs may use it as well. */
export async function goneRules(
  transport: Transport,
  ids: Set<string>,
  signal: AbortSignal,
): Promise<string[]> {
  const present = new Set((await listRules(transport, signal)).map(({ id }) => id));
  return [...ids].filter((id) => !present.has(id));
}

/** Removes a collection's rules, so that the next user of the app does not get their posts. */
export async function removeRules(
  transport: Transport,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const present = await listRules(transport, signal);
  await deleteRules(transport, present.filter(({ tag }) => ownerFor(tag) === owner), signal);
}

/** Returns the collection of a tag, if it is one of ours. */
function ownerFor(tag: string | null | undefined): string | null {
  return tag?.startsWith(MARK) ? tag.slice(MARK.length).split(" ", 1)[0] ?? null : null;
}

/** Returns every rule of the app. Repeated pages end it: they would go on forever. */
async function listRules(transport: Transport, signal: AbortSignal): Promise<Rule[]> {
  const rules: Rule[] = [];
  const tokens = new Set<string | undefined>();
  let token: string | undefined;
  do {
    tokens.add(token);
    const next: Record<string, string> = token === undefined ? {} : { pagination_token: token };
    const parameters = { max_results: "1000", ...next };
    const { data = [], meta } = await transport.ask(
      { method: "GET", path: PATH, parameters },
      (answer) => parseAnswer(listSchema, answer),
      signal,
    );
    rules.push(...data);
    token = meta?.next_token;
  } while (token && !tokens.has(token));
  return rules;
}

/** Removes rules, and checks whether they are gone: the posts of a remaining rule would count as the collection's. */
async function deleteRules(
  transport: Transport,
  rules: Rule[],
  signal: AbortSignal,
): Promise<void> {
  let left = rules;
  for (let tries = 0; left.length > 0 && tries < MAX_DELETES; tries++) {
    const json = { delete: { ids: left.map(({ id }) => id) } };
    await transport.ask({ method: "POST", path: PATH, parameters: {}, json }, () => {}, signal);
    const present = new Set((await listRules(transport, signal)).map(({ id }) => id));
    left = left.filter(({ id }) => present.has(id));
  }
  for (const { value } of left) {
    log.warn(
      "The API reported that it deleted the rule {value}, but still lists it: its posts arrive, too",
      {
        value,
      },
    );
  }
}

/** Adds rules: each by itself, or, where they are too many for that, several at a time while nothing is refused. */
async function addRules(
  transport: Transport,
  rules: FilterRule[],
  signal: AbortSignal,
): Promise<{ ids: string[]; refused: RefusedRule[] }> {
  const ids: string[] = [];
  const refused: RefusedRule[] = [];
  const size = Math.ceil(rules.length / MAX_REQUESTS);
  for (const several of chunks(rules, size)) {
    const result = await addedTogether(transport, several, signal);
    if (result.refused.length === 0 || size === 1) {
      ids.push(...result.ids);
      refused.push(...result.refused);
      continue;
    }
    for (const rule of several) {
      const one = await addedTogether(transport, [rule], signal);
      ids.push(...one.ids);
      refused.push(...one.refused);
    }
  }
  return { ids, refused };
}

async function addedTogether(
  transport: Transport,
  rules: FilterRule[],
  signal: AbortSignal,
): Promise<{ ids: string[]; refused: RefusedRule[] }> {
  const json = {
    add: rules.map(({ value, tag }) => ({ value, ...(tag === undefined ? {} : { tag }) })),
  };
  const request = { method: "POST", path: PATH, parameters: {}, json } as const;
  try {
    const { data = [], errors = [] } = await transport.ask(
      request,
      (answer) => {
        const read = parseAnswer(addedSchema, answer);
        if (!read.data && !read.errors) throw new SyntaxError("It has neither rules nor errors");
        return read;
      },
      signal,
    );
    const ids = data.map(({ id }) => id);
    const refused: RefusedRule[] = [];
    for (const { value, id, title = "", detail, details } of errors) {
      const rule = rules.find((one) => one.value === value) ?? rules[0] ?? { value: value ?? "" };
      // The same rule of another program: its posts arrive, so that they are ours too.
      if (title === "DuplicateRule" && id !== undefined) ids.push(id);
      else refused.push({ rule, why: details?.join("; ") ?? detail ?? title });
    }
    return { ids, refused };
  } catch (error) {
    if (isDamaged(error)) return await findAdded(transport, rules, signal);
    const answer = answerBehind(error);
    const isRefusal = answer &&
      (answer.status === 400 || answer.status === 422 || isRuleRefused(answer));
    if (!isRefusal) throw error;
    return { ids: [], refused: rules.map((rule) => ({ rule, why: answer.message })) };
  }
}

/** Returns which of the added rules exist: the response does not show it. */
async function findAdded(
  transport: Transport,
  rules: FilterRule[],
  signal: AbortSignal,
): Promise<{ ids: string[]; refused: RefusedRule[] }> {
  const present = await listRules(transport, signal);
  const ids: string[] = [];
  const refused: RefusedRule[] = [];
  for (const rule of rules) {
    const made = present.find(({ value, tag }) => value === rule.value && tag === rule.tag);
    if (made) ids.push(made.id);
    else refused.push({ rule, why: "The API reported that it added it, but does not list it" });
  }
  return { ids, refused };
}

function takenBy(other: string): UserError {
  return new UserError(`The app of these keys has rules of the collection ${other}`, {
    hint:
      `Stop ${other} with \`twarc-cloud collection filter-stop ${
        lastWord(other)
      }\`, which removes its rules ` +
      "(if it does not run, start it once before); or use the keys of another app; or put " +
      '"share": true into "filter" of both collections, where the app may have two connections.',
  });
}

function noneTaken(refused: RefusedRule[]): UserError {
  const [first] = refused;
  const reason = first ? `: ${first.rule.value}: ${first.why}` : "";
  const place = first ? queryFault(first.rule.value, first.why) : null;
  return new UserError(`The API accepted none of the ${refused.length} rules${reason}`, {
    hint: `${place === null ? "" : `${place} `}` +
      'Change "filter" in collection.json, then `twarc-cloud collection-config update`. How rules are written: ' +
      "https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule",
  });
}
