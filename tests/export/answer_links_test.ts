/** A network that is made of the bytes of lines is the one that a parser would give. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { AnswerLinks } from "../../lib/export/answer_links.ts";
import { Network } from "../../lib/export/network.ts";
import { type EdgeKind, EDGES } from "../../lib/export/network_records.ts";
import { EdgesWriter, GexfWriter } from "../../lib/export/network_writers.ts";
import { readRecordedPosts } from "../../lib/export/recorded_line.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, lineWith, UNUSUAL, USUAL } from "./answer_lines.ts";
import { madeStatuses, recordedAnswers } from "./exported.ts";

const PLACE = { collection: "c", harvest: "20260102030405", file: "harvests/a", number: 1 };

/** The graph, and the table of edges, of lines: from their bytes, or from what a parser gives. */
async function graphOf(
  lines: string[],
  { isParsed, kinds }: { isParsed: boolean; kinds: readonly EdgeKind[] },
): Promise<string> {
  const network = new Network({ kinds: new Set(kinds) });
  const blocks: Uint8Array[] = [];
  const sink = { write: (bytes: Uint8Array) => Promise.resolve(void blocks.push(bytes.slice())) };
  const graph = new GexfWriter(sink, network);
  for (const line of lines) {
    const bytes = new TextEncoder().encode(line);
    try {
      const posts = readRecordedPosts(bytes, PLACE, isParsed);
      // A tweet without a number is not one of the line's, and is read from what was parsed.
      await graph.add(isParsed ? posts.map((post) => ({ ...post, number: undefined })) : posts);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  await graph.end();
  await new EdgesWriter(sink, network).end();
  await network.close();
  return Buffer.concat(blocks).toString("latin1");
}

async function assertSame(lines: string[], kinds: readonly EdgeKind[] = EDGES): Promise<void> {
  const made = await graphOf(lines, { isParsed: false, kinds });
  assert.equal(made, await graphOf(lines, { isParsed: true, kinds }), lines.join("\n"));
}

const HANDLES = [
  ...[
    "",
    "é☃🦫",
    "a\\tb",
    "a\\nb",
    "\\u00fc",
    "\\ud83e",
    "\ufeffa",
    "a,b",
    '\\"',
    "<&>",
    "\\u0007",
    "\x7f",
  ],
  ...["\uffff", "\u2028", "__proto__", "a b"],
];
const LINES = [
  ...HANDLES.flatMap((text) => [
    lineWith("").replace('"ada"', `"${text}"`),
    lineWith("").replaceAll('"7"', `"${text}"`),
    lineWith(`,"entities":{"mentions":[{"id":"9","username":"${text}"},{"id":"${text}"}]}`),
    lineWith(
      `,"referenced_tweets":[{"type":"replied_to","id":"2"}],"in_reply_to_user_id":"${text}"`,
    ),
  ]),
  ...["7", "null", "true", "1.5", "[]", '"8"', "9007199254740993"].flatMap((id) => [
    lineWith(`,"entities":{"mentions":[{"id":${id},"username":${id}},{"username":"x"},${id}]}`),
    lineWith(`,"referenced_tweets":[{"type":"replied_to","id":"99"}],"in_reply_to_user_id":${id}`),
    lineWith(`,"referenced_tweets":[{"type":"replied_to","id":"2"}],"in_reply_to_user_id":${id}`),
    lineWith(`,"note_tweet":{"entities":{"mentions":${id}}},"entities":{"mentions":[{"id":"6"}]}`),
    lineWith("").replace('"author_id":"7",', `"author_id":${id},`),
    lineWith("").replace('"username":"ada"', `"username":${id}`),
    lineWith(`,"created_at":${id}`),
  ]),
  ...["retweeted", "quoted", "replied_to"].flatMap((one) =>
    ["retweeted", "quoted", "replied_to"].map((other) =>
      lineWith(
        `,"referenced_tweets":[{"type":"${one}","id":"2"},{"type":"${other}","id":"3"}],"entities":{"mentions":[{"id":"6","username":"m"}]}`,
      )
    )
  ),
  ...[
    "2016-03-28T14:36:31.000Z",
    "2016-02-29T00:00:00.000Z",
    "0001-01-01T00:00:00.001Z",
    "2016-03-28T14:36:31Z",
  ].map((time) => lineWith(`,"created_at":"${time}"`)),
  ...["+012016-03-28T14:36:31.000Z", "x", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"]
    .map((time) => lineWith(`,"created_at":"${time}"`)),
  '{"data":{"id":"1212092628029698048","text":"a","author_id":"7"}}',
  '{"data":{"id":"1212092628029698048","text":"a"}}',
];

Deno.test("a network is the same from bytes, for what the API sends and what it does not", async () => {
  for (const line of [...USUAL, ...UNUSUAL, ...LINES]) await assertSame([line, line]);
  const all = [...LINES, ...USUAL, ...UNUSUAL, ...madeStatuses(), ...LINES];
  await assertSame(all);
  for (const kind of EDGES) await assertSame(all, [kind]);
});

Deno.test("recorded and made answers have the same network, all of it of bytes", async () => {
  const pages = [...madePages(), ...(await recordedAnswers()).flat()];
  await assertSame(pages);
  const links = new AnswerLinks();
  for (const page of pages) {
    const posts = readRecordedPosts(new TextEncoder().encode(page), PLACE);
    for (const post of posts) assert.ok(links.read(post), page.slice(0, 200));
  }
});

Deno.test("with any JSON in place of any part of an answer, its network is the same", async () => {
  const lines = changedLines([...madePages(), ...USUAL, ...LINES]);
  await fc.assert(fc.asyncProperty(lines, (lines) => assertSame(lines)), { numRuns: 300 });
});
