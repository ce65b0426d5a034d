import assert from "node:assert/strict";
import { type ReportOptions, toReport } from "../../../lib/cli/text/report_data.ts";
import { toMarkdown } from "../../../lib/cli/text/report_text.ts";
import type { JsonObject } from "../../../lib/base/json.ts";
import { emptyTally } from "../../../lib/export/tally.ts";

const nothing: ReportOptions = {
  id: "find",
  config: { type: "search", api: "2" },
  facts: {
    tally: emptyTally(),
    days: [],
    gaps: [],
    harvests: { harvests: [], unknown: [], userChanges: {} },
    damaged: [],
  },
  changes: [],
  verified: null,
  version: "1.2.3",
};

const something: ReportOptions = {
  ...nothing,
  facts: {
    tally: { ...emptyTally(), tweets: 12, kinds: { post: 9, repost: 3 }, users: { "1": 12 } },
    days: [
      { day: "2026-01-01", tweets: 12, isGap: false },
      { day: "2026-01-02", tweets: 0, isGap: true },
    ],
    gaps: [{
      from: "2026-01-02T00:00:00Z",
      to: "2026-01-02T06:30:00Z",
      why: "the connection | was lost",
      status: "open",
      folder: "f/",
    }],
    harvests: {
      harvests: [
        {
          collection_id: "find",
          harvest_timestamp: "2026-01-01T00:00:00Z",
          tweets: 9,
          files: 1,
          file_bytes: 1,
          outcome: "complete",
          undelivered: 4,
        },
        {
          collection_id: "find",
          harvest_timestamp: "2026-01-03T00:00:00Z",
          tweets: 3,
          files: 1,
          file_bytes: 1,
          outcome: "stopped",
          reason: "The budget of $5 is used up",
        },
      ],
      unknown: ["collections/find/harvests/2026/01/04/00/00/00/"],
      userChanges: { not_found: 2 },
    },
    damaged: [],
  },
  changes: [
    { change_timestamp: "2025-12-31T00:00:00Z", update: { search: { query: "cats" } }, delete: [] },
    {
      change_timestamp: "2026-01-01T00:00:01Z",
      harvest_timestamp: "2026-01-01T00:00:00Z",
      update: { search: { since_id: "1" } },
      delete: [],
    },
    {
      change_timestamp: "2026-01-05T00:00:00Z",
      update: {},
      delete: [],
      removed: [{ file: "a", replaced_by: null, tweets: [{ id: "1", reason: "deleted" }] }],
    },
  ],
};

Deno.test("a report says what people asked for, what came, what is missing and what was removed", () => {
  const report = toReport(something);
  assert.deepEqual(report.asked, [
    { since: "2025-12-31T00:00:00Z", what: 'search {"query":"cats"}' },
  ]);
  assert.deepEqual(report.harvests.outcomes, { complete: 1, stopped: 1 });
  assert.equal(report.harvests.count, 3);
  assert.equal(report.undelivered, 4);
  assert.deepEqual(report.removed.by_reason, { deleted: 1 });
  assert.equal(report.missing[0]?.hours, 6.5);
  const text = toMarkdown(report);
  assert.match(
    text,
    / 1 gap, of 7 hours together, is recorded and was not filled\. The API counted 4 matching tweets that it did not deliver\. 1 tweet was removed later\./,
  );
  assert.match(text, /, made from 2026-01-01 to 2026-01-01, of 1 account\./);
  assert.match(text, /^\| 2026-01-02 \| 0 \| a part was missed \|$/m);
  assert.match(text, /^- 2026-01-03T00:00:00Z: The budget of \$5 is used up$/m);
  assert.match(text, /\| open \| the connection \\\| was lost \|$/m);
  assert.match(text, /For 1 the document cannot be read: collections\/find\/harvests\/2026/);
  assert.match(text, /Changes that harvests noted: 2 not found\./);
});

Deno.test("what was left out as protected is said as tweets of all harvests, and as the most accounts of one", () => {
  const [first = assert.fail()] = something.facts.harvests.harvests;
  const leftOut = (...counts: { tweets: number; users: number }[]) => {
    const harvests = counts.map((each) => ({ ...first, protected: each }));
    const facts = { ...something.facts, harvests: { ...something.facts.harvests, harvests } };
    const report = toReport({ ...something, facts });
    const [, text] = /Left out as protected: (.*)\.$/m.exec(toMarkdown(report)) ?? [];
    return [report.protected_left_out, text];
  };
  const year = Array.from({ length: 100 }, (_, i) => ({ tweets: 0, users: i === 50 ? 3 : 2 }));
  assert.deepEqual(leftOut({ tweets: 40, users: 0 }, { tweets: 2, users: 0 }), [
    { tweets: 42, users: 0 },
    "42 tweets",
  ]);
  assert.deepEqual(leftOut(...year), [
    { tweets: 0, users: 3 },
    "the timelines of 3 accounts at most a harvest",
  ]);
  assert.deepEqual(leftOut({ tweets: 1, users: 1 }), [
    { tweets: 1, users: 1 },
    "1 tweet, and the timelines of 1 account a harvest",
  ]);
  assert.deepEqual(leftOut(), [{ tweets: 0, users: 0 }, "nothing"]);
});

