/** The REST endpoints of version 2: timelines, recent search, users. */

import type { Json } from "../../base/json.ts";
import { jsonAnswer } from "../answers.ts";
import { snowflake, type Status } from "../corpus.ts";
import { type SandboxUser } from "../user.ts";
import type { Parameters } from "../v1/routes.ts";
import { madeParts, userObject } from "./made.ts";
import type { PageWanted, World } from "../world.ts";

/** An endpoint. */
export interface V2Route {
  methods: string[];
  /** Whether only an app may call it, not a user. */
  appOnly?: boolean;
  /** @param json The body, where it is JSON. */
  answer: (world: World, parameters: Parameters, json: Json, method: string) => Response;
}

/** The prefix of the types of problems. */
export const PROBLEMS = "https://api.twitter.com/2/problems/";

/** Returns the endpoint at a path, if there is one. */
export function v2Route(path: string): V2Route | undefined {
  const userId = /^\/2\/users\/(\d+)\/tweets$/.exec(path)?.[1];
  if (userId !== undefined) {
    return { methods: ["GET"], answer: (world, parameters) => timeline(world, userId, parameters) };
  }
  switch (path) {
    case "/2/tweets/search/recent":
      return {
        methods: ["GET"],
        answer: (world, parameters) => search(world, parameters, 100),
      };
    case "/2/tweets/search/all":
      return { methods: ["GET"], appOnly: true, answer: archive };
    case "/2/tweets":
      return { methods: ["GET"], answer: tweets };
    case "/2/users":
      return { methods: ["GET"], answer: (world, parameters) => users(world, "ids", parameters) };
    case "/2/users/by":
      return {
        methods: ["GET"],
        answer: (world, parameters) => users(world, "usernames", parameters),
      };
    default:
      return undefined;
  }
}

function timeline(world: World, userId: string, parameters: Parameters): Response {
  const user = world.users.get(userId);
  if (user?.state === "protected") {
    const detail = `Sorry, you are not authorized to see the user with id: [${userId}].`;
    return problems([{
      value: userId,
      detail,
      title: "Authorization Error",
      type: `${PROBLEMS}not-authorized-for-resource`,
    }]);
  }
  if (!user || user.state !== "open") return problems([missing(userId, "id", user)]);
  const wanted = readWanted(parameters, {
    least: 5,
    usual: 10,
    most: 100,
    token: "pagination_token",
  });
  if (wanted instanceof Response) return wanted;
  return page(world, world.timeline(userId, { ...wanted, count: wanted.count + 1 }), wanted.count);
}

/** The archive has more a page, but without context annotations. */
function archive(world: World, parameters: Parameters): Response {
  const fields = parameters.get("tweet.fields") ?? parameters.get("post.fields");
  const hasContext = fields?.split(",").includes("context_annotations");
  return search(world, parameters, hasContext ? 100 : 500);
}

function search(world: World, parameters: Parameters, most: number): Response {
  const query = parameters.get("query") ?? "";
  if (query === "") return invalid("The `query` query parameter can not be empty");
  const wanted = readWanted(parameters, { least: 10, usual: 10, most, token: "next_token" });
  if (wanted instanceof Response) return wanted;
  try {
    return page(world, world.search(query, { ...wanted, count: wanted.count + 1 }), wanted.count);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return invalid(`There were errors processing your request: ${error.message}`);
  }
}

function tweets(world: World, parameters: Parameters): Response {
  const asked = (parameters.get("ids") ?? "").split(",").filter((part) => part !== "");
  if (asked.length === 0 || asked.length > 100 || !asked.every((id) => /^\d{1,19}$/.test(id))) {
    return invalid("The `ids` query parameter is wrong");
  }
  const errors: Record<string, string>[] = [];
  const found = asked.flatMap((id) => {
    const tweet = world.find(id);
    if (tweet?.author?.state === "open") return [tweet.status];
    errors.push(missingTweet(id, tweet?.author));
    return [];
  });
  if (found.length === 0) return problems(errors);
  const told = errors.map((error) => JSON.stringify(error));
  const { data, others } = answerParts(world, found, told);
  return jsonAnswer(`{"data":[${data}],${others}}`);
}

function missingTweet(value: string, author: SandboxUser | undefined): Record<string, string> {
  const about = { value, resource_id: value, parameter: "ids", resource_type: "tweet" };
  switch (author?.state) {
    case "protected":
      return {
        ...about,
        section: "data",
        title: "Authorization Error",
        detail: `Sorry, you are not authorized to see the Tweet with ids: [${value}].`,
        type: `${PROBLEMS}not-authorized-for-resource`,
      };
    case "suspended":
      return {
        ...about,
        title: "Forbidden",
        detail: `User has been suspended: [${value}].`,
        type: `${PROBLEMS}resource-not-found`,
      };
    default:
      return {
        ...about,
        title: "Not Found Error",
        detail: `Could not find tweet with ids: [${value}].`,
        type: `${PROBLEMS}resource-not-found`,
      };
  }
}

