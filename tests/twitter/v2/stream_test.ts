import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { UserError } from "../../../lib/base/errors.ts";
import type { StreamItem } from "../../../lib/twitter/api.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { V2Api } from "../../../lib/twitter/v2/api.ts";
import { Room } from "../../../lib/base/memory.ts";
import { readLine } from "../../../lib/twitter/v2/stream.ts";
import { Waits } from "../../../lib/base/waits.ts";
import { twitterData } from "../../twitter_data.ts";
import { ids, isOpen, opened, reading, WANTED } from "./opened_stream.ts";

const encoder = new TextEncoder();

const decoder = new TextDecoder();

const PROVENANCE = { url: "u", version: "v", retrieved_at: "t" };

const OWN = { mark: "twarc-cloud/live", ids: new Set(["1377649934414049282"]) };

function kindOf(line: string): string {
  const read = readLine(encoder.encode(line), OWN, { provenance: () => PROVENANCE });
  if ("skipped" in read) return "skipped";
  if ("tweet" in read) return `tweet ${read.tweet.id}`;
  return read.ends === undefined ? read.message.kind : `ends: ${read.ends}`;
}

Deno.test("v2 stream: our own connection that the API still counts is ended, nobody else's", () =>
  opened(async ({ sandbox, api, post }) => {
    const stale = sandbox.filtered.addConnection();
    let known: string | undefined;
    await reading(api, { ...WANTED, connection: stale.id }, (items) => {
      known = items.at(-1)?.connection;
      if (known === undefined || known === stale.id) post();
      return known !== undefined && known !== stale.id;
    });
    const asked = sandbox.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
    const from = asked.indexOf("GET /2/tweets/search/stream 429");
    assert.deepEqual(asked.slice(from, from + 4), [
      "GET /2/tweets/search/stream 429",
      "GET /2/connections 200",
      "DELETE /2/connections 200",
      "GET /2/tweets/search/stream 200",
    ]);
  }));

Deno.test("v2 stream: a connection that is not known as ours is waited for, as long as a dead one counts, and never ended", () =>
  opened(async ({ sandbox, api, clock }) => {
    const began = clock.monotonic();
    sandbox.filtered.addConnection();
    await assert.rejects(
      reading(api, WANTED, isOpen),
      (error) =>
        error instanceof UserError &&
        /counted the streams .* for half an hour, since \d{4}-.* from 127/.test(error.message),
    );
    const asked = sandbox.requests.filter(({ path }) => path === "/2/tweets/search/stream");
    assert.ok(asked.length > 5);
    assert.ok(clock.monotonic() - began >= 1_800_000);
    assert.ok(!sandbox.requests.some(({ method }) => method === "DELETE"));
    assert.equal(sandbox.filtered.rules.all.length, 0);
  }));

for (const minutes of [16, 29]) {
  Deno.test(`v2 stream: a dead connection that counts for ${minutes} minutes, and that nobody can list, is waited out`, () =>
    opened(async ({ sandbox, api, clock, post }) => {
      const began = clock.monotonic();
      sandbox.filtered.addConnection().leftAt = clock.now();
      sandbox.troubles.add({ kind: "403", path: "/2/connections", times: 100 });
      const items = await reading(api, WANTED, (items) => {
        if (ids(items).length === 0) post();
        return ids(items).length > 0;
      });
      assert.equal(ids(items).length, 1);
      const waited = clock.monotonic() - began;
      assert.ok(
        waited <= (minutes + 3) * 60_000,
        `It is noticed soon that it has ended: ${waited} ms`,
      );
    }, { lingerMs: minutes * 60_000 }));
}

Deno.test("v2 stream: the connection that was cut lingers, is known as ours, and is ended", () =>
  opened(async ({ sandbox, api, post }) => {
    sandbox.troubles.add({ kind: "cut", path: "/2/tweets/search/stream", after: 3 });
    const posted: string[] = [];
    const items = await reading(api, WANTED, (items) => {
      if (ids(items).length < 8) posted.push(...post());
      return ids(items).length === 8;
    });
    assert.deepEqual(ids(items), posted);
    assert.equal(items.filter(({ gap }) => gap).length, 1);
    assert.equal(sandbox.requests.filter(({ method }) => method === "DELETE").length, 1);
  }, { lingerMs: 600_000, replay: 0 }));

