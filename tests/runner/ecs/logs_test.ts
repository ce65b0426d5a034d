import assert from "node:assert/strict";
import { OutsideError } from "../../../lib/base/errors.ts";
import { logLines } from "../../../lib/runner/ecs/logs.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

/** CloudWatch's part: answers by its number, each a status or some messages. */
async function serving(
  answers: (number | string[])[],
  use: (endpoint: string) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? [];
    if (typeof answer === "number") return new Response("{}", { status: answer });
    const events = answer.map((message) => ({
      eventId: message,
      timestamp: 1_000,
      message,
      logStreamName: "s/harvester/1",
    }));
    return Response.json({ events });
  });
  try {
    await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const access = (endpoint: string) => ({
  region: "us-east-1",
  accessKey: "testing",
  secretKey: "testing",
  endpoint,
  tries: 1,
});

Deno.test("a followed log outlasts what CloudWatch does not answer, gives each line once, and says so twice", () =>
  serving([["one"], 503, 500, ["one", "two"], 503, ["one", "two", "three"]], async (endpoint) => {
    const [enough, lines, said] = [new AbortController(), [] as string[], [] as string[]];
    const say = (line: string) => said.push(line);
    const wanted = { group: "g", streams: "s/", follow: true, signal: enough.signal, say };
    for await (
      const line of logLines(wanted, { access: access(endpoint), clock: new QuickClock() })
    ) {
      if (lines.push(line) === 3) enough.abort();
    }
    assert.deepEqual(lines, ["one", "two", "three"]);
    assert.deepEqual(said.map((line) => line.includes("works again")), [false, true, false, true]);
  }));

Deno.test("a log that is only shown does not wait", () =>
  serving([503], async (endpoint) => {
    const { signal } = new AbortController();
    const wanted = { group: "g", streams: "s/", follow: false, signal };
    const lines = logLines(wanted, { access: access(endpoint), clock: new QuickClock() });
    await assert.rejects(Array.fromAsync(lines), OutsideError);
  }));
