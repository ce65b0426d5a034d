import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { ApiError, UserError } from "../../lib/base/errors.ts";
import type { LoggedRequest, Sandbox, SandboxOptions } from "../../lib/sandbox/server.ts";
import type { StreamItem, StreamWanted } from "../../lib/twitter/api.ts";
import { idTime } from "../../lib/twitter/bytes/ids.ts";
import { Signer } from "../../lib/twitter/http/signer.ts";
import { Transport } from "../../lib/twitter/http/transport.ts";
import { V1Api } from "../../lib/twitter/v1/api.ts";
import { liveStream, type StreamLine } from "../../lib/twitter/stream.ts";
import { readStreamLine } from "../../lib/twitter/v1/messages.ts";
import { Waits } from "../../lib/base/waits.ts";
import { IdleClock } from "../fakes/idle_clock.ts";
import { type IdleSandbox, inIdleSandbox } from "../fakes/idle_sandbox.ts";
import { twitterData } from "../twitter_data.ts";

const WANTED: StreamWanted = { owner: "live", filter: { track: "sandbox" } };

/** A sandbox, and version 1.1 of its API. */
async function opened(
  use: (place: IdleSandbox & { api: V1Api }) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  await inIdleSandbox(async (place) => {
    const { sandbox, clock } = place;
    const signer = new Signer(sandbox.keys, sandbox.url);
    const api = new V1Api({ transport: new Transport({ signer, clock }), clock });
    await use({ ...place, api });
  }, options);
}

/** Reads a stream with `enough`, which says when it has seen enough, while a tweet is published every second. */
async function reading(
  prepare: (sandbox: Sandbox) => void,
  enough: (items: StreamItem[]) => boolean,
  { everyMs = 1_000 } = {},
): Promise<{ items: StreamItem[]; requests: LoggedRequest[] }> {
  const items: StreamItem[] = [];
  let requests: LoggedRequest[] = [];
  await opened(async ({ sandbox, clock, post, api }) => {
    prepare(sandbox);
    requests = sandbox.requests;
    const stop = new AbortController();
    const posting = async () => {
      while (!stop.signal.aborted) {
        await clock.sleep(everyMs, stop.signal);
        if (sandbox.streams.size > 0 && !stop.signal.aborted) post();
      }
    };
    const posted = posting();
    for await (const item of api.stream(WANTED, stop.signal)) {
      items.push(item);
      if (enough(items)) stop.abort();
    }
    await posted;
  });
  return { items, requests };
}

function tweets(items: StreamItem[]): string[] {
  return items.flatMap((item) => item.tweets.map((tweet) => tweet.id));
}

for (const kind of ["cut", "truncate", "stall", "disconnect"] as const) {
  Deno.test(`after ${kind} the stream is opened again, the tweet that was cut comes whole, and the gap is told`, async () => {
    const { items, requests } = await reading(
      (sandbox) => sandbox.troubles.add({ kind, path: "statuses/filter", after: 3 }),
      (items) => tweets(items).length >= 8,
    );
    const ids = tweets(items);
    assert.equal(new Set(ids).size, ids.length);
    for (const item of items) {
      for (const { line, id } of item.tweets) {
        assert.equal(JSON.parse(new TextDecoder().decode(line)).id_str, id);
      }
    }
    const gaps = items.flatMap((item) => item.gap ?? []);
    assert.equal(gaps.length, 1);
    assert.ok(gaps[0] && gaps[0].from <= gaps[0].to);
    const lost = items.filter((item) => item.lost !== undefined);
    assert.equal(lost.length, 1);
    assert.ok(Math.abs(Number(lost[0]?.lost) - gaps[0].from) <= 1, "The gap is from then on");
    const reopened = items.findIndex((item) => item.gap);
    assert.ok(lost[0] && items.indexOf(lost[0]) < reopened, "It is told before it is open again");
    assert.equal(requests.length, 2);
  });
}

Deno.test("a stream that was lost is opened again only after somebody was asked, who may end it", () =>
  opened(async ({ sandbox, api }) => {
    const lost = new AbortController();
    const confirm = () => Promise.resolve(lost.abort());
    for await (const _ of api.stream(WANTED, lost.signal, confirm)) sandbox.streams.close();
    assert.equal(sandbox.requests.length, 1);
  }));