Deno.test("v2 stream: the minutes before a connection are asked for where the account has them", () =>
  opened(async ({ api, post }) => {
    const posted = post(3);
    const wanted = { ...WANTED, backfillMinutes: 2 };
    const items = await reading(api, wanted, (items) => ids(items).length === 3);
    assert.deepEqual(ids(items), posted);
  }));

Deno.test("v2 stream: a disconnect message ends the connection in each of its shapes, and it is opened again", () =>
  opened(async ({ sandbox, api, post }) => {
    const type = "https://api.twitter.com/2/problems/operational-disconnect";
    const shapes = [
      {
        errors: [{
          title: "operational-disconnect",
          disconnect_type: "OperationalDisconnect",
          type,
        }],
      },
      { errors: [{ title: "x", type: type.replace("twitter", "x"), detail: "upstream" }] },
      { title: "operational-disconnect", disconnect_type: "OperationalDisconnect", type },
    ];
    let connections = 0;
    const items = await reading(api, WANTED, (items) => {
      const last = items.at(-1);
      if (last?.tweets.length === 0 && last.messages.length === 0) {
        const shape = shapes[connections++];
        if (shape) sandbox.filtered.say(shape);
        else post();
      }
      return ids(items).length === 1;
    });
    const kinds = items.flatMap(({ messages }) => messages.map(({ kind }) => kind));
    assert.deepEqual(kinds, Array(3).fill("operational-disconnect"));
    assert.equal(items.filter(({ gap }) => gap).length, 3);
  }));

Deno.test("v2 stream: one that sends keep-alives only for long is opened again, and that is recorded; one that brings posts is not", () =>
  opened(async ({ sandbox, clock, apiOf, post }) => {
    const api = apiOf({ quietMs: 6 * 60_000 });
    const stop = new AbortController();
    const opening = () =>
      sandbox.requests.filter(({ path }) => path === "/2/tweets/search/stream").length;
    const items: StreamItem[] = [];
    let minutes = 0;
    const posting = async () => {
      for (; minutes < 7; minutes++) {
        await clock.sleep(60_000);
        post();
      }
    };
    const posted = posting();
    let opened = 0;
    for await (const item of api.stream(WANTED, stop.signal)) {
      if (minutes === 7) opened ||= opening();
      items.push(item);
      if (opened > 0 && item.gap) stop.abort();
    }
    await posted;
    assert.equal(opened, 1);
    assert.equal(opening(), 2);
    const [said] = items.flatMap(({ messages }) => messages);
    assert.equal(said?.kind, "keep_alives_only");
    const { keep_alives_only: { since, until } } = JSON.parse(decoder.decode(said?.line));
    const quiet = Date.parse(until) - Date.parse(since);
    assert.ok(quiet >= 6 * 60_000 && quiet < 6.5 * 60_000, `${quiet}`);
    const [gap] = items.flatMap(({ gap }) => gap ?? []);
    assert.match(gap?.why ?? "", /only keep-alives since/);
  }));

Deno.test("v2 stream: a used up cap ends it cleanly and says when to come back", () =>
  opened(async ({ sandbox, api }) => {
    sandbox.troubles.add({ kind: "cap", path: "connect" });
    await assert.rejects(
      reading(api, WANTED, isOpen),
      (error) => error instanceof UserError && /month/.test(error.hint ?? ""),
    );
  }));

Deno.test("v2 stream: lines are told apart, whatever the form of a rule's id", () => {
  const post = (rule: string) => `{"data":{"id":"9007199254740993"},"matching_rules":[${rule}]}`;
  assert.equal(kindOf(post('{"id":1377649934414049282,"tag":null}')), "tweet 9007199254740993");
  assert.equal(kindOf(post('{"id":"1377649934414049282"}')), "tweet 9007199254740993");
  assert.equal(kindOf(post('{"id":"5","tag":"twarc-cloud/live a"}')), "tweet 9007199254740993");
  assert.equal(kindOf(post('{"id":"5","tag":"twarc-cloud/live2"}')), "skipped");
  assert.equal(kindOf('{"data":{"id":"1"}}'), "tweet 1");
  assert.equal(kindOf('{"errors":[{"title":"brand new","detail":"x"}]}'), "brand new");
  for (const damaged of ["<html>", '{"data":{"id":"1"', "[1]", '{"data":{"text":"no id"}}']) {
    assert.throws(() => kindOf(damaged), SyntaxError, damaged);
  }
});

