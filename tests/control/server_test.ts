import assert from "node:assert/strict";
import { serveControl } from "../../lib/control/server.ts";
import { ManualClock, sleeping } from "../fakes/manual_clock.ts";

const CONTROLLED = {
  info: () => ({ collection_id: "c", harvest_timestamp: "t", tweets: 0, files: 0, file_bytes: 0 }),
  stop() {},
  isStopped: () => false,
  shutdown() {},
};

/** No time passes but what a test lets pass. */
async function served(
  use: (port: number, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const secret = () => Promise.resolve("secret");
  const clock = new ManualClock();
  const options = { collectionId: "c", secret, clock };
  const server = serveControl(CONTROLLED, { ...options, hostname: "127.0.0.1", port: 0 });
  try {
    await use(Number(server.url.port), clock);
  } finally {
    await server.close();
  }
}

/** What comes back for some bytes, to the end of the connection. */
async function answerTo(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  return await restOf(connection);
}

async function restOf(connection: Deno.TcpConn): Promise<string> {
  return await new Response(connection.readable).text();
}

Deno.test("who asks by an address of whatever kind, by localhost or this machine's name is answered", () =>
  served(async (port) => {
    const hosts = [
      "127.0.0.1",
      `127.0.0.1:${port}`,
      "203.0.113.7",
      "[::1]",
      `[2001:db8::7]:${port}`,
      "localhost",
      `LOCALHOST:${port}`,
      "localhost.",
      Deno.hostname(),
      `${Deno.hostname().toUpperCase()}:${port}`,
    ];
    for (const host of hosts) {
      const answer = await answerTo(port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 /, host);
    }
  }));

Deno.test("so is who says no name: that is no browser", () =>
  served(async (port) => {
    assert.match(await answerTo(port, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
  }));

Deno.test("a page that has its own name lead here (DNS rebinding) reads nothing", () =>
  served(async (port) => {
    const hosts = [
      "rebound.example",
      `rebound.example:${port}`,
      "127.0.0.1.rebound.example",
      "localhost.rebound.example",
      "rebound.example@127.0.0.1",
      "127.0.0.1/rebound.example",
      "1.2.3",
      "[::1].rebound.example",
    ];
    for (const host of hosts) {
      const answer = await answerTo(port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 4(21|00) /, host);
      assert.doesNotMatch(answer, /collection_id/, host);
    }
    const answer = await answerTo(port, "GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
    assert.match(
      answer,
      /\{"error":"Unknown host name: use an IP address, or localhost"\}/,
    );
  }));

Deno.test("what no route reads is no request, and is answered in one line", () =>
  served(async (port) => {
    for (const line of ["TRACE / HTTP/1.1", "GET http://[ HTTP/1.1"]) {
      assert.match(
        await answerTo(port, `${line}\r\nHost: 127.0.0.1\r\n\r\n`),
        /^HTTP\/1\.1 4\d\d /,
      );
    }
  }));

Deno.test("few connections are open at a time, however many come, and whoever asks is answered", () =>
  served(async (port) => {
    const idle: Deno.TcpConn[] = [];
    let closed = 0;
    const watch = async (connection: Deno.TcpConn) => {
      await connection.read(new Uint8Array(1)).catch(() => null);
      closed++;
    };
    for (let i = 0; i < 200; i++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      idle.push(connection);
      void watch(connection);
    }
    assert.match(await answerTo(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), / 200 /);
    assert.ok(idle.length - closed <= 32, `${idle.length - closed} are open`);
    for (const connection of idle) connection.close();
  }));

Deno.test("a connection has five seconds for its request, however it spends them", () =>
  served(async (port, clock) => {
    let over = 0;
    const silent = answerTo(port, "").finally(() => over++);
    const slow = await Deno.connect({ hostname: "127.0.0.1", port });
    const drip = () => slow.write(new TextEncoder().encode("X: 1\r\n")).catch(() => {});
    await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
    const endOf = restOf(slow).catch(() => "").finally(() => over++);
    await sleeping(clock, 2);
    for (let passed = 0; passed < 4_900; passed += 100) {
      await drip();
      await clock.advance(100);
    }
    assert.equal(over, 0);
    await drip();
    await clock.advance(100);
    assert.equal(await silent, "");
    assert.doesNotMatch(await endOf, / 200 /);
  }));
