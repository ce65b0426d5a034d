import assert from "node:assert/strict";
import { SignJWT } from "jose";
import {
  ControlClient,
  type Controlled,
  type ControlServer,
  serveControl,
} from "../lib/control.ts";
import { OutsideError, UserError } from "../lib/errors.ts";
import { systemClock } from "../lib/clock.ts";

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
  secret: string | undefined = SECRET,
  collectionId = "c",
): ControlClient {
  return new ControlClient(url, {
    collectionId,
    secret: () => Promise.resolve(secret),
    clock: systemClock,
  });
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

Deno.test("a client with another secret, or for another collection, is told what has to be the same", () =>
  served(async (server) => {
    for (const control of [client(server, "wrong"), client(server, SECRET, "other")]) {
      await assert.rejects(control.stop(), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.hint ?? "", /TWARC_CLOUD_SECRET/);
        return true;
      });
    }
  }));

Deno.test("without a secret nobody may stop it", () =>
  served(async (server, controlled) => {
    assert.equal(await status(server, "/stop"), 403);
    assert.deepEqual(controlled.calls, []);
  }, ""));

Deno.test("unknown paths and methods are refused", () =>
  served(async (server) => {
    assert.equal(await status(server, "/nothing"), 404);
    assert.equal(await status(server, "/constructor"), 404);
    assert.equal(await status(server, "/stop", { method: "DELETE" }), 405);
  }));

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
