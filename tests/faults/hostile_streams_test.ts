import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import {
  type Answer,
  type ApiVersion,
  type Body,
  dripping,
  live,
  streamLine,
} from "./hostile_api.ts";
import { HostilePlace, ids, inHostilePlace, WHOLE } from "./hostile_harvest.ts";
import { inTurns } from "../fakes/turns.ts";

const VERSIONS = ["1.1", "2"] as const;
/** What a stream sends, oldest first. */
const [first = "", second = "", third = ""] = ids(3).toReversed();
const MINUTES = 1 / 60;

/** Lines of tweets, with their ends. */
function tweets(version: ApiVersion, ...sent: string[]): string {
  return sent.map((id) => `${streamLine(version, id)}\r\n`).join("");
}

/** A stream whose first connection is hostile; each later one sends everything once more and stays quiet. */
function collects(
  version: ApiVersion,
  hostile: (place: HostilePlace) => Response | Promise<Response>,
): HostilePlace {
  const twist = ({ n, url }: Answer): Response | Promise<Response> | null => {
    if (!isStream(url)) return null;
    if (n === 1) return hostile(place);
    return live(place.isQuiet ? [] : [tweets(version, first, second, third)]);
  };
  const place = new HostilePlace(version, "filter", { has: ids(3), twist });
  return place;
}

function isStream(url: URL): boolean {
  return /filter\.json$|\/stream$/.test(url.pathname);
}

/** Harvests for some minutes, and once more, as whatever came must not keep the next harvest from beginning. */
async function harvested(place: HostilePlace, minutes = 6): Promise<void> {
  assert.deepEqual(await place.look(await place.harvest(minutes * MINUTES)), WHOLE);
  for (const line of (await place.text(/messages\.jsonl$/))?.trimEnd().split("\n") ?? []) {
    assert.doesNotThrow(() => JSON.parse(line), line.slice(0, 200));
  }
  place.isQuiet = true;
  assert.deepEqual(await place.look(await place.harvest(2 * MINUTES)), WHOLE);
}

