import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { controlAnswers, ControlClient, type Controlled } from "../../lib/control/control.ts";
import { type ControlServer, serveControl } from "../../lib/control/server.ts";
import { OutsideError, UserError } from "../../lib/base/errors.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { ManualClock, sleeping } from "../fakes/manual_clock.ts";

const INFO = { collection_id: "c", harvest_timestamp: "t", tweets: 3, files: 1, file_bytes: 10 };
const SECRET = "the control secret";

/** What was asked of a harvester. */
class Recorded implements Controlled {
  readonly calls: string[] = [];
  info() {
    return INFO;
  }
  stop() {
    this.calls.push("stop");
  }
  isStopped() {
    return this.calls.includes("stop");
  }
  shutdown() {
    this.calls.push("shutdown");
  }
}

async function served(
  use: (server: ControlServer, controlled: Recorded) => Promise<void>,
  secret: string | undefined = SECRET,
): Promise<void> {
  const controlled = new Recorded();
  const options = { collectionId: "c", secret: () => Promise.resolve(secret), clock: systemClock };
  const server = serveControl(controlled, { ...options, hostname: "127.0.0.1", port: 0 });
  try {
    await use(server, controlled);
  } finally {
    await server.close();
  }
}

function client(
  { url }: ControlServer,
  { secret = SECRET, collectionId = "c", clock = systemClock }: {
    secret?: string;
    collectionId?: string;
    clock?: Clock;
  } = {},
): ControlClient {
  return new ControlClient(url, { collectionId, secret: () => Promise.resolve(secret), clock });
}

async function status(
  server: ControlServer,
  path: string,
  init: RequestInit = {},
): Promise<number> {
  const response = await fetch(new URL(path, server.url), init);
  const text = await response.text();
  assert.doesNotMatch(text, new RegExp(SECRET));
  assert.equal(response.headers.get("cache-control"), "no-store");
  return response.status;
}

function token(
  claims: { audience?: string; subject?: string; seconds?: number; key?: string; id?: string } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const {
    audience = "c",
    subject = "/stop",
    seconds = 30,
    key = SECRET,
    id = crypto.randomUUID(),
  } = claims;
  return new SignJWT().setProtectedHeader({ alg: "HS256" }).setAudience(audience).setSubject(
    subject,
  ).setJti(id)
    .setIssuedAt(now).setExpirationTime(now + seconds).sign(new TextEncoder().encode(key));
}

Deno.test("a harvest is looked at, stopped and ended over the wire", () =>
  served(async (server, controlled) => {
    const control = client(server);
    assert.equal((await control.info()).tweets, 3);
    assert.equal(await control.isStopped(), false);
    await control.stop();
    assert.equal(await control.isStopped(), true);
    await control.shutdown();
    assert.deepEqual(controlled.calls, ["stop", "shutdown"]);
  }));

Deno.test("what it says of itself is for everybody; the rest wants a token", () =>
  served(async (server, controlled) => {
    assert.equal(await status(server, "/"), 200);
    for (const path of ["/stop", "/is_stopped", "/shutdown"]) {
      assert.equal(await status(server, path), 401);
    }
    assert.deepEqual(controlled.calls, []);
  }));

Deno.test("a token is good for its route, its collection, half a minute and one use, with the right secret", () =>
  served(async (server, controlled) => {
    const stop = async (made: Promise<string>) =>
      await status(server, "/stop", { headers: { authorization: `Bearer ${await made}` } });
    assert.equal(await stop(token({ key: "another secret" })), 401);
    assert.equal(await stop(token({ subject: "/shutdown" })), 401);
    assert.equal(await stop(token({ audience: "another" })), 401);
    assert.equal(await stop(token({ seconds: -5 })), 401);
    assert.equal(await stop(Promise.resolve("eyJhbGciOiJub25lIn0.e30.")), 401);
    assert.deepEqual(controlled.calls, []);
    const once = token({ id: "once" });
    assert.equal(await stop(once), 200);
    assert.equal(await stop(once), 401);
    assert.deepEqual(controlled.calls, ["stop"]);
  }));

/** Sends one token, made now, to the plain function; what it answers after `ms` of the server's time. */
async function statusAfter(ms: number): Promise<number> {
  const clock = new ManualClock(Date.now());
  const options = { collectionId: "c", secret: () => Promise.resolve(SECRET), clock };
  const headers = { authorization: `Bearer ${await token()}` };
  clock.jump(ms);
  const answer = controlAnswers(new Recorded(), options);
  return (await answer(new Request("http://h/stop", { headers }))).status;
}

Deno.test("a token ends half a minute after it was made, to what two clocks may differ", async () => {
  assert.equal(await statusAfter(29_000), 200);
  assert.equal(await statusAfter(36_000), 401);
  assert.equal(await statusAfter(-4_000), 200);
  assert.equal(await statusAfter(-7_000), 401);
});

Deno.test("a token that was used is refused for as long as it would be good", async () => {
  const clock = new ManualClock(Date.now());
  const options = { collectionId: "c", secret: () => Promise.resolve(SECRET), clock };
  const controlled = new Recorded();
  const answer = controlAnswers(controlled, options);
  const headers = { authorization: `Bearer ${await token()}` };
  for (let seconds = 0; seconds <= 60; seconds += 2) {
    const { status } = await answer(new Request("http://h/stop", { headers }));
    assert.equal(status, seconds === 0 ? 200 : 401);
    clock.jump(2_000);
  }
  assert.deepEqual(controlled.calls, ["stop"]);
});

