import assert from "node:assert/strict";
import { ApiError } from "../../../lib/base/errors.ts";
import { personsFault, readFault } from "../../../lib/twitter/http/faults.ts";
import { twitterData } from "../../twitter_data.ts";

function faultIn(text: string) {
  return readFault(new TextEncoder().encode(text));
}

Deno.test("error bodies of every shape give a code, where there is one, and a message", () => {
  assert.deepEqual(faultIn('{"errors":[{"code":88,"message":"Rate limit exceeded"}]}'), {
    code: 88,
    message: "Rate limit exceeded",
  });
  assert.deepEqual(faultIn('{"request":"/1.1/x","error":"Not authorized."}'), {
    message: "Not authorized.",
  });
  assert.deepEqual(faultIn('{"errors":"Sorry"}'), { message: "Sorry" });
  assert.deepEqual(faultIn("<html><body>Over\n capacity</body></html>"), {
    message: "Over capacity",
  });
  assert.deepEqual(faultIn(""), { message: "no reason given" });
  assert.deepEqual(faultIn('{"errors":[]}').code, undefined);
});

Deno.test("a message is one short line without control characters", () => {
  const { message } = faultIn(`a\u001b[31m\r\nb ${"x".repeat(500)}`);
  assert.match(message, /^a \[31m b x+\.\.\.$/);
  assert.ok(message.length < 210);
});

Deno.test("bad keys are the person's to mend, each with what to do", () => {
  const hint = (status: number, code?: number) =>
    personsFault(new ApiError("It failed", code === undefined ? { status } : { status, code }))
      ?.hint;
  assert.match(hint(401, 32) ?? "", /configure/);
  assert.match(hint(401, 89) ?? "", /new one/);
  assert.match(hint(401, 89) ?? "", /for a bearer token `twarc-cloud configure --bearer-token`/);
  assert.match(hint(403, 326) ?? "", /unlock/);
  assert.match(hint(401, 135) ?? "", /clock/);
  assert.match(hint(403, 453) ?? "", /access level/);
  assert.match(hint(401) ?? "", /Check the keys/);
  assert.equal(hint(404, 34), undefined);
  assert.equal(personsFault(new ApiError("Not authorized.", { status: 401 })), null);
});

Deno.test("recorded error answers are understood", async () => {
  const codes: Record<string, number> = {
    "401-code-32-could-not-authenticate.json": 32,
    "401-code-89-expired-token.json": 89,
    "403-code-326-account-locked.json": 326,
    "403-code-63-suspended.json": 63,
    "404-code-50-user-not-found.json": 50,
    "429-code-88-rate-limit.json": 88,
  };
  for (const [name, code] of Object.entries(codes)) {
    const recorded = await twitterData("v1", "errors", name);
    if (recorded === null) return;
    assert.equal(faultIn(JSON.parse(recorded).body).code, code, name);
  }
});

Deno.test("problems of version 2 are named, and those that only a person can change say what to do", async () => {
  const recorded: Record<string, [string, RegExp | null]> = {
    "429-usage-cap-exceeded.json": ["usage-capped", /next month/],
    "429-too-many-requests.json": ["too-many-requests", null],
    "429-too-many-connections.json": ["streaming-connection", null],
    "401-unauthorized.json": ["unauthorized", /configure/],
    "403-client-not-enrolled.json": ["client-forbidden", /project/],
    "403-forbidden-about-blank.json": ["forbidden", null],
    "503-service-unavailable.json": ["service-unavailable", null],
    "400-rules-schema.json": ["invalid-request", null],
  };
  for (const [name, [problem, hint]] of Object.entries(recorded)) {
    const text = await twitterData("v2", "errors", name);
    if (text === null) return;
    const { status, body } = JSON.parse(text);
    const fault = faultIn(typeof body === "string" ? body : JSON.stringify(body));
    assert.match(fault.problem ?? "", new RegExp(`^(${problem}|client-not-enrolled)$`), name);
    const said = personsFault(new ApiError(fault.message, { status, problem: fault.problem ?? "" }))
      ?.hint;
    if (hint) assert.match(said ?? "", hint, name);
    else assert.equal(said, undefined, name);
  }
});

Deno.test("spent credits are told with the way out", () => {
  assert.match(personsFault(new ApiError("No", { status: 402 }))?.hint ?? "", /credits/);
});
