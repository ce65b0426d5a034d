/** What answers of version 2 say, and how one becomes a line. */

import { z } from "zod";
import type { FoundUser, MissingTweet, TimelineState, UserAnswer } from "../api.ts";
import { isId } from "../bytes/ids.ts";
import { items, line, member, type Span } from "../bytes/raw_json.ts";
import { strictlyParsed } from "../bytes/strict_json.ts";

const encoder = new TextEncoder();
/** Characters of a token: it goes into an address, and into the checkpoint. */
const LONGEST_TOKEN = 2_000;

/** Stands for a token that is none: not the last page, and asked for by ids. */
const UNUSABLE_TOKEN = "";

/** Problems inside an answer with status 200: https://docs.x.com/x-api/fundamentals/response-codes-and-errors */
const problemSchema = z.looseObject({
  value: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  type: z.string().optional(),
  /** What it is about: of tweets that were asked for, `id` or `ids`. */
  parameter: z.string().optional(),
  resource_id: z.string().optional(),
});

const id = z.string().refine(isId);

const userSchema = z.object({
  id,
  username: z.string(),
  protected: z.boolean().optional(),
});

/** What is odd among problems, or users, is null: the others are taken. */
const problemsSchema = z.array(problemSchema.nullable().catch(null)).optional().catch([null]);
const foundSchema = z.array(userSchema.nullable().catch(null)).optional();

/** What is not needed is not judged: a page with good posts is taken, whatever comes beside them. */
const tweetsSchema = z.object({
  includes: z.object({ users: foundSchema }).optional().catch(undefined),
  data: z.array(z.object({ id })).optional(),
  errors: problemsSchema,
  // A token that cannot be sent is no end of the walk: it goes on below the oldest post.
  meta: z.object({ next_token: z.string().max(LONGEST_TOKEN).catch(UNUSABLE_TOKEN).optional() })
    .optional().catch({ next_token: UNUSABLE_TOKEN }),
});

const usersSchema = z.object({ data: foundSchema, errors: problemsSchema });

/** A problem that an answer tells of. */
export type Problem = z.infer<typeof problemSchema>;

/** A page of tweets as far as a walk needs to know it. */
export interface TweetsAnswer {
  ids: string[];
  next: string | undefined;
  /** The users that the tweets are by, or about. */
  users: FoundUser[];
  /** Whether it is a page at all: one that is empty says so. */
  isPage: boolean;
  /** What the answer says beside its posts, or in their place. */
  problems: Problem[];
}

/** What a page of tweets says. @throws SyntaxError where it is damaged. */
export function readTweets(answer: Uint8Array): TweetsAnswer {
  const parsed = parseAnswer(tweetsSchema, answer);
  const { data = [], errors = [], includes, meta } = parsed;
  return {
    users: includes?.users ? usersIn(answer, includedUsers(answer), includes.users) : [],
    ids: data.map((tweet) => tweet.id),
    next: meta?.next_token,
    isPage: parsed.data !== undefined || meta !== undefined,
    problems: errors.filter((problem) => problem !== null),
  };
}

/**
 * Why a user's timeline is not given; null where the answer does not say so of that very user.
 * @param userId In digits.
 */
export function timelineState(
  { ids, isPage, problems }: TweetsAnswer,
  userId: string,
): TimelineState | null {
  if (ids.length > 0 || isPage) return null;
  const own = problems.find(({ value, resource_id }) => value === userId || resource_id === userId);
  return own ? stateOf(own) : null;
}

/**
 * What an answer about users says of each that was asked for. Who is not in it is not found, whether it says so or
 * not; where it gives another reason, nothing is known.
 * @throws SyntaxError where it is damaged.
 */
