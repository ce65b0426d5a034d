import assert from "node:assert/strict";
import { UserError } from "../../../lib/base/errors.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../lib/sandbox/server.ts";
import { type TwitterApi } from "../../../lib/twitter/api.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import type { TwitterKeys } from "../../../lib/base/api_keys.ts";
import { type ApiRequest, Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;

interface Given {
  sandbox: Sandbox;
  clock: QuickClock;
  /** The consumer pair of the sandbox. */
  pair: TwitterKeys;
  open: (version: "1.1" | "2", keys: TwitterKeys) => Promise<TwitterApi>;
  transport: (keys: TwitterKeys) => Transport;
}

async function given(use: (given: Given) => Promise<void>, options: SandboxOptions = {}) {
  const sandbox = startSandbox(options);
  const clock = new QuickClock();
  const { consumer_key, consumer_secret } = sandbox.keys;
  try {
    await use({
      sandbox,
      clock,
      pair: { consumer_key, consumer_secret },
      open: (version, keys) => openApi({ version, keys, clock, base: sandbox.url }),
      transport: (keys) => new Transport({ signer: new Signer(keys, sandbox.url), clock }),
    });
  } finally {
    await sandbox.close();
  }
}

/** Asks every endpoint that collecting needs once. */
async function askEverything(api: TwitterApi, sandbox: Sandbox, version: string): Promise<void> {
  const [user = ""] = sandbox.world.users.keys();
  await api.timeline(user, {}, never);
  await api.search("sandbox", {}, never);
  if (version === "2") await api.search("sandbox", { archive: "all" }, never);
  await Array.fromAsync(api.users("id", [user], never));
}

function asked(sandbox: Sandbox): string[] {
  return sandbox.requests.map(({ path, as }) => `${as} ${path.replace(/\d{5,}/, ":id")}`);
}

Deno.test("with all four keys each endpoint is asked as whom its limit is better for", () =>
  given(async ({ sandbox, open }) => {
    await askEverything(await open("2", sandbox.keys), sandbox, "2");
    await askEverything(await open("1.1", sandbox.keys), sandbox, "1.1");
    assert.deepEqual(asked(sandbox), [
      "app /2/users/:id/tweets",
      "app /2/tweets/search/recent",
      "app /2/tweets/search/all",
      "user /2/users",
      "app /1.1/statuses/user_timeline.json",
      "app /1.1/search/tweets.json",
      "user /1.1/users/lookup.json",
    ]);
    assert.ok(sandbox.requests.every(({ status }) => status === 200));
  }));

for (const name of ["a consumer pair", "a bearer token"]) {
  Deno.test(`with ${name} alone everything but the stream of 1.1 is asked as the app`, () =>
    given(async ({ sandbox, open, pair }) => {
      const keys = name === "a consumer pair" ? pair : { bearer_token: sandbox.bearer };
      for (const version of ["2", "1.1"] as const) {
        const api = await open(version, keys);
        await askEverything(api, sandbox, version);
      }
      assert.ok(sandbox.requests.every(({ as, status }) => as === "app" && status === 200));
      const live = (await open("1.1", keys)).stream({ owner: "x", filter: { track: "x" } }, never);
      await assert.rejects(Array.fromAsync(live), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(
          error.message,
          /filter\.json requires the keys of a user: .*access_token_secret/,
        );
        return true;
      });
    }));
}

Deno.test("a token is asked for once, however many requests need it, and again where it was ended", () =>
  given(async ({ sandbox, open, pair, clock }) => {
    const api = await open("2", pair);
    const users = [...sandbox.world.users.keys()].slice(0, 5);
    await Promise.all(users.map((user) => api.timeline(user, {}, never)));
    assert.deepEqual(sandbox.signIns.map(({ path, status }) => [path, status]), [
      ["/oauth2/token", 200],
    ]);
    sandbox.revoke();
    await Promise.all(users.map((user) => api.timeline(user, {}, never)));
    assert.equal(sandbox.signIns.length, 2);
    assert.equal(sandbox.requests.filter(({ status }) => status === 200).length, 10);
    assert.deepEqual(clock.slept, [], "that is no failure, and nothing is waited for");
  }));

Deno.test("a bearer token that is not taken any more gives way to the consumer pair's", () =>
  given(async ({ sandbox, open, pair }) => {
    const api = await open("2", { ...pair, bearer_token: "old" });
    assert.equal((await api.search("sandbox", { limit: 10 }, never)).count, 10);
    await assert.rejects(
      (await open("2", { bearer_token: "old" })).search("sandbox", {}, never),
      (error) => error instanceof UserError && /Invalid or expired token/.test(error.message),
    );
    assert.deepEqual(sandbox.requests.map(({ status }) => status), [401, 200, 401]);
  }));

