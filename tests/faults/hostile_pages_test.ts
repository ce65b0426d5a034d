import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { type Answer, type ApiVersion, type Body, json } from "./hostile_api.ts";
import { HostilePlace, inHostilePlace, type Type, WHOLE } from "./hostile_harvest.ts";
import { inTurns } from "../fakes/turns.ts";

/** What is harvested by pages. */
const WALKS: [ApiVersion, Type][] = [
  ["1.1", "user_timeline"],
  ["1.1", "search"],
  ["2", "user_timeline"],
  ["2", "search"],
];

/** An answer that is not what it should be. */
type Damage = (answer: Answer, version: ApiVersion) => Response | Body;

/** The honest answer with the first tweet's text replaced. @param text As it is sent, with its quotes. */
function withText({ body }: Answer, text: Body): Buffer {
  const [at = 0, length = 0] = [body.indexOf('"tweet '), /"tweet \d+"/.exec(body)?.[0].length];
  return Buffer.concat([
    Buffer.from(body.slice(0, at)),
    Buffer.from(text),
    Buffer.from(body.slice(at + length)),
  ]);
}

const DAMAGES: [string, Damage][] = [
  ["nothing", () => ""],
  ["JSON that was cut", ({ body }) => body.slice(0, -20)],
  ["JSON with something after its end", ({ body }) => `${body} <!-- proxy -->`],
  ["JSON with a comma too many", ({ body }) => body.replace("}", "},")],
  ["a web page", () => "<!DOCTYPE html><title>Over capacity</title>"],
  ["a web page that calls itself gzip", () => json("<html>", { "content-encoding": "gzip" })],
  ["gzip that does not say so", ({ body }) => json(gzipSync(body))],
  [
    "gzip that was cut",
    ({ body }) => json(gzipSync(body).subarray(0, -12), { "content-encoding": "gzip" }),
  ],
  ["200 with an error body", () => '{"errors":[{"code":130,"message":"Over capacity"}]}'],
  ["200 with a problem", () => '{"errors":[{"title":"Service Unavailable","status":503}]}'],
  ["an object without anything", () => "{}"],
  ["null", () => "null"],
  ["a NUL byte in a text", (answer) => withText(answer, '"a\0b"')],
  ["a line break in a text", (answer) => withText(answer, '"a\r\nb"')],
  ["bytes that are not UTF-8", (answer) => withText(answer, Buffer.from([34, 0xc3, 0x28, 34]))],
  [
    "brackets 100,000 deep",
    (answer) => withText(answer, "[".repeat(100_000) + "]".repeat(100_000)),
  ],
  [
    "a tweet without an id",
    ({ body }) => body.replace(/"id":"?\d{10,}"?,|"id_str":"\d{10,}",/g, ""),
  ],
  [
    "a tweet whose id is a path",
    ({ body }) => body.replace(/("id(?:_str)?"):"?\d{10,}"?/g, '$1:"../../x"'),
  ],
  ["a length that is a lie", ({ body }) => raw(`${body.length + 50}`, body)],
  ["a redirect to another host", () => Response.redirect("http://localhost:9/elsewhere")],
];

/** An answer whose length is not what it says. */
function raw(length: string, body: string): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.error(new Error("gone"));
      },
    }),
    { headers: { "content-length": length } },
  );
}

for (const [turn, [version, type]] of WALKS.entries()) {
  Deno.test(`${type} of ${version}: whatever a second page is damaged by, it is asked for again, and nothing is lost or twice`, async (t) => {
    for (const [name, damage] of inTurns(DAMAGES, turn)) {
      await t.step(name, async () => {
        const twist = (answer: Answer) => answer.n === 2 ? response(damage(answer, version)) : null;
        await inHostilePlace(new HostilePlace(version, type, { twist }), async (place) => {
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
        });
      });
    }
  });
}

function response(made: Response | Body): Response {
  return made instanceof Response ? made : json(made);
}

for (const [turn, [version, type]] of [...WALKS.entries()].filter(([n]) => n === 0 || n === 3)) {
  Deno.test(`${type} of ${version}: a page that stays damaged ends the harvest in one clear line, and the next one goes on`, async (t) => {
    for (const [name, damage] of inTurns(DAMAGES, turn)) {
      await t.step(name, async () => {
        let isHostile = true;
        const twist = (answer: Answer) =>
          isHostile && answer.n > 1 ? response(damage(answer, version)) : null;
        await inHostilePlace(new HostilePlace(version, type, { twist }), async (place) => {
          const first = await place.look(await place.harvest());
          assert.match(first.error ?? "", /^The API.{10,300}, (10|5) times in a row$/);
          assert.equal(first.lost.length, 30, "what came before is kept");
          isHostile = false;
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
        });
      });
    }
  });
}

/** Texts that are odd and good: they are written as they were sent. */
const ODD: [string, string][] = [
  ["NUL, escaped", '"a\\u0000b"'],
  ["lone surrogates, escaped", '"\\ud800 \\udc00 \\ud83d"'],
  ["control sequences, escaped", '"\\u001b[2J\\u009b31m\\u202e"'],
  ["line and paragraph separators", '"a\u2028b\u2029c\u0085d"'],
  ["10 MB in one line", `"${"x".repeat(10 << 20)}"`],
  ["numbers of any form", "[-0.0e-0,1E400,12345678901234567890123456789]"],
  ["a member twice", '"a","full_text":"b","text":"c"'],
  ["every escape", '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"'],
];

for (const [turn, [version, type]] of WALKS.entries()) {
  Deno.test(`${type} of ${version}: odd texts are written byte for byte as they came`, async (t) => {
    for (const [name, text] of inTurns(ODD, turn)) {
      await t.step(name, async () => {
        const twist = (answer: Answer) => answer.n === 2 ? response(withText(answer, text)) : null;
        await inHostilePlace(new HostilePlace(version, type, { twist }), async (place) => {
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
          assert.ok((await place.tweetsText()).includes(text));
        });
      });
    }
  });
}