/** Lines that are no tweets, between two that are. */
const LINES: [string, (version: ApiVersion) => Body][] = [
  ["a tweet that was cut", (version) => streamLine(version, third).slice(0, -9)],
  ["two tweets on a line", (version) => streamLine(version, third).repeat(2)],
  ["a web page", () => "<!DOCTYPE html>\n<title>Over capacity</title>\n"],
  ["a NUL byte in a text", (version) => streamLine(version, third, '"a\0b"')],
  ["a carriage return in a text", (version) => streamLine(version, third, '"a\rb"')],
  ["bytes that are not UTF-8", () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ["brackets 100,000 deep", () => "[".repeat(100_000)],
  [
    "brackets 100,000 deep in a tweet",
    (version) => streamLine(version, third, "[".repeat(100_000) + "]".repeat(100_000)),
  ],
  ["a line of 40 MB", () => "x".repeat(40 << 20)],
  [
    "an id that is a path",
    (version) => streamLine(version, "1").replace(/("id(?:_str)?"):"?1"?/g, '$1:"../../x"'),
  ],
  ["an error", () => '{"errors":[{"code":130,"message":"Over capacity"}]}'],
  ["a problem", () => '{"errors":[{"title":"ConnectionException","detail":"\\u001b[2J"}]}'],
  [
    "messages named like what every object has",
    () =>
      ["constructor", "__proto__", "toString", "valueOf"].map((name) => `{"${name}":{}}`).join(
        "\n",
      ),
  ],
  [
    "5,000 kinds of messages",
    () => Array.from({ length: 5_000 }, (_, i) => `{"kind_${i}":{}}`).join("\n"),
  ],
  [
    "counts beyond all numbers",
    () => ["1e308", "0", "1e308", "-5", "1.5"].map((n) => `{"limit":{"track":${n}}}`).join("\n"),
  ],
  [
    "members of other types",
    () => '{"title":5,"type":[],"detail":{}}\n{"disconnect":7}\n{"data":null}',
  ],
  ["JSON that is no object", () => 'null\n[]\n"text"\n17\ntrue'],
];

for (const [turn, version] of VERSIONS.entries()) {
  Deno.test(`a stream of ${version}: whatever comes between two tweets, both are kept, and it is kept beside them`, async (t) => {
    for (const [name, line] of inTurns(LINES, turn)) {
      await t.step(name, async () => {
        const bytes = [tweets(version, first), line(version), "\r\n", tweets(version, second)];
        await inHostilePlace(collects(version, () => live(bytes)), async (place) => {
          await harvested(place);
          const info = JSON.parse(await place.text(/\/00\/harvest\.json$|harvest\.json$/) ?? "{}");
          assert.ok(Object.keys(info.messages ?? {}).length <= 51);
        });
      });
    }
  });
}

/** Texts of tweets that are odd and good. */
const ODD: [string, string][] = [
  ["NUL and lone surrogates, escaped", '"\\u0000\\ud800\\udc00\\ud83d"'],
  ["control sequences", '"\\u001b[2J\\u009b31m\u202e\u2028"'],
  ["10 MB", `"${"x".repeat(10 << 20)}"`],
  ["a member twice", '"a","text":"b","full_text":"c"'],
  ["numbers of any form", "[-0.0e-0,1E400,12345678901234567890123456789]"],
];

for (const [turn, version] of VERSIONS.entries()) {
  Deno.test(`a stream of ${version}: odd texts are written byte for byte as they came`, async (t) => {
    for (const [name, text] of inTurns(ODD, turn)) {
      await t.step(name, async () => {
        const bytes = [`${streamLine(version, first, text)}\r\n`, tweets(version, second)];
        // What was sent is on its way for as long as it takes to be read.
        const sent = ({ clock }: HostilePlace) =>
          live(bytes, "open", () => clock.touch(text.length > 1_000 ? 1_000 : 0));
        await inHostilePlace(collects(version, sent), async (place) => {
          await harvested(place);
          assert.ok((await place.tweetsText()).includes(text));
        });
      });
    }
  });
}

/** Connections that end badly, or not at all. */
const CONNECTIONS: [string, (version: ApiVersion) => Response | Promise<Response>][] = [
  ["bytes that never make a line", (version) => dripping(tweets(version, first, second), "x")],
  ["nothing more", (version) => live([tweets(version, first, second)])],
  [
    "a break in the middle of a tweet",
    (version) =>
      live([tweets(version, first, second), tweets(version, third).slice(0, 40)], "breaks"),
  ],
  [
    "an end in the middle of a tweet",
    (version) =>
      live([tweets(version, first, second), tweets(version, third).slice(0, 40)], "ends"),
  ],
  [
    "tweets that come again, out of order",
    (version) => live([tweets(version, second, first, second, first, first)]),
  ],
  ["40 MB of nothing, packed", (version) =>
    packed(Buffer.concat([
      Buffer.from(tweets(version, first)),
      Buffer.alloc(40 << 20, "x"),
      Buffer.from(`\r\n${tweets(version, second)}`),
    ]))],
];

for (const [turn, version] of VERSIONS.entries()) {
  Deno.test(`a stream of ${version}: a connection that ends badly, or not at all, loses nothing and is opened again`, async (t) => {
    for (const [name, connection] of inTurns(CONNECTIONS, turn)) {
      await t.step(name, () => {
        const sent = (place: HostilePlace) => {
          place.clock.touch(name.includes("MB") ? 500 : 0);
          return connection(version);
        };
        return inHostilePlace(collects(version, sent), harvested);
      });
    }
  });
}

function packed(bytes: Buffer): Response {
  const headers = { "content-encoding": "gzip" };
  return new Response(new Uint8Array(gzipSync(bytes)), { headers });
}

/** Connections each of which is like this, and how often one is opened in six minutes at most. */
const AGAIN: [string, number, (version: ApiVersion) => Response][] = [
  ["brings the same tweet and ends", 150, (version) => live([tweets(version, first)], "ends")],
  ["is a web page", 150, () => live(["<!DOCTYPE html>\n<title>Log in</title>\n"], "ends")],
  ["ends at once", 150, () => live([], "ends")],
  ["brings 20,000 lines of rubbish", 20, () => live(["rubbish\n".repeat(20_000)], "ends")],
  ["drips", 10, () => dripping("", "x")],
  ["leads elsewhere", 20, () => Response.redirect("http://localhost:9/")],
  [
    "calls itself gzip and is none",
    60,
    () => new Response("{}\n", { headers: { "content-encoding": "gzip" } }),
  ],
];

for (const [turn, version] of VERSIONS.entries()) {
  Deno.test(`a stream of ${version}: connections that are of no use are opened more slowly each time`, async (t) => {
    for (const [name, most, connection] of inTurns(AGAIN, turn)) {
      await t.step(name, async () => {
        let opened = 0;
        const twist = ({ url }: Answer) => {
          if (!isStream(url)) return null;
          opened++;
          return connection(version);
        };
        const place = new HostilePlace(version, "filter", { has: [], twist });
        await inHostilePlace(place, async () => {
          assert.equal(await place.harvest(6 * MINUTES), null);
          assert.ok(opened > 1 && opened <= most, `It was opened ${opened} times`);
          const messages = await place.text(/messages\.jsonl$/) ?? "";
          assert.ok(messages.split("\n").length <= 110 * opened);
        });
      });
    }
  });
}

const HOUR = 3_600_000;
for (const [turn, version] of VERSIONS.entries()) {
  Deno.test(`a stream of ${version}: a clock that jumps loses nothing, and nothing comes twice`, async (t) => {
    for (const hours of inTurns([3, -3, 24 * 3_650, -24 * 3_650], turn)) {
      await t.step(`by ${hours} hours`, async () => {
        const place = collects(version, (place) => {
          void place.clock.sleep(20_000).then(() => place.clock.jump(hours * HOUR));
          return live([tweets(version, first)]);
        });
        await inHostilePlace(place, async () => {
          await harvested(place);
          // Each of the two harvests may have some.
          const texts = await place.texts(/gaps\.jsonl$/);
          const gaps = texts.flatMap((text) => text.trimEnd().split("\n"));
          const lost = gaps.map((line) => JSON.parse(line))
            .filter(({ why }) => why.startsWith("The stream was lost"));
          for (const { from, to } of lost) {
            assert.ok(from <= to && to - from < 600_000, "A gap is as long as it was");
          }
          assert.ok(lost.length > 0, gaps.join("\n"));
        });
      });
    }
  });

  Deno.test(`a stream of ${version}: a head that does not come is given up`, () => {
    const late = () =>
      new Promise<Response>((resolve) => setTimeout(() => resolve(new Response(null)), 1_500));
    const twist = ({ n, url }: Answer): Response | Promise<Response> | null => {
      if (!isStream(url)) return null;
      return n === 1 ? late() : live(place.isQuiet ? [] : [tweets(version, first, second, third)]);
    };
    const place = new HostilePlace(version, "filter", { has: ids(3), twist });
    // Far more than an answer takes on a busy machine, and far less than the late one.
    place.answerTimeout = 500;
    return inHostilePlace(place, () => harvested(place, 40));
  });
}