Deno.test("a fill that uses up max_records neither stopped nor failed: the next harvest goes on", () => {
  const [first = assert.fail()] = something.facts.harvests.harvests;
  const reason = "The next harvest goes on from here";
  const fill = { ...first, outcome: "stopped", reason, ended_by: "max_records" } as const;
  const broken = { ...first, outcome: "failed", reason: "away", ended_by: "fault" } as const;
  const report = (...harvests: (typeof first)[]) => {
    const { facts } = something;
    return toReport({
      ...something,
      facts: { ...facts, harvests: { ...facts.harvests, harvests } },
    });
  };
  const filling = report(fill, fill);
  assert.deepEqual([filling.harvests.stopped, filling.harvests.continued], [[], 2]);
  assert.doesNotMatch(toMarkdown(filling), /Stopped or failed/);
  assert.match(toMarkdown(filling), /^Reached max_records, .*: 2\.$/m);
  const budget = { ...fill, reason: "The budget is used up", ended_by: "budget" } as const;
  assert.deepEqual(report(fill, broken, budget).harvests.stopped.map(({ reason }) => reason), [
    "away",
    "The budget is used up",
  ]);
});

Deno.test("one of a thing is said as one", () => {
  const { facts } = something;
  const harvests = {
    ...facts.harvests,
    unknown: [],
    harvests: facts.harvests.harvests.slice(0, 1),
  };
  const tally = { ...emptyTally(), tweets: 1, kinds: { post: 1 }, users: { "1": 1 } };
  const changes = [{
    change_timestamp: "2025-12-31T00:00:00Z",
    update: { users: { "1": {} } },
    delete: [],
  }];
  const text = toMarkdown(
    toReport({ ...something, changes, facts: { ...facts, harvests, tally } }),
  );
  assert.match(text, /harvested 1 time from .* 1 tweet is recorded, .* of 1 account\. /);
  assert.match(text, /^- .*: 1 user added or changed$/m);
  assert.match(text, /^1 harvest, from /m);
  assert.match(text, /^1 account wrote /m);
  assert.doesNotMatch(text, /\b1 [a-z]+s\b(?! the|, a)/);
});

Deno.test("a report of nothing says that nothing is recorded, and what cannot be known", () => {
  const text = toMarkdown(toReport(nothing));
  for (
    const sentence of [
      "It has not been harvested.",
      "No change of the configuration is recorded.",
      "No gap is recorded.",
      "No removal is recorded.",
      "No tweet is recorded as removed later.",
      "When the files were last verified is not recorded.",
      "With which version of the program each was made is not recorded.",
      "Unavailable by their ids: none are recorded.",
    ]
  ) assert.ok(text.includes(sentence), sentence);
});

Deno.test("a report has what people wrote about a collection, by what it was made, and when it was verified", () => {
  const harvest = { collection_id: "find", tweets: 1, files: 1, file_bytes: 1 };
  const made = { program: "twarc-cloud 9.9.9", bucket_format: 1, api: "X 2", asked: {} };
  const markdown = toMarkdown(toReport({
    ...something,
    config: { ...something.config, title: "Floods", tags: ["water", "2026"], contact: "" },
    facts: {
      ...something.facts,
      harvests: {
        harvests: [
          { ...harvest, harvest_timestamp: "2026-01-01T00:00:00Z", made },
          { ...harvest, harvest_timestamp: "2026-01-02T00:00:00Z" },
        ],
        unknown: [],
        userChanges: {},
      },
    },
    verified: {
      began: "2026-05-01T00:00:00Z",
      at: "2026-05-01T00:01:00Z",
      program: "twarc-cloud 9.9.9",
      what: "verify",
      scope: "all",
      read: { harvests: 2, files: 2, tweets: 2, bytes: 2 },
      faults: 0,
      found: [],
      did: [],
      inventory: null,
    },
  }));
  assert.match(markdown, /^- title: Floods\n- tags: water, 2026\n\n/m);
  assert.match(markdown, /^Made by: twarc-cloud 9\.9\.9 \(1\), not recorded \(1\)\.$/m);
  assert.match(
    markdown,
    /^Last verified on 2026-05-01T00:01:00Z by twarc-cloud 9\.9\.9: all files/m,
  );
});

Deno.test("what a person took out of the configuration is named, and keys are no request", () => {
  const asked = (type: string, ...changes: ReportOptions["changes"]) =>
    toReport({ ...something, config: { type }, changes }).asked.map(({ what }) => what);
  const change = (update: JsonObject, ...deleted: ReportOptions["changes"][number]["delete"]) => ({
    change_timestamp: "2026-01-01T00:00:00Z",
    update,
    delete: deleted,
  });
  assert.deepEqual(asked("search", change({}, { keys: ["consumer_key"] }, "profile")), []);
  assert.deepEqual(
    asked("search", change({ search: { query: "a" } }, { search: ["max_records", "fill"] })),
    ['search {"query":"a"}; removed: search.max_records, search.fill'],
  );
  const users = change({ users: { "1": {} } }, { users: ["2", "3", { "4": ["since_id"] }] });
  assert.deepEqual(asked("user_timeline", users), ["2 users added or changed; 2 users removed"]);
});

Deno.test("tweets of each kind are counted as one or as many", () => {
  const kinds = { post: 250, reply: 2, quote: 1, repost: 1 };
  const facts = { ...something.facts, tally: { ...something.facts.tally, kinds } };
  const text = toMarkdown(toReport({ ...something, facts }));
  assert.match(text, /: 250 posts, 2 replies, 1 quote, 1 repost\. A tweet/);
});
