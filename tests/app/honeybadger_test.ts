import assert from "node:assert/strict";
import { OutsideError } from "../../lib/base/errors.ts";
import { report, scrub } from "../../lib/app/honeybadger.ts";

const options = {
  apiKey: "hb-key",
  context: { collection_id: "c" },
  secrets: ["very-secret-value", "short"],
  hostname: "h",
  now: Date.UTC(2026, 0, 2),
};

/** What Honeybadger gets, by a server that stands for it. */
async function noticed(error: unknown, status = 201) {
  const got: { key: string | null; body: string }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    got.push({ key: request.headers.get("x-api-key"), body: await request.text() });
    return Response.json({ id: "1" }, { status });
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const taken = await report(error, { ...options, endpoint });
  await server.shutdown();
  return { taken, key: got[0]?.key, notice: JSON.parse(got[0]?.body ?? "null") };
}

Deno.test("an error is told with its causes, where it was, and what was harvested", async () => {
  const cause = new TypeError("socket closed");
  const { taken, key, notice } = await noticed(new OutsideError("The API is away", { cause }));
  assert.equal(taken, true);
  assert.equal(key, "hb-key");
  assert.equal(notice.error.class, "OutsideError");
  assert.equal(notice.error.message, "The API is away");
  assert.match(notice.error.backtrace[0].file, /honeybadger_test\.ts$/);
  assert.equal(notice.error.causes[0].message, "socket closed");
  assert.deepEqual(notice.request.context, { collection_id: "c" });
  assert.equal(notice.server.time, "2026-01-02T00:00:00.000Z");
});

Deno.test("secrets are not told, wherever they stand", async () => {
  const cause = new Error("GET /x?oauth_token=abc&y=1 with Bearer AAAA%2Fbb.cc failed");
  const { notice } = await noticed(new Error("It has very-secret-value in it", { cause }));
  const text = JSON.stringify(notice);
  assert.ok(!/very-secret-value|AAAA|oauth_token=abc/.test(text), text);
  assert.match(text, /It has \[secret\] in it/);
  assert.match(text, /y=1/);
});

Deno.test("what is too short to be a secret stays, or every word would be gone", () => {
  assert.equal(scrub("short words", ["short"]), "short words");
  assert.equal(scrub("a%2Bb-long-secret", ["a+b-long-secret"]), "[secret]");
});

Deno.test("Honeybadger that refuses, or is away, is no trouble", async () => {
  assert.equal((await noticed(new Error("x"), 403)).taken, false);
  const endpoint = "http://127.0.0.1:9";
  assert.equal(await report(new Error("x"), { ...options, endpoint }), false);
});
