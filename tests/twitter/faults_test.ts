import assert from "node:assert/strict";
import { ApiError } from "../../lib/errors.ts";
import { faultOf, keysFault } from "../../lib/twitter/faults.ts";
import { twitterData } from "../twitter_data.ts";

function faultIn(text: string) {
  return faultOf(new TextEncoder().encode(text));
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
    keysFault(new ApiError("It failed", code === undefined ? { status } : { status, code }))?.hint;
  assert.match(hint(401, 32) ?? "", /configure/);
  assert.match(hint(401, 89) ?? "", /new one/);
  assert.match(hint(403, 326) ?? "", /unlock/);
  assert.match(hint(401, 135) ?? "", /clock/);
  assert.match(hint(403, 453) ?? "", /access level/);
  assert.match(hint(401) ?? "", /Check the keys/);
  assert.equal(hint(404, 34), undefined);
  assert.equal(keysFault(new ApiError("Not authorized.", { status: 401 })), null);
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
