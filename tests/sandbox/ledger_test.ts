import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { Ledger } from "../../lib/sandbox/ledger.ts";
import { type Sandbox, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import { twitterData } from "../twitter_data.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

async function opened(
  use: (sandbox: Sandbox, ask: (path: string) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const world = World.create({ clock: systemClock, users: 30, tweetsPerUser: 25 });
  const sandbox = startSandbox({ world });
  const headers = { authorization: `Bearer ${sandbox.bearer}` };
  try {
    await use(sandbox, (path) => fetch(new URL(path, sandbox.url), { headers }));
  } finally {
    await sandbox.close();
  }
}

async function json(response: Promise<Response>) {
  const answer = await response;
  assert.equal(answer.status, 200);
  return await answer.json();
}

Deno.test("each post and each user is billed once a UTC day", async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 30, 23, 59));
  const ledger = new Ledger(clock);
  ledger.posts(["1", "2", "2"]);
  ledger.posts(["2", "3"]);
  ledger.users(["1", "1"]);
  assert.deepEqual(ledger.totalBilled, { posts: 3, users: 1, counts: 0, dollars: 0.025 });
  await clock.advance(60_000);
  ledger.posts(["1"]);
  ledger.users(["1"]);
  assert.deepEqual(ledger.totalBilled, { posts: 4, users: 2, counts: 0, dollars: 0.04 });
  assert.equal(ledger.postsOfMonth, 1);
  assert.deepEqual(ledger.daysBack(2), [{ day: "2026-11-30", posts: 3 }, {
    day: "2026-12-01",
    posts: 1,
  }]);
});

Deno.test("posts of timelines and searches are billed, users of look-ups, and counts by the call", () =>
  opened(async (sandbox, ask) => {
    const users = [...sandbox.world.users.keys()];
    await json(ask(`2/users/${users[0]}/tweets?max_results=20`));
    assert.deepEqual(sandbox.ledger.totalBilled, { posts: 20, users: 0, counts: 0, dollars: 0.1 });
    await json(ask(`2/tweets/search/recent?max_results=50&query=from:${users[0]}`));
    assert.equal(sandbox.ledger.totalBilled.posts, 25, "what was read today is read for nothing");
    await json(ask(`2/users?ids=${users[0]},${users[19]},${users[29]}`));
    assert.equal(sandbox.ledger.totalBilled.users, 1, "who is not found is not billed");
    await json(ask("2/tweets/counts/recent?query=sandbox"));
    await json(ask("2/tweets/counts/all?query=sandbox"));
    assert.equal(sandbox.ledger.totalBilled.dollars, 0.15);
  }));

Deno.test("calls that fail are free, and so is version 1.1", () =>
  opened(async (sandbox, ask) => {
    const [user] = sandbox.world.users.keys();
    sandbox.troubles.add({ kind: "503", path: "tweets" });
    await (await ask(`2/users/${user}/tweets`)).bytes();
    await (await ask(`2/users/${user}/tweets?max_results=3`)).bytes();
    await json(ask(`1.1/search/tweets.json?q=sandbox`));
    assert.equal(sandbox.ledger.totalBilled.dollars, 0);
  }));

Deno.test("counts have the form of the API's, and their sum", async () => {
  await opened(async (sandbox, ask) => {
    const answer = await json(ask("2/tweets/counts/recent?query=sandbox&granularity=hour"));
    const real = await twitterData("v2", "pages", "counts.jsonl");
    if (real) {
      const { __twarc, ...page } = JSON.parse(real);
      assert.deepEqual(Object.keys(answer).sort(), Object.keys(page).sort());
      assert.deepEqual(Object.keys(answer.data[0]).sort(), Object.keys(page.data[0]).sort());
      assert.deepEqual(Object.keys(answer.meta), Object.keys(page.meta));
      assert.equal(answer.data.length, page.data.length);
      assert.equal(answer.data[0].start.length, page.data[0].start.length);
    }
    assert.equal(answer.meta.total_tweet_count, 750);
    const sum = answer.data.reduce(
      (n: number, span: { tweet_count: number }) => n + span.tweet_count,
      0,
    );
    assert.equal(sum, 750);
    for (const [i, { start }] of answer.data.entries()) {
      if (i > 0) assert.equal(start, answer.data[i - 1].end);
    }
    const all = sandbox.world.search("sandbox", { count: 1_000 });
    const since = await json(ask(`2/tweets/counts/recent?query=sandbox&since_id=${all[9]?.id}`));
    assert.equal(since.meta.total_tweet_count, 9);
    const until = await json(ask(`2/tweets/counts/recent?query=sandbox&until_id=${all[9]?.id}`));
    assert.equal(until.meta.total_tweet_count, 740);
    assert.equal((await ask("2/tweets/counts/recent?query=(")).status, 400);
  });
});

Deno.test("counts of the archive come 31 days a page, newest first", () =>
  opened(async (_sandbox, ask) => {
    const start = new Date(Date.now() - 100 * 86_400_000).toISOString();
    const path = `2/tweets/counts/all?query=sandbox&granularity=day&start_time=${start}`;
    const totals: number[] = [];
    let days = 0;
    for (let token = ""; totals.length < 9;) {
      const page = await json(ask(path + token));
      totals.push(page.meta.total_tweet_count);
      days += page.data.length;
      if (!page.meta.next_token) break;
      token = `&next_token=${page.meta.next_token}`;
    }
    assert.deepEqual(totals, [750, 0, 0, 0]);
    assert.ok(days >= 100 && days <= 105, `${days}`);
  }));

Deno.test("usage tells what was billed in this month", () =>
  opened(async (sandbox, ask) => {
    const [user] = sandbox.world.users.keys();
    await json(ask(`2/users/${user}/tweets?max_results=20`));
    const fields = "usage.fields=daily_project_usage,project_usage";
    const { data } = await json(ask(`2/usage/tweets?${fields}`));
    assert.deepEqual([data.project_usage, data.project_cap], ["20", "3000000"]);
    assert.equal(data.daily_project_usage.usage.at(-1).usage, "20");
  }));