Deno.test("v2 stream: the lines of posts that come together are parts of one piece of memory", () => {
  const room = new Room(1_000);
  const lines = ["1", "2"].map((id) => {
    const read = readLine(encoder.encode(`{"data":{"id":"${id}"}}`), OWN, {
      provenance: () => PROVENANCE,
      room,
    });
    return "tweet" in read ? read.tweet.line : assert.fail(id);
  });
  assert.equal(lines[0]?.buffer, lines[1]?.buffer);
  assert.deepEqual(lines.map((line) => JSON.parse(decoder.decode(line))), [
    { data: { id: "1" }, __twarc: PROVENANCE },
    { data: { id: "2" }, __twarc: PROVENANCE },
  ]);
});

Deno.test("v2 stream: recorded lines are read, and recorded as they were sent with where they came from", async () => {
  const recorded = await twitterData("v2", "stream", "filtered-stream.jsonl");
  const lines = recorded?.split("\n").filter(Boolean) ?? [];
  // The program that recorded them added a __twarc of its own.
  for (const line of lines.map((line) => line.replace(/, "__twarc": .*$/, "}"))) {
    const read = readLine(encoder.encode(line), OWN, { provenance: () => PROVENANCE });
    assert.ok("tweet" in read || "message" in read);
    if (!("tweet" in read)) continue;
    const { __twarc, ...sent } = JSON.parse(decoder.decode(read.tweet.line));
    assert.deepEqual([sent, __twarc], [JSON.parse(line), PROVENANCE]);
    assert.ok(decoder.decode(read.tweet.line).startsWith(line.slice(0, -1)));
  }
  for (
    const name of [
      "200-stream-operational-disconnect.json",
      "200-stream-upstream-operational-disconnect.json",
      "200-bare-operational-disconnect.json",
    ]
  ) {
    const envelope = await twitterData("v2", "errors", name);
    if (envelope) assert.match(kindOf(JSON.parse(envelope).body), /^ends: This stream has been/);
  }
});

for (
  const [title, answer] of [
    ["has no ids", () => Response.json({ data: [{ endpoint_name: "filtered_stream" }] })],
    ["fails", () => new Response("", { status: 503 })],
    ["is not to be had", () => Response.json({ title: "Not Found" }, { status: 404 })],
  ] satisfies [string, () => Response][]
) {
  Deno.test(`v2 stream: a list of connections that ${title} is no wait of a stream that receives`, async () => {
    const rule = { id: "1", value: "sandbox", tag: "twarc-cloud/live" };
    const asked = Promise.withResolvers<void>();
    let lists = 0;
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/2/connections") {
        if (++lists === 1) asked.resolve();
        return answer();
      }
      if (pathname.endsWith("/rules")) return Response.json({ data: [rule] });
      const post = '{"data":{"id":"1","text":"x"},"matching_rules":[{"id":"1"}]}\r\n';
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => asked.promise.then(() => controller.enqueue(encoder.encode(post))),
      });
      return new Response(body);
    });
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const signer = new Signer({ bearer_token: "x" }, base);
    const waited: string[] = [];
    const waits = new Waits((wait) => waited.push(wait.for));
    const transport = new Transport({ signer, clock: systemClock, waits });
    const stop = new AbortController();
    try {
      const api = new V2Api({ transport, clock: systemClock });
      for await (const { tweets } of api.stream(WANTED, stop.signal)) {
        if (tweets.length > 0 && lists > 0) stop.abort();
      }
      assert.deepEqual(waited, []);
      assert.ok(lists > 0);
    } finally {
      await server.shutdown();
    }
  });
}
