/** A small API with an open account, and a protected one that the owner of the keys follows. */

/** The accounts' ids. */
export const [OPEN, HIDDEN] = ["7", "8"];

/** What was asked of it: the path, and in whose name. */
export interface FollowedAsked {
  path: string;
  as: "app" | "user" | "pair";
}

const NOT_AUTHORIZED = "https://api.twitter.com/2/problems/not-authorized-for-resource";

/** Tweets of both accounts, the newest first; the newest is of the protected one. */
const TWEETS = [["16", HIDDEN], ["15", OPEN], ["14", HIDDEN], ["13", OPEN]] as const;

/** Serves it while a test uses its address. */
export async function withFollowedAccount(
  use: (base: URL, asked: FollowedAsked[]) => Promise<void>,
): Promise<void> {
  const asked: FollowedAsked[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname: path, searchParams } = new URL(request.url);
      const header = request.headers.get("authorization") ?? "";
      const as = header.startsWith("Bearer") ? "app" : header.startsWith("Basic") ? "pair" : "user";
      asked.push({ path, as });
      if (path === "/2/tweets/search/stream/rules") return rules(await request.text());
      const body = request.method === "POST" ? new URLSearchParams(await request.text()) : [];
      return answered(path, as, new URLSearchParams([...searchParams, ...body]));
    },
  );
  try {
    await use(new URL(`http://127.0.0.1:${server.addr.port}/`), asked);
  } finally {
    await server.shutdown();
  }
}

function answered(path: string, as: FollowedAsked["as"], asked: URLSearchParams): Response {
  const wanted = (userId?: string | null) =>
    TWEETS.filter(([id, author]) => {
      const isBelow = BigInt(id) <= BigInt(asked.get("max_id") ?? "99");
      const isNew = BigInt(id) > BigInt(asked.get("since_id") ?? "0");
      return isBelow && isNew && (!userId || author === userId);
    });
  const since = asked.get("until_id");
  const isFirst = since === null;
  switch (path) {
    case "/oauth2/token":
      return Response.json({ token_type: "bearer", access_token: "t" });
    case "/1.1/users/lookup.json":
      return Response.json([OPEN, HIDDEN].map((id) => ({ ...user(id), status: { id_str: "16" } })));
    case "/1.1/statuses/user_timeline.json": {
      const id = asked.get("user_id");
      if (id === HIDDEN && as === "app") {
        return Response.json({ error: "Not authorized." }, { status: 401 });
      }
      return Response.json(wanted(id).map(status));
    }
    case "/1.1/search/tweets.json":
      return Response.json({ statuses: wanted().map(status) });
    case "/1.1/statuses/filter.json":
      return streamed(TWEETS.map((tweet) => JSON.stringify(status(tweet))));
    case "/2/users/7/tweets":
      return Response.json(isFirst ? page(wanted(OPEN)) : page([]));
    case "/2/users/8/tweets":
      return as === "app"
        ? Response.json({ errors: [{ value: HIDDEN, type: NOT_AUTHORIZED }] })
        : Response.json(isFirst ? page(wanted(HIDDEN)) : page([]));
    case "/2/users":
      return Response.json({ data: [OPEN, HIDDEN].map(user2) });
    case "/2/tweets/search/recent":
    case "/2/tweets":
      return Response.json(isFirst ? page(wanted()) : page([]));
    case "/2/tweets/search/stream":
      return streamed(
        TWEETS.map((tweet) => {
          const { data: [data], includes } = page([tweet]);
          return JSON.stringify({ data, includes });
        }),
      );
  }
  return Response.json({ errors: [{ code: 34, message: "no such page" }] }, { status: 404 });
}

function user(id: string) {
  return { id: Number(id), id_str: id, screen_name: `user_${id}`, protected: id === HIDDEN };
}

function user2(id: string) {
  return { id, username: `user_${id}`, protected: id === HIDDEN };
}

function status([id, author]: readonly [string, string]) {
  return { id: Number(id), id_str: id, full_text: "x", user: user(author) };
}

function page(tweets: readonly (readonly [string, string])[]) {
  const [newest] = tweets;
  return {
    data: tweets.map(([id, author_id]) => ({ id, author_id, text: "x" })),
    includes: { users: [...new Set(tweets.map(([, author]) => author))].map(user2) },
    meta: { result_count: tweets.length, ...(newest ? { newest_id: newest[0] } : {}) },
  };
}

/** Rules as they were added, by the body of the request; an app has none before. */
function rules(body: string): Response {
  const { add = [] } = JSON.parse(body || "{}") as { add?: { value: string; tag: string }[] };
  return Response.json({
    data: add.map((rule, i) => ({ ...rule, id: `${i}` })),
    meta: { sent: "2026-01-01T00:00:00Z", summary: { created: add.length } },
  });
}

/** Lines of a stream that stays open. */
function streamed(lines: string[]): Response {
  const text = lines.map((line) => `${line}\r\n`).join("");
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  });
  return new Response(body);
}