Deno.test("errors on opening are waited out: 503, 420", async () => {
  const { items, requests } = await reading(
    (sandbox) => {
      sandbox.troubles.add({ kind: "503", path: "connect", times: 2 });
      sandbox.troubles.add({ kind: "420", path: "connect", after: 2 });
    },
    (items) => tweets(items).length > 0,
  );
  assert.deepEqual(requests.map((request) => request.status), [503, 503, 420, 200]);
  assert.equal(items.flatMap((item) => item.gap ?? []).length, 1);
});

Deno.test("keep-alives keep a quiet stream open", async () => {
  // A tweet comes every ten minutes, and after 90 seconds of silence the stream would be opened again.
  const { requests } = await reading(
    () => {},
    (items) => tweets(items).length > 0,
    { everyMs: 600_000 },
  );
  assert.equal(requests.length, 1);
});

Deno.test("a refusal that trying again does not change ends the stream with what to do", () =>
  opened(async ({ sandbox, clock }) => {
    const open = async (keys: Sandbox["keys"], filter: { track?: string }) => {
      const transport = new Transport({ signer: new Signer(keys, sandbox.url), clock });
      const stream = new V1Api({ transport, clock }).stream(
        { owner: "live", filter },
        new AbortController().signal,
      );
      return await Array.fromAsync(stream);
    };
    await assert.rejects(
      open({ ...sandbox.keys, access_token_secret: "wrong" }, { track: "x" }),
      UserError,
    );
    await assert.rejects(
      open(sandbox.keys, {}),
      (error) => error instanceof ApiError && error.status === 406,
    );
  }));

Deno.test("after a stop what the stream still sends comes, and a gap where it goes on and on", () =>
  opened(async ({ clock, post, api }) => {
    for (const seconds of [2, 8]) {
      const stop = new AbortController();
      const items: StreamItem[] = [];
      const posted: string[] = [];
      const end = clock.monotonic() + seconds * 1_000;
      const posting = async () => {
        for (; clock.monotonic() < end; await clock.sleep(400)) posted.push(...post());
      };
      let sent: Promise<void> | undefined;
      for await (const item of api.stream(WANTED, stop.signal)) {
        items.push(item);
        sent ??= posting();
        stop.abort();
      }
      const lost = items.filter((item) => item.lost !== undefined);
      if (seconds === 2) {
        assert.deepEqual([tweets(items), lost], [posted, []]);
        continue;
      }
      const [{ isUnread, lost: since = 0 } = {}] = lost;
      assert.deepEqual([lost.length, isUnread], [1, true]);
      assert.deepEqual(tweets(items), posted.slice(0, tweets(items).length));
      assert.ok(tweets(items).length >= 10 && clock.now() - since <= 1_000);
      await sent;
    }
  }));

Deno.test("where a stream is read too late and left, the gap begins when the last tweet that came was made", () =>
  opened(async ({ clock, post, api }) => {
    const stop = new AbortController();
    const items: StreamItem[] = [];
    let posted: Promise<void> | undefined;
    const posting = async () => {
      for (let i = 0; i < 12; i++, await clock.sleep(5_000)) post();
    };
    for await (const item of api.stream(WANTED, stop.signal)) {
      items.push(item);
      posted ??= posting();
      if (item.tweets.length === 0) continue;
      // It stands still for a minute, and is slow with what it reads then.
      await clock.sleep(stop.signal.aborted ? 3_000 : 58_000);
      stop.abort();
    }
    await posted;
    const { lost = 0 } = items.at(-1) ?? {};
    const newest = idTime(tweets(items).at(-1) ?? "");
    assert.ok(Math.abs(lost - newest) <= 100, `${lost - newest}`);
    assert.ok(clock.now() - lost > 40_000);
  }));

Deno.test("lines are told apart: statuses, and messages by their kind", async () => {
  const kind = (text: string) => {
    const read = readStreamLine(new TextEncoder().encode(text));
    if ("skipped" in read) return "skipped";
    return "tweet" in read
      ? `tweet ${read.tweet.id}`
      : read.ends === undefined
      ? read.message.kind
      : `ends: ${read.ends}`;
  };
  assert.equal(
    kind('{"id":1377649934414049282,"id_str":"1377649934414049282","user":{}}'),
    "tweet 1377649934414049282",
  );
  assert.equal(kind('{"user":{"id":1},"id":9007199254740993}'), "tweet 9007199254740993");
  assert.equal(kind('{"delete":{"status":{"id":1,"user_id":2}}}'), "delete");
  assert.equal(
    kind('{"disconnect":{"code":"7","reason":"admin logout"}}'),
    "ends: admin logout (7)",
  );
  assert.equal(kind('{"brand_new":1}'), "brand_new");
  for (const damaged of ['{"id":1,', "[1]", '"text"', "<html>"]) {
    assert.throws(() => kind(damaged), SyntaxError);
  }
  const recorded = await twitterData("v1", "stream-messages.jsonl");
  for (const line of recorded?.split("\n").filter(Boolean) ?? []) {
    assert.doesNotMatch(kind(line), /^tweet/, line);
  }
});

