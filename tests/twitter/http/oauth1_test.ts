import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { Gate } from "../../../lib/sandbox/oauth.ts";
import { type FormRequest, toSend } from "../../../lib/twitter/http/oauth1.ts";

const KEYS = {
  consumer_key: "an app",
  consumer_secret: "its&secret",
  access_token: "7-a user",
  access_token_secret: "theirs%+",
};
const USER = {
  consumer: { key: KEYS.consumer_key, secret: KEYS.consumer_secret },
  access: { key: KEYS.access_token, secret: KEYS.access_token_secret },
};
const SITE = new URL("https://api.twitter.com/1.1/somewhere.json");
/** What a signature is easy to get wrong with (RFC 5849, 3.6), which a form has otherwise than an address. */
const ODD = { track: "a b+c&d=e*!'()~/?", "über": "😀,%41", empty: "", "since_id": "1" };

/** Whether another library finds the signature right, over what is sent: as the API sees it. */
async function verified(request: FormRequest) {
  const { url, method, headers, body } = toSend(request, SITE, USER);
  const sent = new Request(url, { method, headers, body });
  const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const parameters = [
    ...new URL(url).searchParams,
    ...new URLSearchParams(isForm ? await sent.clone().text() : ""),
  ];
  return { sent, parameters, caller: new Gate(KEYS, "b", systemClock).verify(sent, parameters) };
}

for (const method of ["GET", "POST", "DELETE"] as const) {
  Deno.test(`a ${method} is signed over all that it asks for, whatever characters that has`, async () => {
    const { caller, parameters } = await verified({ method, parameters: ODD });
    assert.deepEqual(caller, { kind: "user", token: KEYS.access_token });
    assert.deepEqual(Object.fromEntries(parameters), ODD);
  });
}

Deno.test("a body of JSON is sent as it is, and is no part of the signature, but the query is", async () => {
  const json = { add: [{ value: "x y" }] };
  const { caller, sent } = await verified({
    method: "POST",
    parameters: { dry_run: "true" },
    json,
  });
  assert.deepEqual(caller, { kind: "user", token: KEYS.access_token });
  assert.deepEqual(await sent.json(), json);
  assert.equal(sent.headers.get("content-type"), "application/json");
});

Deno.test("each signature is another one: a request can be tried again", () => {
  const [one, other] = [0, 1].map(() => toSend({ method: "GET", parameters: ODD }, SITE, USER));
  assert.notEqual(one?.headers.authorization, other?.headers.authorization);
});

Deno.test("without keys nothing is signed, and what is asked for is the same", () => {
  const plain = toSend({ method: "GET", parameters: ODD }, SITE);
  assert.deepEqual(plain.headers, {});
  assert.equal(plain.url, toSend({ method: "GET", parameters: ODD }, SITE, USER).url);
  assert.equal(toSend({ method: "POST", parameters: {} }, SITE).body, null);
});
