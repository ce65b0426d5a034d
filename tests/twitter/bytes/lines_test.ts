import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../../lib/base/clock.ts";
import { LockedError } from "../../../lib/base/errors.ts";
import { readLines, StalledError, UnreadError } from "../../../lib/twitter/bytes/lines.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const never = new AbortController().signal;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A body that a real server sends in these chunks. */
async function served(
  chunks: Uint8Array[],
  use: (body: ReadableStream<Uint8Array>) => Promise<void>,
) {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(ReadableStream.from(chunks.map((chunk) => new Uint8Array(chunk)))),
  );
  try {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
    assert.ok(response.body);
    await use(response.body);
  } finally {
    await server.shutdown();
  }
}

async function linesIn(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of readLines(body, { clock: systemClock, stallMs: 5_000, signal: never })) {
    lines.push(...some.map((line) => decoder.decode(line)));
  }
  return lines;
}

Deno.test("lines come whole however they are cut, keep-alives are no lines, and a last line without an end is none", () =>
  served(
    ['{"a":', "1}\r", '\n\r\n\r\n{"t":"日', '本"}\n', '{"cut'].map((text) => encoder.encode(text)),
    async (body) => {
      assert.deepEqual(await linesIn(body), ['{"a":1}', '{"t":"日本"}']);
    },
  ));

Deno.test("any lines come out of any chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme", minLength: 1 }).filter((line) => !/[\r\n]/.test(line)),
      ),
      fc.array(fc.nat(40), { minLength: 1 }),
      async (lines, cuts) => {
        const bytes = encoder.encode(lines.map((line) => `${line}\r\n`).join(""));
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = (cuts[i % cuts.length] ?? 0) + 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        await served(chunks, async (body) => assert.deepEqual(await linesIn(body), lines));
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a line of many megabytes comes whole", () => {
  const line = "x".repeat(10 * 1024 * 1024);
  return served([encoder.encode(line), encoder.encode("\nnext\n")], async (body) => {
    const lines = await linesIn(body);
    assert.deepEqual(lines.map((text) => text.length), [line.length, 4]);
  });
});

Deno.test("lines that arrive together are parts of one block, also the one that had begun before", () => {
  const texts = ["begun", "second", "third"].map((text) => text.repeat(1_000));
  const chunks = [`${texts[0]}`, `\r\n\r\n${texts[1]}\r\n${texts[2]}\r\nnext`].map((text) =>
    encoder.encode(text)
  );
  return served(chunks, async (body) => {
    const seen: Uint8Array[][] = [];
    for await (
      const some of readLines(body, { clock: systemClock, stallMs: 5_000, signal: never })
    ) {
      seen.push(some);
    }
    assert.deepEqual(seen.flat().map((line) => decoder.decode(line)), texts);
    for (const some of seen) assert.equal(new Set(some.map(({ buffer }) => buffer)).size, 1);
  });
});

Deno.test("silence is noticed", async () => {
  const clock = new ManualClock();
  const body = new ReadableStream<Uint8Array>({ type: "bytes" });
  const lines = readLines(body, { clock, stallMs: 90_000, signal: never }).next();
  lines.catch(() => {});
  await clock.advance(89_999);
  assert.equal(clock.sleepers, 1);
  await clock.advance(1);
  await assert.rejects(lines, StalledError);
});

/** A body that sends when a test says so, read with a clock of its own; what was read, and how it ended. */
function reading(stop: AbortSignal) {
  const clock = new ManualClock();
  let controller: ReadableStreamController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    type: "bytes",
    start: (given) => {
      controller = given;
    },
  });
  const lines: string[] = [];
  const read = async () => {
    for await (const some of readLines(body, { clock, stallMs: 90_000, signal: stop })) {
      lines.push(...some.map((line) => decoder.decode(line)));
    }
  };
  let ended: unknown = "still reading";
  void read().then(() => ended = "over", (error) => ended = error);
  return {
    clock,
    lines,
    send: (text: string) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
    ended: () => ended,
  };
}

Deno.test("after a stop what has arrived is read, until nothing more comes for half a second", async () => {
  const stop = new AbortController();
  const { clock, lines, send, ended } = reading(stop.signal);
  await clock.advance(1_000);
  send("a\nb\n");
  stop.abort();
  for (const line of ["c\n", "d\n"]) {
    await clock.advance(450);
    assert.equal(ended(), "still reading");
    send(line);
  }
  await clock.advance(450);
  assert.equal(ended(), "still reading");
  await clock.advance(50);
  assert.deepEqual([lines, ended()], [["a", "b", "c", "d"], "over"]);
});

Deno.test("after a stop a body that ends has been read", async () => {
  const stop = new AbortController();
  const { clock, lines, send, end, ended } = reading(stop.signal);
  await clock.advance(0);
  stop.abort();
  send("a\n");
  end();
  await clock.advance(0);
  assert.deepEqual([lines, ended()], [["a"], "over"]);
});

Deno.test("after a stop a body that goes on is left after five seconds, and that is known", async () => {
  const stop = new AbortController();
  const { clock, lines, send, ended } = reading(stop.signal);
  await clock.advance(0);
  stop.abort();
  const sent: string[] = [];
  for (; ended() === "still reading"; await clock.advance(250)) {
    sent.push(`${clock.monotonic()}`);
    send(`${clock.monotonic()}\n`);
  }
  assert.ok(ended() instanceof UnreadError);
  assert.deepEqual([clock.monotonic(), lines], [5_000, sent]);
});

Deno.test("after a stop a line that has begun and does not end is known to be missing", async () => {
  const stop = new AbortController();
  const { clock, lines, send, ended } = reading(stop.signal);
  await clock.advance(0);
  send("a\nhal");
  stop.abort();
  await clock.advance(500);
  assert.ok(ended() instanceof UnreadError);
  assert.deepEqual(lines, ["a"]);
});

Deno.test("a process that is paused after a stop takes its pause for no silence", async () => {
  const stop = new AbortController();
  const { clock, lines, send, ended } = reading(stop.signal);
  await clock.advance(0);
  stop.abort();
  clock.pause(3_000);
  // It goes on: the wait is over before what came meanwhile is seen.
  await clock.advance(0);
  assert.equal(ended(), "still reading");
  send("a\n");
  await clock.advance(500);
  assert.deepEqual([lines, ended()], [["a"], "over"]);
});

Deno.test("a stop for a reason, as where the lease is lost, ends the reading at once, whatever the body waits for", async () => {
  const stop = new AbortController();
  const { clock, lines, send, ended } = reading(stop.signal);
  await clock.advance(0);
  stop.abort(new LockedError("Somebody else took it"));
  send("a\n");
  await clock.advance(0);
  assert.deepEqual([lines, ended()], [[], "over"]);
});
