/** Reads responses of version 2, and turns them into lines. */

import { z } from "zod";
import type { Room } from "../../base/memory.ts";
import type { FoundUser, LineTraits, MissingTweet, TimelineState, UserAnswer } from "../api.ts";
import { isId } from "../bytes/ids.ts";
import { name, Outline } from "../bytes/outline.ts";
import { items, line, member, pastSpace, type Span } from "../bytes/raw_json.ts";
import { strictlyParsed } from "../bytes/strict_json.ts";

const encoder = new TextEncoder();
/** Characters of a token: it goes into an address, and into the checkpoint. */
const LONGEST_TOKEN = 2_000;

/** Stands for an invalid token: the page is not the last, and the walk goes on by ids. */
const UNUSABLE_TOKEN = "";

/** Problems inside a response with status 200: https://docs.x.com/x-api/fundamentals/response-codes-and-errors */
const problemSchema = z.looseObject({
  value: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  type: z.string().optional(),
  /** The parameter that it concerns: of requested tweets, `id` or `ids`. */
  parameter: z.string().optional(),
  resource_id: z.string().optional(),
});

const id = z.string().refine(isId);

const userSchema = z.object({
  id,
  username: z.string(),
  protected: z.boolean().optional(),
});

/** Invalid ones among problems, or users, are null: the others are accepted. */
const problemsSchema = z.array(problemSchema.nullable().catch(null)).optional().catch([null]);
const foundSchema = z.array(userSchema.nullable().catch(null)).optional();

/** Optional members are not checked: a page with good posts is accepted, whatever is beside them. */
const besideSchema = z.object({
  errors: problemsSchema,
  // A token that cannot be sent is no end of the walk: it goes on below the oldest post.
  meta: z.object({ next_token: z.string().max(LONGEST_TOKEN).catch(UNUSABLE_TOKEN).optional() })
    .optional().catch({ next_token: UNUSABLE_TOKEN }),
});

const tweetsSchema = besideSchema.extend({
  includes: z.object({ users: foundSchema }).optional().catch(undefined),
  data: z.array(z.object({ id })).optional(),
});

const usersSchema = z.object({ data: foundSchema, errors: problemsSchema });

/** A problem in a response. */
export type Problem = z.infer<typeof problemSchema>;

/** A page of tweets, as far as a walk needs it. */
export interface TweetsAnswer {
  ids: string[];
  next: string | undefined;
  /** The user of the request, where the response has it. */
  author: FoundUser | undefined;
  /** Whether it is a page at all: an empty one is marked as such. */
  isPage: boolean;
  /** The problems beside its posts, or instead of them. */
  problems: Problem[];
  traits: LineTraits;
  /** Whether it is one line, as far as that is known. */
  isOneLine: boolean;
}

const outline = new Outline();
const [DATA, ERRORS, META, INCLUDES] = [
  name("data"),
  name("errors"),
  name("meta"),
  name("includes"),
];
const [ID, USERS] = [name("id"), name("users")];
const decoder = new TextDecoder();

/**
 * Reads a page of tweets.
 * @param authorId The user of a timeline, where it is one.
 * @throws SyntaxError where it is damaged.
 */
export function readTweets(answer: Uint8Array, authorId?: string): TweetsAnswer {
  return outlinedTweets(answer, authorId) ?? parsedTweets(answer, authorId);
}

/** The same without parsing parts that are only stored; null where that is not enough. */
function outlinedTweets(
  answer: Uint8Array,
  authorId: string | undefined,
): TweetsAnswer | null {
  if (!outline.read(answer, authorId === undefined ? 3 : 4) || !outline.isObject(0)) return null;
  const data = outline.find(0, DATA);
  const ids = data < 0 ? [] : readIds(data);
  const users = ids && authorId !== undefined ? readIncluded() : [];
  if (!ids || !users) return null;
  const besides: Record<string, unknown> = {};
  for (const [key, value] of [["errors", ERRORS], ["meta", META]] as const) {
    const at = outline.find(0, value);
    if (at >= 0) besides[key] = parsedAt(answer, at);
  }
  const { errors = [], meta } = besideSchema.parse(besides);
  return {
    ids,
    next: meta?.next_token,
    author: findAuthor(answer, users.filter(({ id }) => id === authorId)),
    isPage: data >= 0 || meta !== undefined,
    problems: errors.filter((problem) => problem !== null),
    traits: outline.traits,
    isOneLine: outline.isOneLine,
  };
}

