import assert from "node:assert/strict";
import { awsError } from "../../lib/base/aws.ts";
import { ApiError, OutsideError } from "../../lib/base/errors.ts";
import { Patience } from "../../lib/source/patience.ts";
import { retryAfter } from "../../lib/base/retry_after.ts";
import { askedDelay } from "../../lib/twitter/http/backoff.ts";
import { Signer } from "../../lib/twitter/http/signer.ts";
import { liveStream } from "../../lib/twitter/stream.ts";
import { Transport } from "../../lib/twitter/http/transport.ts";
import { Waits } from "../../lib/base/waits.ts";
import { QuickClock } from "../fakes/quick_clock.ts";

const never = new AbortController().signal;
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const date = (ms: number) => new Date(ms).toUTCString();

for (
  const [value, ms, dated] of [
    ["7", 7_000],
    ["0", 0],
    ["1.5", 1_500],
    [" 20 ", 20_000],
    ["86400", 900_000],
    [date(NOW + 30_000), 30_000],
    // A date counts by the clock of whoever wrote it.
    [date(NOW + 3_630_000), 30_000, date(NOW + 3_600_000)],
    [date(NOW - 30_000), undefined],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`Retry-After: ${value}${dated ? " with a Date" : ""}`, () => {
    const headers = new Headers({ "retry-after": value, ...(dated ? { date: dated } : {}) });
    assert.equal(retryAfter((name) => headers.get(name), NOW), ms);
  });
}

Deno.test("what an answer says goes before the steps, but an API that fails on is not asked without pause", () => {
  assert.equal(askedDelay(undefined, { delay: 60_000, failures: 1 }), 60_000);
  assert.equal(askedDelay(7_000, { delay: 60_000, failures: 1 }), 7_000);
  assert.equal(askedDelay(100_000, { delay: 5_000, failures: 1 }), 100_000);
  assert.equal(askedDelay(0, { delay: 60_000, failures: 4 }), 8_000);
});

/** An API that is away twice, and says for how long. */
async function withApi(
  status: number,
  retry: string,
  use: (transport: Transport, clock: QuickClock) => Promise<void>,
): Promise<void> {
  let n = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(
    options,
    () =>
      ++n <= 1
        ? new Response("away", { status, headers: { "retry-after": retry } })
        : new Response("{}\r\n"),
  );
  const base = new URL(`http://127.0.0.1:${server.addr.port}`);
  const clock = new QuickClock();
  const signer = new Signer({ bearer_token: "b" }, base);
  try {
    await use(new Transport({ signer, clock }), clock);
  } finally {
    await server.shutdown();
  }
}

const ASKED = { method: "GET", path: "2/users", parameters: {} } as const;

for (const status of [429, 503]) {
  Deno.test(`an API that answers ${status} is asked again when it says`, () =>
    withApi(status, "42", async (transport, clock) => {
      await transport.ask(ASKED, String, never);
      assert.deepEqual(clock.slept, [42_000]);
    }));
}

Deno.test("a stream that is refused is opened again when the API says", () =>
  withApi(503, "42", async (transport, clock) => {
    const stop = new AbortController();
    const stream = liveStream({
      open: (signal) => transport.open(ASKED, signal),
      read: () => ({ skipped: true }),
      clock,
      waits: new Waits(),
      stallMs: 60_000,
      signal: stop.signal,
    });
    for await (const _ of stream) stop.abort();
    assert.equal(clock.slept[0], 42_000);
  }));

Deno.test("a store that says when is waited for that long by whoever has patience", async () => {
  const failure = Object.assign(new Error("Slow down"), {
    name: "SlowDown",
    $metadata: { httpStatusCode: 503 },
    $response: { headers: { "retry-after": "120" } },
  });
  const error = awsError(failure, "Writing x");
  assert.ok(error instanceof OutsideError && !(error instanceof ApiError));
  assert.equal(error.retryAfterMs, 120_000);
  const clock = new QuickClock();
  const patience = new Patience({ clock, patienceMs: 3_600_000, lost: never, waits: new Waits() });
  await patience.endure(error);
  assert.deepEqual(clock.slept, [120_000]);
});