export function readUsers(
  answer: Uint8Array,
  by: "id" | "screen_name",
  asked: string[],
): UserAnswer[] {
  const { data = [], errors = [] } = parseAnswer(usersSchema, answer);
  const names = new Map(asked.map((name) => [name.toLowerCase(), name]));
  const askedAs = (name: string) => names.get(name.toLowerCase()) ?? name;
  const span = member(answer, "data");
  const found = span ? usersIn(answer, span, data) : [];
  const named = found.map((user) => ({
    ...user,
    asked: askedAs(by === "id" ? user.id : user.screenName),
  }));
  const given = new Set(named.map((user) => user.asked));
  const problems = errors.filter((problem) => problem !== null);
  const told = new Map(problems.map((problem) => [
    askedAs(problem.value ?? problem.resource_id ?? ""),
    problem,
  ]));
  // Who is behind what is odd cannot be told.
  const isOdd = problems.length < errors.length || found.length < data.length;
  const isOfNobody = isOdd || problems.some(({ value, resource_id }) => !value && !resource_id);
  const missing = asked.filter((name) => !given.has(name)).flatMap((name): UserAnswer[] => {
    const problem = told.get(name) ?? (isOfNobody ? {} : null);
    const state = problem ? stateOf(problem) : "not_found";
    return state === null || state === "protected" ? [] : [{ state, asked: name }];
  });
  return [...named, ...missing];
}

/** The tweets that were asked for by their ids and are not in an answer, with what it says of each. */
export function missingOf({ ids, problems }: TweetsAnswer, asked: string[]): MissingTweet[] {
  const found = new Set(ids);
  const told = new Map<string | undefined, Problem>();
  for (const problem of problems) {
    // Others are about tweets and users that those which were asked for refer to.
    if (/^ids?$/.test(problem.parameter ?? "ids")) {
      told.set(problem.resource_id ?? problem.value, problem);
    }
  }
  return asked.filter((id) => !found.has(id)).map((id) => {
    const problem = told.get(id);
    const why = problem && stateOf(problem);
    return { id, why: why ?? "not_told", ...(problem?.detail ? { detail: problem.detail } : {}) };
  });
}

/** Where an answer has users beside its tweets. @throws SyntaxError where it has none. */
function includedUsers(answer: Uint8Array): Span {
  const includes = member(answer, "includes");
  const users = includes && member(answer, "users", includes.start);
  if (!users) throw new SyntaxError("It has no users");
  return users;
}

/** The users of the array at a place, each with its own bytes. */
function usersIn(
  answer: Uint8Array,
  span: Span,
  users: (z.infer<typeof userSchema> | null)[],
): FoundUser[] {
  const lines = [...items(answer, span.start)].map((item) => line(answer, item));
  return users.flatMap((user, i): FoundUser[] =>
    user === null ? [] : [{
      state: user.protected ? "protected" : "found",
      asked: user.id,
      id: user.id,
      screenName: user.username,
      line: lines[i] ?? new Uint8Array(),
    }]
  );
}

/**
 * What a problem says of a user or a tweet. Suspended and missing ones share a type: they differ by title
 * and detail.
 */
export function stateOf({ type = "", title = "", detail = "" }: Problem): TimelineState | null {
  if (type.endsWith("/not-authorized-for-resource")) return "protected";
  if (!type.endsWith("/resource-not-found")) return null;
  return title === "Forbidden" || /suspended/i.test(detail) ? "suspended" : "not_found";
}

/** Where and when an answer came from, as twarc2 writes it. */
export interface Provenance {
  url: string;
  version: string;
  /** ISO 8601, UTC. */
  retrieved_at: string;
}

/**
 * An answer as a line: its bytes as they were sent, without line breaks between tokens, and with a member
 * `__twarc` at its end. @throws SyntaxError where it is no object.
 */
export function answerLine(answer: Uint8Array, provenance: Provenance): Uint8Array {
  const start = answer.indexOf(0x7b);
  const end = answer.lastIndexOf(0x7d);
  if (start < 0 || end < start) throw new SyntaxError("It is no JSON object");
  const whole = answer.subarray(start, end);
  const isOneLine = !whole.includes(0x0a) && !whole.includes(0x0d);
  const object = isOneLine ? whole : line(answer, { start, end });
  const isEmpty = items(answer, start).next().done === true;
  const added = encoder.encode(`${isEmpty ? "" : ","}"__twarc":${JSON.stringify(provenance)}}`);
  const told = new Uint8Array(object.length + added.length);
  told.set(object);
  told.set(added, object.length);
  return told;
}

/** An answer as a schema has it. @throws SyntaxError where it is not so. */
export function parseAnswer<S extends z.ZodType>(schema: S, answer: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(strictlyParsed(answer));
  if (parsed.success) return parsed.data;
  throw new SyntaxError(`It is not as expected: ${parsed.error.issues[0]?.path.join(".")}`);
}