/** An API that answers as it is told to; what it was asked, as `app /path`. */
async function withServer(
  answer: (path: string, as: string) => Response,
  use: (base: URL, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const listening = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(listening, (request) => {
    const { pathname } = new URL(request.url);
    const [scheme = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const as = { Bearer: "app", OAuth: "user", Basic: "pair" }[scheme] ?? "nobody";
    asked.push(`${as} ${pathname}`);
    return answer(pathname, as);
  });
  try {
    await use(new URL(`http://127.0.0.1:${server.addr.port}/`), asked);
  } finally {
    await server.shutdown();
  }
}

const FOUR = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};
const NOTHING = { meta: { result_count: 0 } };
const TOKEN = { token_type: "bearer", access_token: "t" };

Deno.test("where the pair gives no token the user asks, and what only an app may ask says why it cannot", () =>
  withServer(
    (path) =>
      path === "/oauth2/token"
        ? Response.json({ errors: [{ code: 99, message: "Unable to verify" }] }, { status: 403 })
        : Response.json(NOTHING),
    async (base, asked) => {
      const api = await openApi({ version: "2", keys: FOUR, clock: new QuickClock(), base });
      await api.search("x", {}, never);
      await api.search("x", {}, never);
      assert.deepEqual(asked, [
        "pair /oauth2/token",
        "user /2/tweets/search/recent",
        "user /2/tweets/search/recent",
      ]);
      await assert.rejects(api.search("x", { archive: "all" }, never), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /oauth2\/token with 403: Unable to verify/);
        assert.match(error.hint ?? "", /Check the consumer key and secret/);
        return true;
      });
      assert.equal(asked.length, 3);
    },
  ));

Deno.test("a token that cannot be had now is waited for like any answer", () => {
  const answers = [
    () => new Response("upstream", { status: 503 }),
    () => new Response("<html>"),
    () => new Response("slowly", { status: 429 }),
    () => Response.json(TOKEN),
  ];
  return withServer(
    (path) => path === "/oauth2/token" && answers.shift()?.() || Response.json(NOTHING),
    async (base) => {
      const clock = new QuickClock();
      const api = await openApi({ version: "2", keys: FOUR, clock, base });
      assert.equal((await api.search("x", { archive: "all" }, never)).count, 0);
      assert.deepEqual(clock.slept.map((ms) => Math.round(ms / 1_000)), [5, 10, 240]);
    },
  );
});

Deno.test("tokens that are never taken are not asked for without end", () =>
  withServer(
    (path) =>
      path === "/oauth2/token"
        ? Response.json(TOKEN)
        : Response.json({ title: "Unauthorized", status: 401 }, { status: 401 }),
    async (base, asked) => {
      const api = await openApi({ version: "2", keys: FOUR, clock: new QuickClock(), base });
      await assert.rejects(api.search("x", {}, never), UserError);
      assert.equal(asked.length, 4);
    },
  ));

for (
  const [version, path, refusal, page] of [
    [
      "1.1",
      "/1.1/statuses/user_timeline.json",
      () => Response.json({ request: "/1.1/x", error: "Not authorized." }, { status: 401 }),
      [{ id: 5, id_str: "5", full_text: "x" }],
    ],
    [
      "2",
      "/2/users/7/tweets",
      () =>
        Response.json({
          errors: [{
            value: "7",
            type: "https://api.twitter.com/2/problems/not-authorized-for-resource",
          }],
        }),
      { data: [{ id: "5", text: "x" }], meta: { result_count: 1 } },
    ],
  ] as const
) {
  Deno.test(`${version}: a protected timeline that the user follows is read in the user's name`, () =>
    withServer(
      (asked, as) =>
        asked === "/oauth2/token"
          ? Response.json(TOKEN)
          : as === "app"
          ? refusal()
          : Response.json(page),
      async (base, asked) => {
        const clock = new QuickClock();
        const refused = await openApi({ version, keys: FOUR, clock, base });
        assert.equal(await refused.timeline("7", {}, never), "protected");
        assert.deepEqual(asked.splice(0).slice(1), [`app ${path}`], "unless it is not wanted");
        const isProtectedWanted = true;
        const api = await openApi({ version, keys: FOUR, clock, base, isProtectedWanted });
        for (const _ of [1, 2]) {
          const read = await api.timeline("7", {}, never);
          assert.equal(typeof read === "object" && read.count, 1);
        }
        assert.deepEqual(asked, [
          "pair /oauth2/token",
          `app ${path}`,
          `user ${path}`,
          `user ${path}`,
        ]);
        const app = await openApi({ version, keys: { bearer_token: "t" }, clock, base });
        assert.equal(await app.timeline("7", {}, never), "protected");
      },
    ));
}

Deno.test("the limits of the app and of the user are waited for apart", () =>
  given(async ({ sandbox, transport, clock }) => {
    const asking = transport(sandbox.keys);
    const request = (as: ApiRequest["as"]): ApiRequest => ({
      method: "GET",
      path: "2/users",
      parameters: { ids: [...sandbox.world.users.keys()][0] ?? "" },
      ...(as ? { as } : {}),
    });
    await asking.ask(request(["app"]), () => {}, never);
    await asking.ask(request(["user"]), () => {}, never);
    assert.deepEqual(clock.slept, []);
    await asking.ask(request(["user"]), () => {}, never);
    assert.ok(clock.slept.length > 0);
  }, { limit: 1, windowMs: 50 }));