/**
 * Returns the ids of the posts in the outline; null where they are not a list, or one has an id that is not plain.
 */
function readIds(data: number): string[] | null {
  if (!outline.isArray(data)) return null;
  const ids: string[] = [];
  for (let post = outline.first(data); post >= 0; post = outline.next(post, data)) {
    const id = plainId(post);
    if (id === null) return null;
    ids.push(id);
  }
  return ids;
}

/** Returns the included users in the outline; null where there is anything else among them. */
function readIncluded(): { id: string; at: number }[] | null {
  const includes = outline.find(0, INCLUDES);
  if (includes < 0) return [];
  if (!outline.isObject(includes)) return null;
  const list = outline.find(includes, USERS);
  if (list < 0) return [];
  if (!outline.isArray(list)) return null;
  const users: { id: string; at: number }[] = [];
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    const id = plainId(at);
    if (id === null) return null;
    users.push({ id, at });
  }
  return users;
}

/** Returns an object's id where it is a string of plain digits; otherwise null. */
function plainId(value: number): string | null {
  const id = outline.isObject(value) ? outline.find(value, ID) : -1;
  return id >= 0 && outline.isString(id) ? outline.digits(id) : null;
}

function parsedAt(answer: Uint8Array, value: number): unknown {
  return JSON.parse(decoder.decode(answer.subarray(outline.start(value), outline.end(value))));
}

/** Returns the first of them that is a valid user. */
function findAuthor(answer: Uint8Array, users: { at: number }[]): FoundUser | undefined {
  for (const { at } of users) {
    const user = userSchema.safeParse(parsedAt(answer, at)).data;
    if (user) return foundUser(user, line(answer, outline.span(at)));
  }
  return undefined;
}

function parsedTweets(answer: Uint8Array, authorId: string | undefined): TweetsAnswer {
  const parsed = parseAnswer(tweetsSchema, answer);
  const { data = [], errors = [], includes, meta } = parsed;
  const users = authorId === undefined ? [] : includes?.users ?? [];
  const found = users.length > 0 ? parseUsers(answer, includedUsers(answer), users) : [];
  return {
    author: found.find((user) => user.id === authorId),
    ids: data.map((tweet) => tweet.id),
    next: meta?.next_token,
    isPage: parsed.data !== undefined || meta !== undefined,
    problems: errors.filter((problem) => problem !== null),
    traits: {},
    isOneLine: false,
  };
}

/**
 * Returns why a user's timeline is missing; null where the response gives no reason for exactly that user.
 * @param userId In digits.
 */
export function timelineState(
  { ids, isPage, problems }: TweetsAnswer,
  userId: string,
): TimelineState | null {
  if (ids.length > 0 || isPage) return null;
  const own = problems.find(({ value, resource_id }) => value === userId || resource_id === userId);
  return own ? stateFor(own) : null;
}