function users(world: World, name: "ids" | "usernames", parameters: Parameters): Response {
  const asked = (parameters.get(name) ?? "").split(",").filter((part) => part !== "");
  if (asked.length === 0 || asked.length > 100) {
    return invalid(`The \`${name}\` query parameter is wrong`);
  }
  const found: SandboxUser[] = [];
  const errors: Record<string, string>[] = [];
  for (const value of asked) {
    const user = world.user(name === "ids" ? { id: value } : { screenName: value });
    if (user?.state === "open" || user?.state === "protected") found.push(user);
    else errors.push(missing(value, name === "ids" ? "ids" : "usernames", user));
  }
  return Response.json({
    ...(found.length > 0 ? { data: found.map((user) => userObject(user, world)) } : {}),
    ...(errors.length > 0 ? { errors } : {}),
  });
}

/** @param statuses One more than a page holds, where there are more. */
function page(world: World, statuses: Status[], count: number): Response {
  const shown = statuses.slice(0, count);
  const last = shown.at(-1);
  if (!last) return Response.json({ meta: { result_count: 0 } });
  const meta = {
    newest_id: `${shown[0]?.id}`,
    oldest_id: `${last.id}`,
    result_count: shown.length,
    ...(statuses.length > count ? { next_token: tokenFor(last.id) } : {}),
  };
  const { data, others } = answerParts(world, shown);
  return jsonAnswer(`{"data":[${data}],${others},"meta":${JSON.stringify(meta)}}`);
}

/**
 * Returns the tweets of a response, and the members beside them, as texts: as sent, where they are from files.
 * @param problems Other problems to report.
 */
export function answerParts(
  world: World,
  statuses: Status[],
  problems: string[] = [],
): { data: string[]; others: string } {
  const includes: Record<string, Map<string, string>> = { users: new Map() };
  const errors = new Set(problems);
  const data = statuses.map((status) => {
    const { sent } = status;
    const { text, beside } = sent
      ? { text: sent.text, beside: sent.includes() }
      : madeParts(status, world);
    for (const { kind, key, text } of beside) (includes[kind] ??= new Map()).set(key, text);
    for (const error of sent?.errors() ?? []) errors.add(error);
    return text;
  });
  const kinds = Object.entries(includes).map(([kind, all]) => `"${kind}":[${[...all.values()]}]`);
  return {
    data,
    others: `"includes":{${kinds}}${errors.size > 0 ? `,"errors":[${[...errors]}]` : ""}`,
  };
}

/** Suspended and missing users share a type. */
function missing(
  value: string,
  parameter: string,
  user: SandboxUser | undefined,
): Record<string, string> {
  const isSuspended = user?.state === "suspended";
  return {
    value,
    resource_type: "user",
    resource_id: value,
    parameter,
    title: isSuspended ? "Forbidden" : "Not Found Error",
    detail: isSuspended
      ? `User has been suspended: [${value}].`
      : `Could not find user with ${parameter}: [${value}].`,
    type: `${PROBLEMS}resource-not-found`,
  };
}

/** Returns the place and length of the requested page. */
function readWanted(
  parameters: Parameters,
  { least, usual, most, token }: { least: number; usual: number; most: number; token: string },
): PageWanted | Response {
  const count = Number(parameters.get("max_results") ?? usual);
  if (!(count >= least && count <= most)) {
    return invalid(
      `The \`max_results\` query parameter value [${count}] is not between ${least} and ${most}`,
    );
  }
  const page = parameters.get(token);
  const from = page === undefined ? readId(parameters, "until_id") : parseToken(page);
  if (from === null) return invalid(`Invalid '${token}'`);
  const span = readSpan(parameters, from);
  return span instanceof Response ? span : { ...span, count };
}

/** Returns the span of ids for a request by ids and times. @param from The id below which it begins, if any. */
export function readSpan(
  parameters: Parameters,
  from: bigint | undefined = readId(parameters, "until_id"),
): Omit<PageWanted, "count"> | Response {
  const since = readId(parameters, "since_id");
  const [start, end] = [readTime(parameters, "start_time"), readTime(parameters, "end_time")];
  if (since !== undefined && (start !== undefined || end !== undefined)) {
    return invalid("'since_id' can not be used together with 'start_time' or 'end_time'");
  }
  const below = [from, end].filter((id) => id !== undefined);
  return {
    sinceId: since ?? (start === undefined ? undefined : start - 1n),
    maxId: below.length === 0 ? undefined : below.reduce((a, b) => a < b ? a : b) - 1n,
  };
}

function readId(parameters: Parameters, name: string): bigint | undefined {
  const text = parameters.get(name) ?? "";
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Returns the first id of a time's millisecond. */
function readTime(parameters: Parameters, name: string): bigint | undefined {
  const ms = Date.parse(parameters.get(name) ?? "");
  return Number.isNaN(ms) ? undefined : snowflake(ms, 0);
}

function tokenFor(id: bigint): string {
  return `s${id.toString(36)}`;
}

/** Returns the id below which a token's page begins; null for an invalid or expired token. */
function parseToken(token: string): bigint | null {
  const digits = /^s([0-9a-z]+)$/.exec(token)?.[1];
  if (!digits) return null;
  return [...digits].reduce((id, digit) => id * 36n + BigInt(parseInt(digit, 36)), 0n);
}

function problems(errors: Record<string, string>[]): Response {
  return Response.json({ errors });
}

/** Returns the response to an invalid request. */
export function invalid(message: string): Response {
  return Response.json({
    errors: [{ message }],
    title: "Invalid Request",
    detail: "One or more parameters to your request was invalid.",
    type: `${PROBLEMS}invalid-request`,
  }, { status: 400 });
}
