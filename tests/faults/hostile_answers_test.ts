import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { ApiError } from "../../lib/base/errors.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { type Answer, type ApiVersion, dripping, json } from "./hostile_api.ts";
import { HostilePlace, inHostilePlace, KEYS, NOW, type Type, WHOLE } from "./hostile_harvest.ts";
import { serve } from "./raw_server.ts";
import { inTurns } from "../fakes/turns.ts";

const WALKS: [ApiVersion, Type][] = [["1.1", "user_timeline"], ["2", "search"]];
const never = new AbortController().signal;

const now = NOW / 1_000;
/** What the headers of a rate limit say: requests that remain, and the second of the reset. */
const LIES: [string, string, string][] = [
  ["a reset an hour ago", "0", `${now - 3_600}`],
  ["a reset ten years ahead", "0", `${now + 315_360_000}`],
  ["a reset beyond any calendar", "0", "99999999999999999999"],
  ["a reset in milliseconds", "0", `${NOW}`],
  ["a reset at zero", "0", "0"],
  ["a reset that is negative", "0", "-5"],
  ["a reset that is no number", "0", "NaN"],
  ["a reset that is a date", "0", "Fri, 02 Jan 2026 03:04:05 GMT"],
  ["fewer than none remaining", "-7", `${now + 60}`],
  ["more remaining than numbers reach", "9".repeat(400), `${now + 60}`],
  ["nothing", "", ""],
];

for (const [turn, [version, type]] of WALKS.entries()) {
  for (const status of [200, 429]) {
    Deno.test(`${type} of ${version}: headers of a ${status} that lie about rate limits cost a quarter of an hour at most`, async (t) => {
      for (const [name, remaining, reset] of inTurns(LIES, turn)) {
        await t.step(name, async () => {
          const headers = { "x-rate-limit-remaining": remaining, "x-rate-limit-reset": reset };
          const times: number[] = [];
          const twist = ({ n, body }: Answer): Response | null => {
            times.push(place.clock.monotonic());
            if (n !== 1) return null;
            return status === 200
              ? json(body, headers)
              : Response.json({ title: "Too Many Requests" }, { status, headers });
          };
          const place = new HostilePlace(version, type, { twist });
          await inHostilePlace(place, async () => {
            assert.deepEqual(await place.look(await place.harvest()), WHOLE);
            const [first = NaN, second = NaN] = times;
            // A quarter of an hour, and what passes on this clock while a slow machine answers.
            assert.ok(second - first <= 20 * 60_000, `${second - first} ms`);
            assert.ok(times.length <= 6, "It asks no more often than it has to");
          });
        });
      }
    });
  }
}

Deno.test("a Retry-After of a century is not waited for", () => {
  const headers = { "retry-after": "3153600000" };
  const times: number[] = [];
  const twist = ({ n }: Answer): Response | null => {
    times.push(place.clock.monotonic());
    return n === 1 ? new Response(null, { status: 503, headers }) : null;
  };
  const place = new HostilePlace("2", "search", { twist });
  return inHostilePlace(place, async () => {
    assert.deepEqual(await place.look(await place.harvest()), WHOLE);
    assert.ok((times[1] ?? NaN) - (times[0] ?? NaN) <= 30_000, `${times}`);
  });
});

for (
  const [name, reset] of [["honest", Math.ceil(Date.now() / 1_000) + 900], [
    "ten years ahead",
    now + 315_360_000,
  ]] as const
) {
  Deno.test(`a rate limit that is used up whenever it is asked, with a reset that is ${name}, is told after a day`, async () => {
    const headers = { "x-rate-limit-remaining": "0", "x-rate-limit-reset": `${reset}` };
    const server = serve(() =>
      Response.json({ title: "Too Many Requests" }, { status: 429, headers })
    );
    const api = await openApi({
      version: "2",
      keys: KEYS,
      clock: new QuickClock(),
      base: server.url,
    });
    await assert.rejects(
      api.search("x", {}, never),
      (error) => error instanceof ApiError && /429: .*, for a day$/.test(error.message),
    );
    await server.close();
  });
}

for (const [turn, [version, type]] of WALKS.entries()) {
  const small = gzipSync(Buffer.alloc(80 << 20, " "));
  const bodies: [string, () => Response][] = [
    ["unpacks to more than any answer has", () => json(small, { "content-encoding": "gzip" })],
    ["drips for ever", () => dripping("", " ")],
    ["is never sent", () => new Response(new ReadableStream())],
    ["breaks off", () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) }),
      )],
  ];
  Deno.test(`${type} of ${version}: a body that has no good end is given up and asked for again`, async (t) => {
    for (const [name, body] of inTurns(bodies, turn)) {
      await t.step(name, async () => {
        const twist = ({ n }: Answer) => n === 2 ? body() : null;
        const place = new HostilePlace(version, type, { twist });
        place.answerTimeout = 500;
        await inHostilePlace(place, async () => {
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
        });
      });
    }
  });
}
