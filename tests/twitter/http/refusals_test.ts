import assert from "node:assert/strict";
import { ApiError, UserError } from "../../../lib/base/errors.ts";
import type { LoggedRequest, Sandbox } from "../../../lib/sandbox/server.ts";
import type { TroubleKind } from "../../../lib/sandbox/trouble.ts";
import type { StreamItem } from "../../../lib/twitter/api.ts";
import { passingRefusal } from "../../../lib/twitter/http/refusals.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { V2Api } from "../../../lib/twitter/v2/api.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { inIdleSandbox } from "../../fakes/idle_sandbox.ts";
import { logged } from "../../fakes/logged.ts";

const HOUR = 3_600_000;
const STREAM = "/2/tweets/search/stream";

/** A stream whose first connection is ended, and refused from then on: what it brings until a post comes after that. */
async function refused(kind: TroubleKind, times: number, { after = 1 } = {}) {
  const items: StreamItem[] = [];
  let requests: LoggedRequest[] = [];
  let thrown: unknown;
  await inIdleSandbox(async ({ sandbox, clock, post }) => {
    const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
    const api = new V2Api({ transport: new Transport({ signer, clock }), clock });
    const stop = new AbortController();
    sandbox.troubles.add({ kind, path: "connect", after, times });
    try {
      const filter = { rules: [{ value: "sandbox" }] };
      const wanted = { owner: "live", filter, patienceMs: HOUR };
      for await (const item of api.stream(wanted, stop.signal)) {
        items.push(item);
        react(items, { sandbox, post, stop });
      }
    } catch (error) {
      thrown = error;
    }
    requests = sandbox.requests.filter(({ path }) => path === STREAM);
  });
  return { items, statuses: requests.map(({ status }) => status), thrown };
}

function react(
  items: StreamItem[],
  { sandbox, post, stop }: { sandbox: Sandbox; post: () => void; stop: AbortController },
): void {
  const last = items.at(-1);
  if (items.length === 1) sandbox.filtered.disconnect();
  else if (last?.gap) post();
  else if (last && last.tweets.length > 0) stop.abort();
}

for (
  const [kind, status] of [
    ["401", 401],
    ["403", 403],
    ["404", 404],
    ["blocked", 403],
  ] as const
) {
  Deno.test(`a stream that has worked waits out most of an hour of ${kind}, loudly, and goes on with one gap`, async () => {
    let read: Awaited<ReturnType<typeof refused>> | undefined;
    const said = await logged(async () => {
      read = await refused(kind, 16);
    });
    // The list of connections takes one of the refusals.
    const { items = [], statuses, thrown } = read ?? {};
    assert.equal(thrown, undefined);
    assert.deepEqual(statuses, [200, ...Array(15).fill(status), 200]);
    const [gap, ...more] = items.flatMap((item) => item.gap ?? []);
    // 5 s that double to 320 s.
    assert.ok(gap && more.length === 0 && gap.to - gap.from > 3_000_000, JSON.stringify(gap));
    assert.equal(items.flatMap(({ tweets }) => tweets).length, 1);
    assert.match(
      said,
      /worked before, so the API seems to be in trouble: retrying unt/,
    );
  });
}

Deno.test("a refusal that outlasts patience ends a stream with what to do", async () => {
  const { statuses, thrown } = await refused("401", 1_000);
  assert.ok(thrown instanceof UserError);
  assert.match(thrown.hint ?? "", /Check the keys/);
  assert.ok(statuses.length >= 17 && statuses.length <= 20, `${statuses}`);
});

for (const kind of ["401", "403", "404"] as const) {
  Deno.test(`${kind} before a stream was ever open ends it at once`, async () => {
    const { statuses, thrown } = await refused(kind, 1_000, { after: 0 });
    assert.deepEqual(statuses, [Number(kind)]);
    assert.ok(thrown instanceof Error);
  });
}

for (const kind of ["cap", "credits", "spend-cap"] as const) {
  Deno.test(`${kind} ends a stream that has worked, as no waiting gives it back`, async () => {
    const { statuses, thrown } = await refused(kind, 1_000);
    assert.equal(statuses.length, 2);
    assert.ok(thrown instanceof UserError);
  });
}

Deno.test("what says that the request is wrong is no refusal that passes, a gateway's page of any kind is", () => {
  const passes = (fault: ConstructorParameters<typeof ApiError>[1]) =>
    passingRefusal(new ApiError("it is refused", fault)) !== null;
  assert.ok(!passes({ status: 400, problem: "invalid-request" }));
  assert.ok(!passes({ status: 422, problem: "invalid-rules" }));
  assert.ok(!passes({ status: 429 }) && !passes({ status: 503 }) && !passes({ status: 0 }));
  const invalid = new ApiError("it is refused", { status: 400, problem: "invalid-request" });
  assert.equal(passingRefusal(invalid, { isSame: true }), invalid, "It took the same before");
  assert.ok(passes({ status: 400 }) && passes({ status: 451 }));
  assert.ok(passes({ status: 403, problem: "client-forbidden" }));
});

Deno.test("a consumer pair that has given a token is still good after refusals of everything, also of another token", async () => {
  let left = 0;
  const refusal = () =>
    Response.json({ title: "Unauthorized", detail: "Unauthorized", type: "about:blank" }, {
      status: 401,
    });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    if (left > 0) {
      left--;
      return refusal();
    }
    const isToken = url.endsWith("/oauth2/token");
    return Response.json(isToken ? { token_type: "bearer", access_token: "t" } : { statuses: [] });
  });
  try {
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const keys = { consumer_key: "k", consumer_secret: "s" };
    const clock = new QuickClock();
    const signer = new Signer(keys, base);
    const transport = new Transport({ signer, clock, patienceMs: HOUR });
    const request = {
      method: "GET",
      path: "2/tweets/search/recent",
      parameters: {},
      isAboutAll: true,
    } as const;
    const ask = () => transport.ask(request, () => "answered", new AbortController().signal);
    await ask();
    left = 12;
    assert.equal(await ask(), "answered");
    assert.ok(clock.slept.length >= 4 && transport.can("app"));
  } finally {
    await server.shutdown();
  }
});

Deno.test("a bearer token that has worked outlasts its refusal also where the consumer pair beside it is not good", async () => {
  let left = 0;
  const refusal = () => Response.json({ title: "Unauthorized", detail: "No" }, { status: 401 });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url, headers }) => {
      if (url.endsWith("/oauth2/token")) return refusal();
      const isGood = headers.get("authorization") === "Bearer given";
      return isGood && left-- <= 0 ? Response.json({ data: [] }) : refusal();
    },
  );
  try {
    const keys = { bearer_token: "given", consumer_key: "k", consumer_secret: "withdrawn" };
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const clock = new QuickClock();
    const transport = new Transport({ signer: new Signer(keys, base), clock, patienceMs: HOUR });
    const request = { method: "GET", path: "2/tweets", parameters: {}, isAboutAll: true } as const;
    const ask = () => transport.ask(request, () => "answered", new AbortController().signal);
    assert.equal(await ask(), "answered");
    left = 9;
    assert.equal(await ask(), "answered");
    assert.ok(clock.slept.length >= 4, `${clock.slept}`);
  } finally {
    await server.shutdown();
  }
});
