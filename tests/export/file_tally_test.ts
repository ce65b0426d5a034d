/** What is counted from the bytes of lines is what a parser finds in them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AnswerTally } from "../../lib/export/answer_tally.ts";
import { FileTally } from "../../lib/export/file_tally.ts";
import { readRecordedPosts } from "../../lib/export/recorded_line.ts";
import { StatusTally } from "../../lib/export/status_tally.ts";
import { TallyCounters } from "../../lib/export/tally_counters.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, lineWith, UNUSUAL, USUAL } from "./answer_lines.ts";
import { madeStatuses, recordedAnswers, recordedStatuses } from "./exported.ts";

const PLACE = { collection: "c", harvest: "20260102030405", file: "harvests/a", number: 1 };

/** Counts the tweets of lines, from their bytes or from what a parser gives; those of lines that are refused are none. */
function counted(lines: string[], { isParsed }: { isParsed: boolean }): string {
  const tally = new FileTally();
  for (const line of lines) {
    const bytes = new TextEncoder().encode(line);
    try {
      for (const post of readRecordedPosts(bytes, PLACE, isParsed)) {
        // A tweet without a number is not one of the line's, and is read from what was parsed.
        tally.count(isParsed ? { ...post, number: undefined } : post);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return JSON.stringify(tally.toTally());
}

function assertSame(lines: string[]): void {
  const [bytes, parsed] = [counted(lines, { isParsed: false }), counted(lines, { isParsed: true })];
  if (bytes !== parsed) assert.deepEqual(JSON.parse(bytes), JSON.parse(parsed), lines.join("\n"));
  assert.equal(bytes, parsed);
}

const LINKS = [
  ...[
    "https://example.org",
    "http://www.example.org/a?b#c",
    "https://EXAMPLE.org/",
    "https://a@b.org",
  ],
  ...[
    "https://example.org:8080/",
    "https://1.2.3.4/",
    "https://1.2.3/",
    "https://0x7f.1/",
    "https://a..b/",
  ],
  ...[
    "https://xn--zrich-kva.ch/",
    "https://xn--a/",
    "https://zürich.ch/a",
    "https://www.www.org?",
    "https://",
  ],
  ...[
    "https:///a",
    "ftp://example.org/",
    "no address",
    "",
    "https:\\/\\/example.org\\/a",
    " https://a.org",
  ],
  ...[
    "https://a.org\\\\b",
    "https://a.\\u006frg/b",
    "https://a_b.org/",
    "https://a.org\\tb.org/",
    "HTTPS://a.org",
  ],
  ...["https://-a-.org/", "https://a.org./x", "https://./", "https://%61.org/", "https://a.org#x"],
];
const COUNTED = [
  ...LINKS.map((url) =>
    lineWith(`,"entities":{"urls":[{"expanded_url":"${url}"},{"expanded_url":"https://a.org/"}]}`)
  ),
  ...[
    "Zürich",
    "ZÜRICH",
    "\\u005a\\u00fcrich",
    "İ",
    "\\ud83e",
    "\ufeffa",
    "__proto__",
    "constructor",
    "12",
  ].map((tag) =>
    lineWith(`,"lang":"${tag}","entities":{"hashtags":[{"tag":"${tag}"},{"tag":"a"},{"tag":"A"}]}`)
      .replaceAll('"7"', `"${tag}"`).replace('"ada"', `"${tag}"`)
  ),
  ...["2026-01-31T23:59:59.999Z", "2024-02-29T00:00:00.000Z", "2026-01-31T23:59:59-01:00", "x"].map(
    (time) => lineWith(`,"created_at":"${time}"`),
  ),
  ...['"photo"', '"reposted"', "7", "null"].map((type) =>
    lineWith(
      ',"attachments":{"media_keys":["3_1","3_2","3_1"]}',
      `,"media":[{"media_key":"3_1","id":"1","type":${type}}],"posts":[]`,
    )
      .replace(',"posts":[]', "")
  ),
  lineWith(',"attachments":{"media_keys":[7,"3_1"]}'),
  lineWith("").replace('"author_id":"7",', ""),
  lineWith("").replace('"username":"ada"', '"username":null'),
  lineWith("").replace('"username":"ada"', '"username":"bob"'),
  lineWith(',"lang":7,"created_at":7'),
  '{"id":"1212092628029698048","text":"flat","author_id":"7","author":{"id":"7","username":"ada"}}',
  '{"data":{"id":"1212092628029698048","text":"a"}}',
];

const STATUSES = [
  ...LINKS.map((url) =>
    `"entities":{"urls":[{"expanded_url":"${url}"},{"expanded_url":"https://a.org/"}]}`
  ),
  ...["Zürich", "İ", "\\ud83e", "\ufeffa"].map((tag) =>
    `"lang":"${tag}","extended_tweet":{"entities":{"hashtags":[{"text":"${tag}"},{"text":"A"}]}},"entities":{"hashtags":[{"text":"b"}]}`
  ),
  ...[
    "Mon Mar 28 14:36:31 +0000 2016",
    "Fri Mar 28 23:59:59 +0000 2016",
    "Mon Feb 29 00:00:00 +0000 2016",
  ].map((time) => `"created_at":"${time}"`),
  ...[
    "Jan Mar 28 00:00:00 +0000 2016",
    "Mon Mar 28 24:00:00 +0000 2016",
    "Mon Mar 00 00:00:00 +0000 2016",
  ].map((time) => `"created_at":"${time}"`),
  ...[
    "Mon Mar 28 14:36:61 +0000 2016",
    "Mon Foo 28 14:36:31 +0000 2016",
    "Sun Dec 31 00:00:00 +0000 0001",
    "x",
  ].map((time) => `"created_at":"${time}"`),
  ...['"9"', "9", "null", '""', "true", "1.5", "9007199254740993"].flatMap((id) => [
    `"in_reply_to_status_id":${id},"quoted_status_id_str":${id}`,
    `"in_reply_to_status_id_str":${id},"in_reply_to_status_id":5`,
    `"quoted_status":${id},"quoted_status_id_str":${id},"lang":${id},"created_at":${id}`,
    `"user":{"id":${id},"screen_name":${id}}`,
    `"user":{"id":8,"id_str":${id},"screen_name":"bo"}`,
    `"extended_entities":{"media":${id}},"entities":{"media":[{"type":${id}}]}`,
    `"extended_entities":{"media":[{"type":"video"},{"type":${id}},${id}]},"entities":{"media":[{"type":"photo"}]}`,
  ]),
  '"retweeted_status":{"id":3,"entities":{"hashtags":[{"text":"theirs"}]}},"entities":{"hashtags":[{"text":"own"}]}',
  '"retweeted_status":{"extended_tweet":{"extended_entities":{"media":[{"type":"photo"}]}}}',
  '"extended_entities":null,"entities":{"media":[{"type":"photo"}]},"quoted_status":{}',
].map((more) => `{"id":1212092628029698048,"id_str":"1212092628029698048","text":"a",${more}}`);

Deno.test("statuses are counted alike from bytes", () => {
  for (const line of STATUSES) assertSame([line, line]);
  assertSame([...STATUSES, ...madeStatuses(), ...STATUSES]);
  const lines = changedLines([...madeStatuses(), ...STATUSES]);
  fc.assert(fc.property(lines, assertSame), { numRuns: 300 });
});

Deno.test("tweets are counted alike from bytes, for what the API sends and what it does not", () => {
  for (const line of [...USUAL, ...UNUSUAL, ...COUNTED]) assertSame([line, line]);
  assertSame([...COUNTED, ...USUAL, ...UNUSUAL, ...COUNTED]);
});

Deno.test("recorded and made tweets of either version are counted alike", async () => {
  assertSame([...madePages(), ...(await recordedAnswers()).flat()]);
  assertSame([...madeStatuses(), ...(await recordedStatuses()).flat()]);
});

Deno.test("what the API sends is counted from bytes alone", async () => {
  const answers = [...madePages(), ...(await recordedAnswers()).flat(), ...USUAL];
  const statuses = [...madeStatuses(), ...(await recordedStatuses()).flat()];
  const ways = [[new AnswerTally(), answers], [new StatusTally(), statuses]] as const;
  for (const [way, lines] of ways) {
    for (const line of lines) {
      const posts = readRecordedPosts(new TextEncoder().encode(line), PLACE);
      for (const post of posts) assert.ok(way.count(post, new TallyCounters()), line);
    }
  }
});

Deno.test("with any JSON in place of any part of an answer, it is counted alike", () => {
  const lines = changedLines([...madePages(), ...USUAL, ...COUNTED]);
  fc.assert(fc.property(lines, assertSame), { numRuns: 300 });
});
