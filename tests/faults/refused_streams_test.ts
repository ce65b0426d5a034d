import assert from "node:assert/strict";
import { type Answer, type ApiVersion, live, pageOf, streamLine } from "./hostile_api.ts";
import { HostilePlace, ids, inHostilePlace, NOW, WHOLE } from "./hostile_harvest.ts";
import { inTurns } from "../fakes/turns.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Tweets that each connection sends which is not refused; there are three of these. */
const EACH = 20;

const problem = (status: number, title: string, more: HeadersInit = {}) => () =>
  Response.json({ title, status, detail: title, type: "about:blank" }, { status, headers: more });
const page = (status: number) => () =>
  new Response("<!DOCTYPE html>\n<title>Just a moment</title>", {
    status,
    headers: { "content-type": "text/html" },
  });

/** How connections are refused, for how many minutes, and by which version alone. */
const REFUSALS: [name: string, refuse: () => Response, minutes?: number, only?: ApiVersion][] = [
  ["401", problem(401, "Unauthorized")],
  ["403", problem(403, "Forbidden")],
  ["404", problem(404, "Not Found")],
  ["a gateway's page with 403", page(403)],
  ["a gateway's page with 404", page(404)],
  ["a gateway's page with 502", page(502)],
  ["420", () => new Response("Easy there", { status: 420 }), 58, "1.1"],
  ["429 without headers", problem(429, "Too Many Requests")],
  ["429 with Retry-After", problem(429, "Too Many Requests", { "retry-after": "90" })],
  // A connection that is dead to the API for longer than that is somebody else's.
  [
    "429 as too many are connected",
    () =>
      Response.json({
        title: "ConnectionException",
        detail: "This stream is currently at the maximum allowed connection limit.",
        connection_issue: "TooManyConnections",
        type: "https://api.twitter.com/2/problems/streaming-connection",
      }, { status: 429 }),
    25,
    "2",
  ],
  ["500", problem(500, "Internal Server Error")],
  ["503", () => new Response("upstream connect error", { status: 503 })],
  ["302", () => new Response(null, { status: 302, headers: { location: "http://x.invalid/" } })],
];

/** A stream that sends, is refused for so long, and sends again: what a search would bring is not there. */
function refused(
  version: ApiVersion,
  { refuse, minutes }: { refuse: () => Response; minutes: number },
) {
  const left = ids(3 * EACH).toReversed();
  const refusals: number[] = [];
  const twist = ({ url }: Answer) => {
    if (!/filter\.json$|\/stream$/.test(url.pathname)) return pageOf(version, []);
    const past = place.clock.now() - NOW;
    if (left.length < 3 * EACH && past < minutes * MINUTE) {
      refusals.push(past);
      return refuse();
    }
    const sent = left.splice(0, EACH).map((id) => `${streamLine(version, id)}\r\n`);
    return live(sent, left.length > 0 ? "ends" : "open");
  };
  const place = new HostilePlace(version, "filter", { has: ids(3 * EACH), twist });
  place.patienceMs = HOUR;
  return { place, refusals };
}

for (const [turn, version] of (["1.1", "2"] as const).entries()) {
  Deno.test(`a stream of ${version} that is refused for an hour has all that was sent before and after, and a gap`, async (t) => {
    for (const [name, refuse, minutes = 58, only = version] of inTurns(REFUSALS, turn)) {
      if (only !== version) continue;
      await t.step(name, async () => {
        const { place, refusals } = refused(version, { refuse, minutes });
        await inHostilePlace(place, async () => {
          assert.deepEqual(await place.look(await place.harvest(1.3)), WHOLE);
          const last = (refusals.at(-1) ?? 0) / MINUTE;
          assert.ok(last > minutes - 20, `It was asked ${refusals.length} times, until ${last}`);
          const gaps = (await place.text(/gaps\.jsonl$/))?.trimEnd().split("\n") ?? [];
          const spans = gaps.map((line) => JSON.parse(line)).map(({ from, to }) => to - from);
          assert.ok(spans.some((ms) => ms > (minutes - 5) * MINUTE), `${spans}`);
        });
      });
    }
  });
}