/**
 * Returns the answers of a response about users. A user who is not in it is not found, whether it reports that or
 * not; where it has another reason, nothing is known.
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
  const found = span ? parseUsers(answer, span, data) : [];
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
  // The user behind an invalid problem is unknown.
  const isOdd = problems.length < errors.length || found.length < data.length;
  const isOfNobody = isOdd || problems.some(({ value, resource_id }) => !value && !resource_id);
  const missing = asked.filter((name) => !given.has(name)).flatMap((name): UserAnswer[] => {
    const problem = told.get(name) ?? (isOfNobody ? {} : null);
    const state = problem ? stateFor(problem) : "not_found";
    return state === null || state === "protected" ? [] : [{ state, asked: name }];
  });
  return [...named, ...missing];
}

/** Returns the tweets that were requested by their ids and are missing, with the response's reason for each. */
export function listMissing({ ids, problems }: TweetsAnswer, asked: string[]): MissingTweet[] {
  const found = new Set(ids);
  const told = new Map<string | undefined, Problem>();
  for (const problem of problems) {
    // Others concern tweets and users that the requested ones refer to.
    if (/^ids?$/.test(problem.parameter ?? "ids")) {
      told.set(problem.resource_id ?? problem.value, problem);
    }
  }
  return asked.filter((id) => !found.has(id)).map((id) => {
    const problem = told.get(id);
    const why = problem && stateFor(problem);
    return { id, why: why ?? "not_told", ...(problem?.detail ? { detail: problem.detail } : {}) };
  });
}

/** Returns the place of the users beside a response's tweets. @throws SyntaxError where it has none. */
function includedUsers(answer: Uint8Array): Span {
  const includes = member(answer, "includes");
  const users = includes && member(answer, "users", includes.start);
  if (!users) throw new SyntaxError("It has no users");
  return users;
}

/** Returns the users of the array at a position, each with its own bytes. */
function parseUsers(
  answer: Uint8Array,
  span: Span,
  users: (z.infer<typeof userSchema> | null)[],
): FoundUser[] {
  const lines = [...items(answer, span.start)].map((item) => line(answer, item));
  return users.flatMap((user, i): FoundUser[] =>
    user === null ? [] : [foundUser(user, lines[i] ?? new Uint8Array())]
  );
}

function foundUser(user: z.infer<typeof userSchema>, line: Uint8Array): FoundUser {
  return {
    state: user.protected ? "protected" : "found",
    asked: user.id,
    id: user.id,
    screenName: user.username,
    line,
  };
}

/**
 * Returns the state of a user or a tweet in a problem. Suspended and missing ones share a type: they differ by title
 * and detail.
 */
export function stateFor({ type = "", title = "", detail = "" }: Problem): TimelineState | null {
  if (type.endsWith("/not-authorized-for-resource")) return "protected";
  if (!type.endsWith("/resource-not-found")) return null;
  return title === "Forbidden" || /suspended/i.test(detail) ? "suspended" : "not_found";
}

/** The origin and the time of a response, as twarc2 writes them. */
export interface Provenance {
  url: string;
  version: string;
  /** ISO 8601, UTC. */
  retrieved_at: string;
}

/**
 * Returns a response as a line: its bytes as they were sent, without line breaks between tokens, and with a member
 * `__twarc` at its end.
 * @param options.isOneLine Whether it is known to have no line breaks.
 * @param options.room For the line; by default memory of its own.
 * @throws SyntaxError where it is not an object.
 */
export function answerLine(
  answer: Uint8Array,
  provenance: Provenance,
  { isOneLine = false, room }: { isOneLine?: boolean; room?: Room | undefined } = {},
): Uint8Array {
  const start = answer.indexOf(0x7b);
  const end = answer.lastIndexOf(0x7d);
  if (start < 0 || end < start) throw new SyntaxError("It is not a JSON object");
  const object = isOneLine ? answer.subarray(start, end) : line(answer, { start, end });
  const isEmpty = pastSpace(object, 1) === object.length;
  const added = encoder.encode(`${isEmpty ? "" : ","}"__twarc":${JSON.stringify(provenance)}}`);
  const length = object.length + added.length;
  const told = room ? room.take(length) : new Uint8Array(length);
  told.set(object);
  told.set(added, object.length);
  return told;
}

/** Parses a response by a schema. @throws SyntaxError where it does not match. */
export function parseAnswer<S extends z.ZodType>(schema: S, answer: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(strictlyParsed(answer));
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `It does not have the expected form: ${parsed.error.issues[0]?.path.join(".")}`,
  );
}
