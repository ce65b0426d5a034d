import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { OutsideError, UserError } from "../../../lib/base/errors.ts";
import { startSandbox } from "../../../lib/sandbox/server.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { beginLogin } from "../../../lib/twitter/http/login.ts";

Deno.test("a login gives keys that the API takes, and a wrong PIN gives none", async () => {
  const sandbox = startSandbox();
  try {
    const login = await beginLogin(sandbox.keys, sandbox.url);
    await assert.rejects(login.finish("0000000"), UserError);
    const pin = /<code>(\d{7})<\/code>/.exec(await (await fetch(login.url)).text())?.[1];
    const keys = await login.finish(pin ?? "");
    assert.equal(keys.consumer_key, sandbox.keys.consumer_key);
    assert.notEqual(keys.access_token, sandbox.keys.access_token);
    const api = await openApi({ version: "1.1", keys, clock: systemClock, base: sandbox.url });
    assert.equal(
      (await api.search("sandbox", { limit: 1 }, new AbortController().signal)).count,
      1,
    );
    await assert.rejects(login.finish(pin ?? ""), UserError, "a PIN is good once");
  } finally {
    await sandbox.close();
  }
});

Deno.test("a consumer pair that is refused, and a host that is away, are told apart", async () => {
  const sandbox = startSandbox();
  const wrong = { consumer_key: sandbox.keys.consumer_key, consumer_secret: "wrong" };
  await assert.rejects(beginLogin(wrong, sandbox.url), /refused the consumer key and secret/);
  await sandbox.close();
  await assert.rejects(beginLogin(sandbox.keys, sandbox.url), OutsideError);
});

Deno.test("a host that begins an answer and breaks off, or never comes to its end, is one that does not answer", async () => {
  const bodies = [
    () => new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) }),
    () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) }),
  ];
  for (const body of bodies) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response(null) },
      () => new Response(body()),
    );
    const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const keys = { consumer_key: "a", consumer_secret: "b" };
    await assert.rejects(beginLogin(keys, url), { name: "OutsideError" });
  }
});
