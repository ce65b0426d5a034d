/** The REST endpoints of v1.1. */

import { errorAnswer, joinJson, jsonAnswer } from "../answers.ts";
import { type Status, userJson } from "../corpus.ts";
import { type SandboxUser } from "../user.ts";
import type { PageWanted, World } from "../world.ts";

/** A request's parameters. */
export type Parameters = Map<string, string>;

/** The endpoints by path: their methods and handlers. */
export const V1_ROUTES: Record<
  string,
  {
    methods: string[];
    appOnly?: boolean;
    answer: (world: World, parameters: Parameters) => Response;
  }
> = {
  "/1.1/statuses/user_timeline.json": { methods: ["GET"], answer: timeline },
  "/1.1/search/tweets.json": { methods: ["GET"], answer: search },
  "/1.1/users/show.json": { methods: ["GET"], answer: show },
  "/1.1/users/lookup.json": { methods: ["GET", "POST"], answer: lookup },
  "/1.1/account/verify_credentials.json": { methods: ["GET"], answer: verifyCredentials },
};

function timeline(world: World, parameters: Parameters): Response {
  const user = world.user({
    id: parameters.get("user_id"),
    screenName: parameters.get("screen_name"),
  });
  if (!user || user.state === "gone" || user.state === "suspended") {
    return errorAnswer(404, 34, "Sorry, that page does not exist.");
  }
  if (user.state === "protected") {
    const body = { request: "/1.1/statuses/user_timeline.json", error: "Not authorized." };
    return Response.json(body, { status: 401 });
  }
  const statuses = world.timeline(user.id, pageWanted(parameters, { usual: 20, most: 200 }));
  return jsonAnswer(joinJson(["[", ...listStatuses(statuses), "]"]));
}

function search(world: World, parameters: Parameters): Response {
  const query = parameters.get("q") ?? "";
  if (query === "") return errorAnswer(400, 25, "Query parameters are missing.");
  const statuses = findStatuses(world, query, pageWanted(parameters, { usual: 15, most: 100 }));
  const metadata = JSON.stringify({
    completed_in: 0.05,
    query: encodeURIComponent(query),
    count: statuses.length,
    since_id_str: parameters.get("since_id") ?? "0",
  });
  return jsonAnswer(
    joinJson(['{"statuses":[', ...listStatuses(statuses), `],"search_metadata":${metadata}}`]),
  );
}

/** Version 1.1 finds nothing where it does not understand a query. */
function findStatuses(world: World, query: string, page: PageWanted): Status[] {
  try {
    return world.search(query, page);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function show(world: World, parameters: Parameters): Response {
  const user = world.user({
    id: parameters.get("user_id"),
    screenName: parameters.get("screen_name"),
  });
  if (!user || user.state === "gone") return errorAnswer(404, 50, "User not found.");
  if (user.state === "suspended") return errorAnswer(403, 63, "User has been suspended.");
  return jsonAnswer(userJson(user));
}

/** Silently omits users that are missing or suspended. */
function lookup(world: World, parameters: Parameters): Response {
  const split = (name: string) =>
    (parameters.get(name) ?? "").split(",").filter((part) => part !== "");
  const ids = split("user_id");
  const names = split("screen_name");
  if (ids.length + names.length > 100) {
    return errorAnswer(403, 18, "Too many terms specified in query.");
  }
  const found = [
    ...ids.map((id) => world.user({ id })),
    ...names.map((screenName) => world.user({ screenName })),
  ].filter((user): user is SandboxUser => user?.state === "open" || user?.state === "protected");
  if (found.length === 0) return errorAnswer(404, 17, "No user matches for specified terms.");
  return jsonAnswer(`[${found.map(userJson).join(",")}]`);
}

function verifyCredentials(world: World): Response {
  const [user] = world.users.values();
  return user
    ? jsonAnswer(userJson(user))
    : errorAnswer(404, 34, "Sorry, that page does not exist.");
}

function pageWanted(
  parameters: Parameters,
  { usual, most }: { usual: number; most: number },
): PageWanted {
  const count = Number(parameters.get("count") ?? usual);
  return {
    count: Math.min(Number.isInteger(count) && count > 0 ? count : usual, most),
    sinceId: readId(parameters, "since_id"),
    maxId: readId(parameters, "max_id"),
  };
}

function readId(parameters: Parameters, name: string): bigint | undefined {
  const text = parameters.get(name) ?? "";
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}

function listStatuses(statuses: Status[]): (string | Uint8Array)[] {
  return statuses.flatMap((status, i) => i === 0 ? [status.bytes()] : [",", status.bytes()]);
}
