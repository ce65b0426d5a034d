import { KEYS } from "../../fakes/whole_harvest.ts";
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { beginLogin } from "../../../lib/twitter/http/login.ts";
import { aheadBy, ApiTime, clockText } from "../../../lib/twitter/http/api_time.ts";
import { logged } from "../../fakes/logged.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const never = new AbortController().signal;
const HOUR = 3_600_000;

const dated = (ms: number) => new Headers({ date: new Date(ms).toUTCString() });

Deno.test("a clock is wrong where the Date of an answer is of no time at which the request was on its way", () => {
  const sent = Date.UTC(2026, 0, 2, 3, 4, 5);
  const ahead = (date: number, ms = 200) => aheadBy(dated(date), { sent, answered: sent + ms });
  assert.equal(ahead(sent), 0);
  assert.equal(ahead(sent - 29_000), 0);
  assert.equal(ahead(sent + 29_000), 0);
  assert.equal(ahead(sent + 100_000, 110_000), 0, "an answer that took two minutes");
  assert.equal(ahead(sent - 2 * HOUR), 2 * HOUR);
  assert.equal(ahead(sent + 2 * HOUR, 0), -2 * HOUR);
  for (const headers of [{}, { date: "yesterday" }, { date: "Thu, 01 Jan 1970", age: "7" }]) {
    assert.equal(aheadBy(new Headers(headers), { sent, answered: sent }), 0);
  }
});

Deno.test("by how much a clock is wrong is said in words", () => {
  assert.equal(clockText(2 * HOUR), "This machine's clock is 2 hours ahead of the API's");
  assert.equal(clockText(-90_000), "This machine's clock is 90 seconds behind the API's");
  assert.equal(clockText(-400 * 24 * HOUR), "This machine's clock is 400 days behind the API's");
});

Deno.test("time is the API's while this machine's clock is wrong, and said to be wrong once", async () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const time = new ApiTime(clock, (text) => said.push(text));
  const right = () => clock.now() + 2 * HOUR;
  for (let i = 0; i < 3; i++) {
    time.heard(dated(right()), clock.now());
    assert.ok(Math.abs(time.now() - right()) <= 1_000);
    await clock.advance(60_000);
    assert.ok(Math.abs(time.now() - right()) <= 1_000);
  }
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? "",
    /^This machine's clock is 2 hours behind the API's: set it by a time server/,
  );
  // Somebody sets it: until the next answer the API's time goes on by itself.
  const before = time.now();
  clock.jump(2 * HOUR);
  assert.equal(time.now(), before);
  time.heard(dated(clock.now()), clock.now());
  assert.equal(time.now(), clock.now());
  assert.equal(said.length, 1);
});

/** An API that is some milliseconds ahead of this machine. */
async function withApi(
  { by, answer }: { by: number; answer: (now: number) => Response },
  use: (api: { url: URL; asked: URL[] }) => Promise<void>,
): Promise<void> {
  const asked: URL[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked.push(new URL(request.url));
    const now = Date.now() + by;
    const response = answer(now);
    response.headers.set("date", new Date(now).toUTCString());
    return response;
  });
  try {
    await use({ url: new URL(`http://127.0.0.1:${server.addr.port}`), asked });
  } finally {
    await server.shutdown();
  }
}

const problem = (status: number) =>
  Response.json({ title: "Unauthorized", type: "about:blank", status }, { status });

for (const [status, name] of [[401, "401"], [403, "403"], [404, "a gateway's page"]] as const) {
  Deno.test(`a clock that is wrong is said from an answer that says nothing of it: ${name}`, () =>
    withApi({
      by: 3 * HOUR,
      answer: () => status === 404 ? new Response("<html>", { status }) : problem(status),
    }, async ({ url }) => {
      const said: string[] = [];
      const api = await openApi({
        version: "2",
        keys: { bearer_token: "b" },
        clock: systemClock,
        base: url,
        say: (text) => void said.push(text),
      });
      await assert.rejects(api.search("a", {}, never));
      await assert.rejects(api.search("a", {}, never));
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", /^This machine's clock is 3 hours behind the API's/);
    }));
}

Deno.test("keys that are refused while the clock is wrong point to the clock, not to the keys", () =>
  withApi({ by: -3 * HOUR, answer: () => problem(401) }, async ({ url }) => {
    const api = await openApi({ version: "1.1", keys: KEYS, clock: systemClock, base: url });
    const asked = api.timeline("7", {}, never);
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.hint ?? "",
        /^This machine's clock is 3 hours ahead of the API's, by which requests are signed/,
      );
      return true;
    });
  }));

Deno.test("what recent search reaches, and when a page came, go by the API's time", () =>
  withApi({
    by: 3 * 24 * HOUR,
    answer: () => Response.json({ meta: { result_count: 0 } }),
  }, async ({ url, asked }) => {
    const keys = { bearer_token: "b" };
    const api = await openApi({ version: "2", keys, clock: systemClock, base: url, say: () => {} });
    await api.search("a", {}, never);
    // Of this machine's last seven days the API reaches four.
    const startTime = new Date(Date.now() - 6 * 24 * HOUR).toISOString();
    const page = await api.search("a", { startTime }, never);
    assert.equal(asked.at(-1)?.searchParams.get("start_time"), null);
    const reach = Date.now() + 3 * 24 * HOUR - 7 * 24 * HOUR;
    assert.ok(Math.abs((page.gap?.to ?? 0) - reach) < 5 * 60_000);
  }));

Deno.test("a rate limit is waited for by the API's time, however wrong this machine's is", async () => {
  const clock = new ManualClock();
  const by = clock.now() + 5 * HOUR - Date.now();
  let answers = 0;
  await withApi({
    by,
    answer: (now) =>
      Response.json({ meta: { result_count: 0 } }, {
        headers: {
          "x-rate-limit-remaining": ++answers === 1 ? "0" : "9",
          "x-rate-limit-reset": `${Math.round(now / 1_000) + 120}`,
        },
      }),
  }, async ({ url: base }) => {
    const said = await logged(async () => {
      const api = await openApi({ version: "2", keys: { bearer_token: "b" }, clock, base });
      await api.search("a", {}, never);
      const second = api.search("a", {}, never);
      await clock.advance(115_000);
      assert.equal(answers, 1);
      await clock.advance(10_000);
      assert.equal(clock.sleepers, 0, "the window is over by the API's time");
      await second;
    });
    assert.match(said, /clock is 5 hours behind/);
    assert.doesNotMatch(said, /does not fit this machine/);
  });
});

Deno.test("a login that is refused while the clock is wrong points to the clock", () =>
  withApi({ by: -3 * HOUR, answer: () => problem(401) }, async ({ url }) => {
    await assert.rejects(beginLogin({ consumer_key: "a", consumer_secret: "b" }, url), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.hint ?? "", /^This machine's clock is 3 hours ahead of the API's/);
      return true;
    });
  }));
