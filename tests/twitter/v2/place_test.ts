import assert from "node:assert/strict";
import { isoTime, systemClock } from "../../../lib/base/clock.ts";
import { type PageAt, type SearchSpan } from "../../../lib/twitter/api.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { timeId } from "../../../lib/twitter/bytes/ids.ts";
import { RECENT } from "../../../lib/twitter/reach.ts";
import { searchPlace } from "../../../lib/twitter/v2/place.ts";
import { type Answer, type Asked, pageOfIds, withApiStub } from "../../fakes/api_stub.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const NOW = Date.UTC(2026, 5, 15);
const DAY = 86_400_000;
const REACH = NOW - RECENT;
const WHY = "Recent search goes back seven days only";
const never = new AbortController().signal;

function gapAt(from: number, to: number) {
  return { from, to, why: WHY };
}

Deno.test("what recent search does not reach of a span is a gap with the span's own two ends", () => {
  const [old, older, fresh] = [timeId(NOW - 8 * DAY), timeId(NOW - 9 * DAY), timeId(NOW - DAY)];
  const cases: [string, PageAt & SearchSpan, ReturnType<typeof searchPlace>][] = [
    ["everything", {}, { place: {}, span: {}, gap: null, isBeyond: false }],
    ["since lately", { sinceId: fresh }, {
      place: { sinceId: fresh },
      span: {},
      gap: null,
      isBeyond: false,
    }],
    ["since long", { sinceId: old }, {
      place: {},
      span: {},
      gap: gapAt(NOW - 8 * DAY, REACH),
      isBeyond: false,
    }],
    ["a start that is too old", { startTime: isoTime(NOW - 30 * DAY) }, {
      place: {},
      span: {},
      gap: gapAt(NOW - 30 * DAY, REACH),
      isBeyond: false,
    }],
    ["a start within reach, since long", {
      sinceId: old,
      startTime: isoTime(NOW - DAY),
    }, { place: {}, span: { start_time: isoTime(NOW - DAY) }, gap: null, isBeyond: false }],
    ["a span that has passed", { sinceId: older, untilId: old }, {
      place: { untilId: old },
      span: {},
      gap: gapAt(NOW - 9 * DAY, NOW - 8 * DAY),
      isBeyond: true,
    }],
    ["below what came, where the API gave a token for it", { next: "t", untilId: old }, {
      place: { next: "t", untilId: old },
      span: {},
      gap: gapAt(NOW - 8 * DAY - RECENT, NOW - 8 * DAY),
      isBeyond: false,
    }],
    ["the last that recent search reaches, with a token", {
      next: "t",
      untilId: timeId(NOW - 7 * DAY),
    }, {
      place: { next: "t", untilId: timeId(NOW - 7 * DAY) },
      span: {},
      gap: null,
      isBeyond: false,
    }],
    ["an end that has passed", {
      startTime: isoTime(NOW - 20 * DAY),
      endTime: isoTime(NOW - 10 * DAY),
    }, {
      place: {},
      span: { end_time: isoTime(NOW - 10 * DAY) },
      gap: gapAt(NOW - 20 * DAY, NOW - 10 * DAY),
      isBeyond: true,
    }],
    ["the archive without a start", { archive: "all" }, {
      place: {},
      span: { start_time: "2006-03-21T00:00:00Z" },
      gap: null,
      isBeyond: false,
    }],
    ["the archive since long", { archive: "all", sinceId: old }, {
      place: { sinceId: old },
      span: {},
      gap: null,
      isBeyond: false,
    }],
  ];
  for (const [name, at, expected] of cases) assert.deepEqual(searchPlace(at, NOW), expected, name);
});

/** What a search gives, of an API that answers so. */
async function searched(
  at: PageAt & SearchSpan,
  answer: (asked: Asked) => Answer,
  use: (
    page: Awaited<ReturnType<Awaited<ReturnType<typeof openApi>>["search"]>>,
    asked: Asked[],
  ) => void,
): Promise<void> {
  await withApiStub(answer, async ({ url, asked }) => {
    const keys = { bearer_token: "b" };
    const api = await openApi({ version: "2", keys, clock: new QuickClock(), base: url });
    use(await api.search("x", at, never), asked);
  });
}

