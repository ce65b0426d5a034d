import assert from "node:assert/strict";
import { isoTime, systemClock } from "../../../lib/base/clock.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { type Sandbox, startSandbox } from "../../../lib/sandbox/server.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { Bill, nextReset, withResetDay } from "../../../lib/twitter/v2/bill.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { type Answer, type Asked, withApiStub } from "../../fakes/api_stub.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;
const DAY = 86_400_000;

async function withBill(
  use: (bill: Bill, sandbox: Sandbox, clock: QuickClock) => Promise<void>,
): Promise<void> {
  const world = World.create({ clock: systemClock, users: 30, tweetsPerUser: 20 });
  const sandbox = startSandbox({ world });
  const clock = new QuickClock();
  const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
  try {
    await use(new Bill({ transport: new Transport({ signer, clock }), clock }), sandbox, clock);
  } finally {
    await sandbox.close();
  }
}

Deno.test("counts are those of the search with the same place: since_id never with a time", () =>
  withBill(async (bill, { world, requests }) => {
    const all = world.search("sandbox", { count: 1_000 });
    const hourly = { granularity: "hour" } as const;
    assert.equal((await bill.count("sandbox", hourly, never)).posts, 600);
    const since = { ...hourly, sinceId: `${all[49]?.id}`, startTime: "2020-01-01T00:00:00Z" };
    const { posts, spans, calls } = await bill.count("sandbox", since, never);
    assert.deepEqual([posts, calls], [49, 1]);
    assert.equal(spans.reduce((n, span) => n + span.posts, 0), 49);
    assert.equal(requests.at(-1)?.parameters.start_time, undefined);
    const old = { ...hourly, sinceId: "1000" };
    assert.equal((await bill.count("sandbox", old, never)).posts, 600);
    assert.equal(requests.at(-1)?.parameters.since_id, undefined, "it is too old to be asked for");
  }));

Deno.test("every page of the archive's counts is asked for, one a second, and put in order", () =>
  withBill(async (bill, { ledger }, clock) => {
    const startTime = new Date(Date.now() - 100 * DAY).toISOString();
    const wanted = { archive: "all", granularity: "day", startTime } as const;
    const { posts, spans, calls } = await bill.count("sandbox", wanted, never);
    assert.deepEqual([posts, calls, ledger.totalBilled.counts], [600, 4, 4]);
    for (const [i, { from }] of spans.entries()) {
      if (i > 0) assert.equal(from, spans[i - 1]?.to);
    }
    assert.equal(clock.slept.filter((ms) => ms > 500).length, 3);
  }));

/** Answers counts of whole days with pages that end after three of them, without a token. */
function threeDays({ parameters }: Asked): Answer {
  const start = Date.parse(parameters.get("start_time") ?? "");
  const end = Date.parse(parameters.get("end_time") ?? "2026-03-10T00:00:00Z");
  const days = Math.min((end - start) / DAY, 3);
  const data = Array.from({ length: days }, (_, i) => {
    const to = end - (days - 1 - i) * DAY;
    return { start: isoTime(to - DAY), end: isoTime(to), tweet_count: 10 };
  });
  return { body: { data, meta: { total_tweet_count: 10 * days } } };
}

async function withCounts(
  answer: (asked: Asked) => Answer,
  use: (bill: Bill, asked: Asked[]) => Promise<void>,
): Promise<void> {
  await withApiStub(answer, async ({ url, asked }) => {
    const signer = new Signer({ bearer_token: "b" }, url);
    const clock = new QuickClock();
    await use(new Bill({ transport: new Transport({ signer, clock }), clock }), asked);
  });
}

const MARCH = { archive: "all", granularity: "day", startTime: "2026-03-01T00:00:00Z" } as const;

Deno.test("counts that end early are asked for on, below where they ended", () =>
  withCounts(threeDays, async (bill) => {
    const { posts, spans, calls, missing } = await bill.count("x", MARCH, never);
    assert.deepEqual([posts, spans.length, calls, missing], [90, 9, 3, undefined]);
  }));

Deno.test("where nothing more is to be had, what is missing of counts is known", () => {
  const only = (asked: Asked) =>
    asked.parameters.has("end_time")
      ? { body: { meta: { total_tweet_count: 0 } } }
      : threeDays(asked);
  return withCounts(only, async (bill) => {
    const { posts, calls, missing } = await bill.count("x", MARCH, never);
    assert.deepEqual([posts, calls], [30, 2]);
    assert.deepEqual(missing, {
      from: Date.UTC(2026, 2, 1),
      to: Date.UTC(2026, 2, 7),
    });
  });
});

Deno.test("usage is read as numbers, and costs nothing", () =>
  withBill(async (bill, { ledger }) => {
    ledger.posts(["1", "2"]);
    assert.deepEqual(await bill.usage(never), { used: 2, cap: 3_000_000, resetDay: 1 });
    assert.equal(ledger.totalBilled.dollars, 0.01);
  }));

Deno.test("users tell how much they wrote; who is gone is left out", () =>
  withBill(async (bill, { world }) => {
    const counts = await bill.postCounts([...world.users.keys(), "5"], never);
    assert.equal(counts.length, 28);
    assert.ok(counts.every(({ posts }) => posts === 20));
    assert.equal(counts.filter(({ isProtected }) => isProtected).length, 1);
  }));

Deno.test("the day on which a cap begins anew is the next one of that number, or the month's last", () => {
  const at = Date.UTC(2026, 0, 16, 12);
  assert.equal(nextReset(17, at), "2026-01-17");
  assert.equal(nextReset(16, at), "2026-02-16");
  assert.equal(nextReset(31, Date.UTC(2026, 1, 3)), "2026-02-28");
  assert.equal(nextReset(1, Date.UTC(2026, 11, 24)), "2027-01-01");
});

Deno.test("an error that is no used up cap stays as it is; so does one where usage is not told", () =>
  withBill(async (bill, sandbox, clock) => {
    const other = new UserError("Something else");
    assert.equal(await withResetDay(other, bill, clock), other);
    sandbox.troubles.add({ kind: "cap", path: "counts" });
    sandbox.troubles.add({ kind: "cap", path: "usage" });
    const capped = await bill.count("x", { granularity: "day" }, never).catch((error) => error);
    assert.equal(await withResetDay(capped, bill, clock), capped);
    const told = await withResetDay(capped, bill, clock);
    assert.ok(told instanceof UserError);
    assert.match(told.message, /UsageCapExceeded.*resets on \d{4}-\d\d-01$/);
  }));