/** A body that is read into the reader's own memory, as those of fetch are. */
function bytesOf(text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  });
}

/** What a stream of one block gives, and how much of each received line is left in memory then. */
async function leftOf(text: string, read: (line: Uint8Array) => StreamLine) {
  const received: Uint8Array[] = [];
  const stop = new AbortController();
  const items = liveStream({
    open: () => Promise.resolve(new Response(bytesOf(text))),
    read: (line) => {
      received.push(line);
      return read(line);
    },
    clock: systemClock,
    waits: new Waits(),
    stallMs: 90_000,
    signal: stop.signal,
  });
  for await (const { tweets } of items) {
    if (tweets.length === 0) continue;
    stop.abort();
    return { left: received.map(({ length }) => length), tweets };
  }
  throw new Error("no tweet came");
}

Deno.test("what was received is freed at once where tweets are lines of their own, and kept where they are parts of it", async () => {
  const lines = [1, 2, 3].map((id) => `{"id":${id},"text":"${"x".repeat(10_000)}"}`);
  const [text, lengths] = [lines.map((line) => `${line}\r\n`).join(""), lines.map((l) => l.length)];
  const own = await leftOf(text, (line) => ({ tweet: { id: "1", line: line.slice() } }));
  assert.deepEqual(own.left, [0, 0, 0]);
  assert.deepEqual(own.tweets.map(({ line }) => line.length), lengths);
  const asSent = await leftOf(text, (line) => ({ tweet: { id: "1", line } }));
  assert.deepEqual(asSent.left, lengths);
  const message = await leftOf(
    text,
    (line) =>
      line[6] === 0x32
        ? { message: { kind: "other", line } }
        : { tweet: { id: "1", line: line.slice() } },
  );
  assert.deepEqual(message.left, lengths, "a message is as it was received");
});

/** An answer of the stream's address: open for a moment, or a refusal. */
type Given = "open" | [status: number, body: string];

/** What a stream of 1.1 does where its address answers so, one after the other, the last for ever. */
async function given(answers: Given[], patienceMs = 3_600_000) {
  const clock = new IdleClock({ start: Date.now() });
  const ends: number[] = [];
  let asked = 0;
  const open = (): Promise<Response> => {
    clock.touch();
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? "open";
    ends.push(clock.monotonic());
    if (answer === "open") return Promise.resolve(new Response('{"id":1,"id_str":"1"}\r\n'));
    const [status, body] = answer;
    const error = new ApiError(`The API answered with ${status}: ${body}`, { status });
    return Promise.reject(status === 401 ? new UserError(error.message, { cause: error }) : error);
  };
  const stop = new AbortController();
  const options = { clock, waits: new Waits(), stallMs: 90_000, patienceMs, signal: stop.signal };
  let opened = 0;
  try {
    for await (const { lost, tweets } of liveStream({ ...options, open, read: readStreamLine })) {
      if (lost === undefined && tweets.length === 0 && ++opened === 3) stop.abort();
    }
  } finally {
    clock.close();
  }
  return { asked, lasted: Number(ends.at(-1)) - Number(ends[0]) };
}

for (
  const [name, refusal] of [
    ["keys that are not taken", [401, "Unauthorized"]],
    ["an account that may not", [403, "Forbidden"]],
    ["an address that is not there", [404, "<html>404 page not found</html>"]],
  ] satisfies [string, Given][]
) {
  Deno.test(`a stream that was open is asked for again although the API answers with ${name}`, async () => {
    const { asked } = await given([
      "open",
      refusal,
      refusal,
      refusal,
      "open",
      refusal,
      "open",
      "open",
    ]);
    assert.ok(asked >= 7, `${asked}`);
  });

  Deno.test(`after an hour of ${name}, or where that is the first answer, a stream ends`, async () => {
    await assert.rejects(
      given([refusal]),
      (error) => error instanceof Error && "exitCode" in error,
    );
    const began = performance.now();
    await assert.rejects(
      given(["open", refusal]),
      (error) => error instanceof Error && "exitCode" in error,
    );
    assert.ok(performance.now() - began < 60_000);
  });
}