Deno.test("a token that lives longer than it should is refused", () =>
  served(async (server) => {
    const clock = new ManualClock(Date.now() + 40_000);
    const options = { collectionId: "c", secret: () => Promise.resolve(SECRET), clock };
    const headers = { authorization: `Bearer ${await token({ seconds: 3_600 })}` };
    const answer = controlAnswers(new Recorded(), options);
    assert.equal((await answer(new Request("http://h/stop", { headers }))).status, 401);
    assert.equal(await status(server, "/stop", { headers }), 200);
  }));

Deno.test("a client with another secret, or for another collection, is told what has to be the same", () =>
  served(async (server) => {
    for (
      const control of [
        client(server, { secret: "wrong" }),
        client(server, { collectionId: "other" }),
      ]
    ) {
      await assert.rejects(control.stop(), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /rejected this TWARC_CLOUD_SECRET/);
        assert.match(error.hint ?? "", /TWARC_CLOUD_SECRET/);
        return true;
      });
    }
  }));

Deno.test("without a secret nobody may stop it, and each side says that it has none", () =>
  served(async (server, controlled) => {
    assert.equal(await status(server, "/stop"), 403);
    assert.equal((await client(server).info()).tweets, 3);
    const says = { name: "UserError", message: /was started without TWARC_CLOUD_SECRET/ };
    await assert.rejects(client(server).stop(), says);
    await assert.rejects(client(server, { secret: "" }).stop(), {
      name: "UserError",
      message: "TWARC_CLOUD_SECRET is not set",
    });
    assert.deepEqual(controlled.calls, []);
  }, ""));

Deno.test("unknown paths and methods are refused, in one line that gives nothing away", () =>
  served(async (server) => {
    assert.equal(await status(server, "/nothing"), 404);
    assert.equal(await status(server, "/constructor"), 404);
    for (const [path, method, allow] of [["/", "POST", "GET"], ["/stop", "PUT", "GET, POST"]]) {
      const response = await fetch(new URL(path ?? "", server.url), { method: method ?? "" });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get("allow"), allow);
      assert.deepEqual(await response.json(), { error: `Use ${allow}` });
    }
    const response = await fetch(new URL("/shutdown", server.url));
    assert.deepEqual(await response.json(), { error: "A valid token is needed" });
  }));

Deno.test("an order is taken as GET and as POST", () =>
  served(async (server, controlled) => {
    for (const method of ["GET", "POST"]) {
      const headers = { authorization: `Bearer ${await token()}` };
      assert.equal(await status(server, "/stop", { method, headers }), 200);
    }
    assert.deepEqual(controlled.calls, ["stop", "stop"]);
  }));

Deno.test("a harvester that fails to answer says so in one line, and lives on", () =>
  served(async (server, controlled) => {
    controlled.info = () => {
      throw new Error("internals");
    };
    const response = await fetch(server.url);
    assert.equal(response.status, 500);
    assert.deepEqual(await response.json(), { error: "Internal error" });
    assert.equal(await client(server).isStopped(), false);
  }));

/** Runs with something else listening where a harvester was. */
async function withStranger(
  answer: (request: Request) => Response | Promise<Response>,
  use: (control: ControlClient, url: URL) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  await use(client({ url, close: () => Promise.resolve() }, { clock }), url);
}

Deno.test("the secret does not travel, and each request has a token of its own", async () => {
  const sent: string[] = [];
  await withStranger((request) => {
    sent.push(JSON.stringify([...request.headers, request.url]));
    return new Response("true");
  }, async (control) => {
    await control.stop();
    await control.stop();
  });
  assert.equal(new Set(sent).size, 2);
  for (const text of sent) {
    assert.match(text, /Bearer ey/);
    assert.ok(!text.includes(SECRET) && !text.includes(btoa(SECRET).replace(/=+$/, "")));
  }
});

Deno.test("something else that answers where a harvester was is told apart from it", async () => {
  const answers = [
    () => new Response("<html>It works!</html>"),
    () => new Response("Not found", { status: 404 }),
    () => Response.json({ ...INFO, collection_id: "another" }),
    () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
  ];
  for (const answer of answers) {
    await withStranger(answer, async (control, url) => {
      const message = `The server at ${url} is not the harvester of c`;
      await assert.rejects(control.info(), { name: "OutsideError", message });
      await assert.rejects(control.isStopped(), { name: "OutsideError", message });
    });
  }
});

Deno.test("a harvester that is silent is given up after five seconds, or as soon as one likes", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const clock = new ManualClock();
  await withStranger(() => promise, async (control) => {
    const ending = new AbortController();
    const asked = assert.rejects(control.info(ending.signal), { message: "enough" });
    ending.abort(new Error("enough"));
    await asked;
    let isGivenUp = false;
    const silent = assert.rejects(control.isStopped(), {
      name: "OutsideError",
      message: /^The harvester at http:.* does not answer/,
    }).finally(() => isGivenUp = true);
    await sleeping(clock, 1);
    await clock.advance(4_999);
    assert.equal(isGivenUp, false);
    await clock.advance(1);
    await silent;
    resolve(new Response());
  }, clock);
});

Deno.test("a port in use, and a harvester that is gone, are told", () =>
  served(async (server) => {
    const { port } = server.url;
    const options = {
      collectionId: "c",
      secret: () => Promise.resolve(SECRET),
      clock: systemClock,
    };
    assert.throws(
      () => serveControl(new Recorded(), { ...options, hostname: "127.0.0.1", port: Number(port) }),
      (error) => error instanceof UserError && /--port 0/.test(error.hint ?? ""),
    );
    await server.close();
    await assert.rejects(client(server).info(), OutsideError);
  }));