function invalid(parameter: string): Answer {
  const errors = [{ message: `Invalid '${parameter}': it is too old` }];
  const type = "https://api.twitter.com/2/problems/invalid-request";
  return { status: 400, body: { errors, title: "Invalid Request", detail: "x", type } };
}

Deno.test("a token that the API does not take any more is left out, also where no tweet has come yet", async () => {
  const id = timeId(systemClock.now() - DAY);
  await searched(
    { next: "expired" },
    ({ parameters }) =>
      parameters.has("next_token") ? invalid("next_token") : { body: pageOfIds([id]) },
    ({ newestId }, asked) => {
      assert.equal(newestId, id);
      assert.equal(asked.length, 2);
    },
  );
});

Deno.test("a beginning that the API refuses, although this machine's clock has it within reach, is a gap", async () => {
  const sinceId = timeId(systemClock.now() - 6 * DAY);
  const id = timeId(systemClock.now() - DAY);
  for (const at of [{ sinceId }, { startTime: isoTime(systemClock.now() - 6 * DAY) }]) {
    const [parameter] = "sinceId" in at ? ["since_id"] : ["start_time"];
    await searched(
      at,
      ({ parameters }) =>
        parameters.has(parameter) ? invalid(parameter) : { body: pageOfIds([id]) },
      ({ newestId, gap }) => {
        assert.equal(newestId, id);
        assert.ok(gap && gap.from < gap.to, parameter);
        assert.ok(Math.abs(gap.from - (systemClock.now() - 6 * DAY)) < 60_000);
      },
    );
  }
});

Deno.test("an end that the API does not reach any more ends the walk with a gap", async () => {
  const [sinceId, untilId] = [6.9, 6.8].map((days) => timeId(systemClock.now() - days * DAY));
  assert.ok(sinceId && untilId);
  await searched({ sinceId, untilId }, () => invalid("until_id"), ({ count, next, gap }, asked) => {
    assert.deepEqual([count, next], [0, undefined]);
    assert.ok(gap && gap.from < gap.to);
    assert.equal(asked.length, 1);
  });
});

Deno.test("another refusal is an error as it was", async () => {
  await assert.rejects(
    searched({ sinceId: timeId(systemClock.now() - DAY) }, () => invalid("query"), () => {}),
    /Invalid 'query'/,
  );
});

Deno.test("an archive that fails at pages of 500 is asked for pages of 100", async () => {
  const id = timeId(systemClock.now() - DAY);
  await withApiStub(
    ({ parameters }) =>
      Number(parameters.get("max_results")) > 100
        ? { status: 503, body: { title: "Service Unavailable" } }
        : { body: pageOfIds([id]) },
    async ({ url }) => {
      const keys = { bearer_token: "b" };
      const fields = { tweet: ["created_at"] };
      const api = await openApi({ version: "2", keys, clock: new QuickClock(), fields, base: url });
      const { newestId } = await api.search("x", { archive: "all" }, never);
      assert.equal(newestId, id);
    },
  );
});

Deno.test("a walk that the API gives a token for goes on with it, whatever this machine's clock says of its reach", async () => {
  const [came, below] = [timeId(systemClock.now() - 9 * DAY), timeId(systemClock.now() - 10 * DAY)];
  const at = { next: "t", untilId: came };
  await searched(at, () => ({ body: pageOfIds([below]) }), ({ oldestId, gap }, asked) => {
    assert.equal(oldestId, below);
    assert.equal(gap, undefined);
    assert.equal(asked[0]?.parameters.get("next_token"), "t");
  });
  await searched(at, () => ({ body: { meta: { result_count: 0 } } }), ({ count, gap }) => {
    assert.equal(count, 0);
    assert.ok(gap && gap.to <= systemClock.now() - 8 * DAY);
  });
});
