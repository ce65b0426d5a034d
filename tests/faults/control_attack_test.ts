import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { shipped } from "../shipped.ts";
import { ControlClient, type Controlled } from "../../lib/control/control.ts";
import { serveControl } from "../../lib/control/server.ts";

/**
 * A control server as a harvester has it, with a client that knows the secret. No time passes but what a test lets pass: who
 * is answered has not waited for another one's time to be up.
 */
function served() {
  let stops = 0;
  const controlled: Controlled = {
    info: () => ({
      collection_id: "c",
      harvest_timestamp: "2026-01-02T03:04:05Z",
      tweets: 1,
      files: 0,
      file_bytes: 0,
    }),
    stop: () => void stops++,
    isStopped: () => false,
    shutdown() {},
  };
  const secret = () => Promise.resolve("secret");
  const clock = new ManualClock();
  const options = { collectionId: "c", secret, clock };
  const server = serveControl(controlled, { ...options, hostname: "127.0.0.1", port: 0 });
  const client = new ControlClient(server.url, options);
  return { server, client, clock, stops: () => stops, port: Number(server.url.port) };
}

async function connections(port: number, count: number, say: string): Promise<Deno.TcpConn[]> {
  const all = await Promise.all(
    Array.from({ length: count }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  await Promise.all(all.map((one) => one.write(new TextEncoder().encode(say))));
  return all;
}

for (
  const [what, count, say] of [
    ["1,000 connections that say nothing", 1_000, ""],
    [
      "300 that begin a request and never end it (slow loris)",
      300,
      "GET / HTTP/1.1\r\nHost: a\r\nX-",
    ],
    [
      "100 that promise a body and do not send it",
      100,
      "POST /stop HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
    ],
  ] as const
) {
  Deno.test(`${what} keep nobody else waiting, and do not keep the harvester from ending`, async () => {
    const { server, client, clock, stops, port } = served();
    const all = await connections(port, count, say);
    try {
      await client.info();
      await client.stop();
      assert.equal(stops(), 1);
    } finally {
      const closed = server.close();
      await clock.advance(1_000);
      await closed;
      for (const one of all) one.close();
    }
  });
}

Deno.test("headers without end, and bytes that are no request, are refused, and the server lives", async () => {
  const { server, client, port } = served();
  try {
    for (
      const say of [
        `GET / HTTP/1.1\r\nX-Long: ${"x".repeat(2_000_000)}\r\n\r\n`,
        `GET /${"x".repeat(2_000_000)} HTTP/1.1\r\n\r\n`,
        "\u0016\u0003\u0001 this is no HTTP \u0000\u0000\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
      ]
    ) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(say)).catch(() => {});
      const buffer = new Uint8Array(64);
      const n = await connection.read(buffer).catch(() => null);
      const told = new TextDecoder().decode(buffer.subarray(0, n ?? 0));
      assert.ok(!told.startsWith("HTTP/1.1 200"), told);
      connection.close();
    }
    assert.equal((await client.info()).collection_id, "c");
  } finally {
    await server.close();
  }
});

Deno.test("3,000 guesses at a token stop nothing, and leave nothing behind", async () => {
  const { server, client, stops } = served();
  try {
    // As many at a time as have room: of more, the slowest ones get no answer on a busy machine.
    for (let i = 0; i < 3_000; i += 20) {
      await Promise.all(Array.from({ length: 20 }, async (_, j) => {
        const headers = { authorization: `Bearer eyJhbGciOiJub25lIn0.e30.${i + j}` };
        const response = await fetch(new URL("/stop", server.url), { headers });
        assert.equal(response.status, 401);
        await response.body?.cancel();
      }));
    }
    assert.equal(stops(), 0);
    await client.info();
  } finally {
    await server.close();
  }
});

Deno.test("a harvest under attack does not notice: every tweet comes once, and it ends by itself", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 300 });
  const store = await added({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } });
  const api = new WorldApi(world);
  const attacked = Promise.withResolvers<void>();
  const all: Deno.TcpConn[] = [];
  let calls = 0;
  api.before = async () => {
    if (++calls !== 3) return await new Promise((resolve) => setTimeout(resolve, 2));
    const url = new URL((await json(store, "collections/c/lock.json")).control);
    all.push(...await connections(Number(url.port), 500, "GET / HTTP/1.1\r\nHost: a\r\nX-"));
    void attack(url).then(attacked.resolve, attacked.reject);
  };
  try {
    await run(store, api);
    assert.deepEqual(new Set(await tweets(store)).size, 300);
    assert.equal((await tweets(store)).length, 300);
    assert.equal(store.keys().includes("collections/c/lock.json"), false);
  } finally {
    await attacked.promise;
    for (const one of all) one.close();
  }
});

/** Orders without a right to them, until nobody answers any more. */
async function attack(url: URL): Promise<void> {
  for (
    const path of Array(500).fill(["/stop", "/shutdown", "/is_stopped", "/../etc", "/%00"]).flat()
  ) {
    const headers = { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." };
    const response = await fetch(new URL(path, url), { method: "POST", headers }).catch(() => null);
    if (!response) return;
    assert.ok([401, 404].includes(response.status), `${path} ${response.status}`);
    await response.body?.cancel();
  }
}

Deno.test("where the process has no descriptor left, for whatever reason, nobody is answered until it has", async () => {
  const script = fileURLToPath(new URL("control_alone.ts", import.meta.url));
  const process = new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 200; exec "$@"', "sh", ...shipped(script)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const said = async () => (await reader.read()).value?.trim();
  const orders = process.stdin.getWriter();
  const url = `http://127.0.0.1:${await said()}/`;
  const order = async (text: string) => {
    await orders.write(new TextEncoder().encode(text));
    assert.equal(await said(), "done");
  };
  await order("take");
  const asked = Promise.all(Array.from({ length: 50 }, async () => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  }));
  // Long enough for it to have tried, and failed.
  await new Promise((resolve) => setTimeout(resolve, 600));
  await order("give");
  assert.deepEqual(new Set(await asked), new Set([200]));
  await orders.close();
  await reader.cancel();
  assert.equal((await process.status).code, 0);
});
