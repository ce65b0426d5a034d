import assert from "node:assert/strict";
import OAuth from "oauth-1.0a";
import { createHmac } from "node:crypto";
import { systemClock } from "../../lib/base/clock.ts";
import { UsageError, UserError } from "../../lib/base/errors.ts";
import { readCorpus } from "../../lib/sandbox/corpus.ts";
import {
  type Sandbox,
  SANDBOX_KEYS,
  type SandboxOptions,
  startSandbox,
} from "../../lib/sandbox/server.ts";
import { parseTrouble } from "../../lib/sandbox/trouble.ts";
import { World } from "../../lib/sandbox/world.ts";

async function opened(
  use: (sandbox: Sandbox) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  const sandbox = startSandbox({
    world: World.create({ clock: systemClock, users: 30, tweetsPerUser: 25 }),
    ...options,
  });
  try {
    await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** The authorization header of a request, by the reference implementation of OAuth 1.0a. */
function signed(
  url: URL,
  changes: { secret?: string; token?: string; timestamp?: number } = {},
): HeadersInit {
  const oauth = new OAuth({
    consumer: {
      key: SANDBOX_KEYS.consumer_key,
      secret: changes.secret ?? SANDBOX_KEYS.consumer_secret,
    },
    signature_method: "HMAC-SHA1",
    hash_function: (base, key) => createHmac("sha1", key).update(base).digest("base64"),
  });
  if (changes.timestamp !== undefined) oauth.getTimeStamp = () => changes.timestamp ?? 0;
  const token = {
    key: changes.token ?? SANDBOX_KEYS.access_token,
    secret: SANDBOX_KEYS.access_token_secret,
  };
  return { ...oauth.toHeader(oauth.authorize({ url: url.href, method: "GET" }, token)) };
}

async function ask(sandbox: Sandbox, path: string, changes: Parameters<typeof signed>[1] = {}) {
  const url = new URL(path, sandbox.url);
  const response = await fetch(url, { headers: signed(url, changes) });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const SEARCH = "1.1/search/tweets.json?q=a%20b%2A&count=5";

Deno.test("signatures are verified: what is wrong about one is told by its code", () =>
  opened(async (sandbox) => {
    assert.equal((await ask(sandbox, SEARCH)).status, 200);
    const code = async (changes: Parameters<typeof signed>[1]) =>
      (await ask(sandbox, SEARCH, changes)).body.errors[0].code;
    assert.equal(await code({ secret: "wrong" }), 32);
    assert.equal(await code({ token: "unknown" }), 89);
    assert.equal(await code({ timestamp: Math.floor(Date.now() / 1_000) - 3_600 }), 135);
    const url = new URL(SEARCH, sandbox.url);
    const headers = signed(url);
    assert.equal((await (await fetch(url, { headers })).json()).errors, undefined);
    assert.equal(
      (await (await fetch(url, { headers })).json()).errors[0].code,
      32,
      "a nonce is good once",
    );
    assert.equal((await (await fetch(url)).json()).errors[0].code, 215);
  }));

Deno.test("a bearer token is given for the consumer pair, and taken", () =>
  opened(async (sandbox) => {
    const pair = btoa(`${SANDBOX_KEYS.consumer_key}:${SANDBOX_KEYS.consumer_secret}`);
    const token = async (authorization: string) =>
      await (await fetch(new URL("oauth2/token", sandbox.url), {
        method: "POST",
        headers: { authorization },
      })).json();
    assert.equal((await token("Basic wrong")).errors[0].code, 99);
    const { access_token } = await token(`Basic ${pair}`);
    const headers = { authorization: `Bearer ${access_token}` };
    assert.equal((await fetch(new URL(SEARCH, sandbox.url), { headers })).status, 200);
  }));

Deno.test("limits are counted, told in headers, and end with their window", () =>
  opened(async (sandbox) => {
    const left = [];
    for (let i = 0; i < 4; i++) {
      const { status, headers } = await ask(sandbox, SEARCH);
      left.push([status, headers.get("x-rate-limit-remaining")]);
      assert.ok(Number(headers.get("x-rate-limit-reset")) * 1_000 > Date.now() - 1_000);
    }
    assert.deepEqual(left, [[200, "2"], [200, "1"], [200, "0"], [429, "0"]]);
    assert.equal(
      (await ask(sandbox, "1.1/users/show.json?user_id=1")).status,
      404,
      "endpoints count apart",
    );
  }, { limit: 3 }));

Deno.test("users in every state answer as the API's do", () =>
  opened(async (sandbox) => {
    const users = [...sandbox.world.users.keys()];
    const show = async (id = "") => {
      const { status, body } = await ask(sandbox, `1.1/users/show.json?user_id=${id}`);
      return [status, body.errors?.[0].code ?? body.protected];
    };
    assert.deepEqual(await show(users[0]), [200, false]);
    assert.deepEqual(await show(users[9]), [200, true]);
    assert.deepEqual(await show(users[19]), [403, 63]);
    assert.deepEqual(await show(users[29]), [404, 50]);
    const timeline = async (id = "") =>
      (await ask(sandbox, `1.1/statuses/user_timeline.json?user_id=${id}`)).status;
    assert.deepEqual([
      await timeline(users[0]),
      await timeline(users[9]),
      await timeline(users[29]),
    ], [200, 401, 404]);
  }));

Deno.test("pages follow since_id and max_id, which is inclusive, and ids are exact", () =>
  opened(async (sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const all = sandbox.world.timeline(user, { count: 25 }).map((status) => `${status.id}`);
    const page = async (query: string) => {
      const { body } = await ask(
        sandbox,
        `1.1/statuses/user_timeline.json?user_id=${user}&${query}`,
      );
      return body.map((status: { id_str: string }) => status.id_str);
    };
    assert.deepEqual(await page("count=3"), all.slice(0, 3));
    assert.deepEqual(await page(`count=3&max_id=${all[4]}`), all.slice(4, 7));
    assert.deepEqual(await page(`count=200&since_id=${all[4]}`), all.slice(0, 4));
    assert.equal((await page("trim_user=false")).length, 20);
  }));

Deno.test("a search knows words, OR, from: and -", () =>
  opened(async (sandbox) => {
    const count = async (q: string) =>
      (await ask(sandbox, `1.1/search/tweets.json?count=100&q=${encodeURIComponent(q)}`)).body
        .statuses.length;
    assert.equal(await count("from:ada_quill_0"), 25);
    assert.equal(await count("sandbox"), 100);
    const [marmots, trains] = [
      await count("marmots from:ada_quill_0"),
      await count("railways from:ada_quill_0"),
    ];
    assert.equal(
      await count("marmots from:ada_quill_0 OR railways from:ada_quill_0"),
      marmots + trains,
    );
    assert.equal(await count("from:ada_quill_0 -marmots"), 25 - marmots);
    assert.equal((await ask(sandbox, "1.1/search/tweets.json")).status, 400);
  }));

Deno.test("a token has one stream: a newer one ends the older with a message", () =>
  opened(async (sandbox) => {
    const open = async () => {
      const url = new URL("1.1/statuses/filter.json", sandbox.url);
      const oauth = new OAuth({
        consumer: { key: SANDBOX_KEYS.consumer_key, secret: SANDBOX_KEYS.consumer_secret },
        signature_method: "HMAC-SHA1",
        hash_function: (base, key) => createHmac("sha1", key).update(base).digest("base64"),
      });
      const token = { key: SANDBOX_KEYS.access_token, secret: SANDBOX_KEYS.access_token_secret };
      const body = new URLSearchParams({ track: "sandbox" });
      const request = { url: url.href, method: "POST", data: { track: "sandbox" } };
      return await fetch(url, {
        method: "POST",
        body,
        headers: { ...oauth.toHeader(oauth.authorize(request, token)) },
      });
    };
    const first = await open();
    const second = await open();
    assert.match(await first.text(), /^\{"disconnect":\{"code":2,.*\}\}\r\n$/);
    assert.equal(sandbox.streams.size, 1);
    await second.body?.cancel();
  }));

Deno.test("troubles are read as they are written", () => {
  assert.deepEqual(parseTrouble("503:search/tweets:after=2:times=3"), {
    kind: "503",
    path: "search/tweets",
    after: 2,
    times: 3,
  });
  for (const wrong of ["503", "teapot:search", "503:search:soon", ""]) {
    assert.throws(() => parseTrouble(wrong), UsageError);
  }
});

Deno.test("files of tweets are read line by line; what is no tweet is counted, and a file without any refused", async () => {
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  try {
    const lines = [
      '{"id":12345678901234567891,"user":{"id":5,"screen_name":"x"},"text":"A b"}',
      "not json",
      '{"delete":{}}',
    ];
    await Deno.writeTextFile(path, lines.join("\r\n"));
    const corpus = await readCorpus(path);
    assert.deepEqual([corpus.statuses.length, corpus.skipped, corpus.statuses[0]?.id], [
      1,
      2,
      12345678901234567891n,
    ]);
    assert.equal(new TextDecoder().decode(corpus.statuses[0]?.bytes()), lines[0]);
    await Deno.writeTextFile(path, "not json\n");
    await assert.rejects(readCorpus(path), UserError);
  } finally {
    await Deno.remove(path);
  }
});
