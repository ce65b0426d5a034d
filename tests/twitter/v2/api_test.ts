import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { startSandbox } from "../../../lib/sandbox/server.ts";
import { snowflake } from "../../../lib/sandbox/corpus.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { isOlder } from "../../../lib/twitter/bytes/ids.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { answerLine, readTweets, readUsers, stateFor } from "../../../lib/twitter/v2/answers.ts";
import { twitterApiContract } from "../../contract/twitter_api.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { twitterData } from "../../twitter_data.ts";

const never = new AbortController().signal;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

twitterApiContract({
  name: "v2",
  open: ({ keys, url }, clock) => openApi({ version: "2", keys, clock, base: url }),
  idsIn: ({ lines }) =>
    lines.flatMap((line) =>
      JSON.parse(decoder.decode(line)).data.map((tweet: { id: string }) => tweet.id)
    ),
  timelinePath: "/tweets",
  timelinePage: 100,
});

Deno.test("v2: a line is the answer as it was sent, and where and when it came from", async () => {
  const sandbox = startSandbox({
    world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 12 }),
  });
  try {
    const { keys, url } = sandbox;
    const api = await openApi({
      version: "2",
      keys: { bearer_token: sandbox.bearer },
      clock: systemClock,
      base: url,
    });
    const { lines: [line = new Uint8Array()] } = await api.search("sandbox", {}, never);
    const text = decoder.decode(line);
    assert.match(
      text,
      /#\w+ no\. \d+",.*"__twarc":\{"url":"https:\/\/api\.twitter\.com\/2\/tweets\/search\/recent\?query=sandbox&/,
    );
    const { __twarc, ...answer } = JSON.parse(text);
    assert.match(__twarc.retrieved_at, /^\d{4}-\d\d-\d\dT/);
    assert.equal(answer.meta.result_count, 12);
    assert.ok(
      sandbox.requests.every(({ parameters }) => /author_id/.test(parameters.expansions ?? "")),
    );
    assert.ok(keys);
  } finally {
    await sandbox.close();
  }
});

Deno.test("v2: an answer loses only the line breaks between its tokens", () => {
  const provenance = { url: "u", version: "v", retrieved_at: "t" };
  const line = (text: string) => decoder.decode(answerLine(encoder.encode(text), provenance));
  const added = '"__twarc":{"url":"u","version":"v","retrieved_at":"t"}}';
  assert.equal(
    line('{"a": "x\\n\\/",\r\n  "id":12345678901234567890 }\n'),
    `{"a": "x\\n\\/",  "id":12345678901234567890 ,${added}`,
  );
  assert.equal(line("{}"), `{${added}`);
  assert.equal(line("{ \r\n}"), `{ ${added}`);
  assert.throws(() => line("[]"), SyntaxError);
});

Deno.test("v2: a walk whose token has expired goes on below the oldest tweet", async () => {
  const sandbox = startSandbox({
    world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 120 }),
  });
  try {
    const api = await openApi({
      version: "2",
      keys: sandbox.keys,
      clock: new QuickClock(),
      base: sandbox.url,
    });
    const first = await api.search("sandbox", {}, never);
    const second = await api.search(
      "sandbox",
      { next: "expired", untilId: first.oldestId ?? "" },
      never,
    );
    assert.deepEqual([first.count, second.count], [100, 20]);
    assert.deepEqual(sandbox.requests.map(({ status }) => status), [200, 400, 200]);
  } finally {
    await sandbox.close();
  }
});

Deno.test("v2: a since_id that recent search cannot reach is left out, and the span is told", async () => {
  const sandbox = startSandbox();
  try {
    const api = await openApi({
      version: "2",
      keys: sandbox.keys,
      clock: new QuickClock(),
      base: sandbox.url,
    });
    const daysAgo = (days: number) => `${snowflake(Date.now() - days * 86_400_000, 1)}`;
    const old = await api.search("sandbox", { sinceId: daysAgo(30) }, never);
    assert.match(old.gap?.why ?? "", /seven days/);
    const fresh = await api.search("sandbox", { sinceId: daysAgo(6) }, never);
    assert.equal(fresh.gap, undefined);
    assert.deepEqual(sandbox.requests.map(({ parameters }) => parameters.since_id !== undefined), [
      false,
      true,
    ]);
  } finally {
    await sandbox.close();
  }
});

Deno.test("v2: recorded answers are read: partial errors, empty pages, users in every state", async () => {
  assert.equal(
    stateFor({
      type: "x/resource-not-found",
      title: "Forbidden",
      detail: "User has been suspended: [1].",
    }),
    "suspended",
  );
  assert.equal(stateFor({ type: "x/resource-not-found", title: "Not Found Error" }), "not_found");
  assert.equal(stateFor({ type: "x/not-authorized-for-resource" }), "protected");
  assert.deepEqual(readTweets(encoder.encode('{"meta":{"result_count":0}}')), {
    ids: [],
    author: undefined,
    next: undefined,
    isPage: true,
    problems: [],
    traits: { isPublic: true, isWellFormed: true },
    isOneLine: true,
  });
  const errors = await twitterData("v2", "errors", "partial-error-objects.jsonl");
  for (const line of errors?.split("\n").filter(Boolean) ?? []) {
    const answer = encoder.encode(`{"errors":[${line}]}`);
    assert.ok(Array.isArray(readTweets(answer).problems));
    readUsers(answer, "id", []);
  }
  for (
    const name of [
      "search-recent-brexit-polls",
      "withheld-lookups-and-user-pages",
      "edited",
      "media",
      "quoted-edit",
    ]
  ) {
    const pages = await twitterData("v2", "pages", `${name}.jsonl`);
    for (const line of pages?.split("\n").filter(Boolean) ?? []) {
      const page = JSON.parse(line);
      if (!Array.isArray(page.data) || page.data[0]?.text === undefined) continue;
      assert.deepEqual(
        readTweets(encoder.encode(line)).ids,
        page.data.map((tweet: { id: string }) => tweet.id),
      );
    }
  }
});

Deno.test("v2: a span narrows a search, a since_id is never sent with a time, and the archive is asked once a second", async () => {
  const sandbox = startSandbox({
    world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 120 }),
  });
  const clock = new QuickClock();
  try {
    const api = await openApi({ version: "2", keys: sandbox.keys, clock, base: sandbox.url });
    const minutesAgo = (minutes: number) =>
      new Date(Date.now() - minutes * 60_000 - 30_000).toISOString();
    const span = { archive: "all", startTime: minutesAgo(60), endTime: minutesAgo(20) } as const;
    const first = await api.search("sandbox", span, never);
    assert.equal(first.count, 40);
    const all = sandbox.world.search("sandbox", { count: 120 });
    assert.equal(first.newestId, `${all[20]?.id}`);
    const since = await api.search("sandbox", { ...span, sinceId: `${all[40]?.id}` }, never);
    assert.deepEqual(
      [since.count, since.newestId],
      [20, first.newestId],
      "the end of the span still holds",
    );
    assert.deepEqual(sandbox.requests.map(({ path, status }) => [path, status]), [
      ["/2/tweets/search/all", 200],
      ["/2/tweets/search/all", 200],
    ]);
    assert.ok(clock.slept.length === 1 && (clock.slept[0] ?? 0) > 500, `${clock.slept}`);
  } finally {
    await sandbox.close();
  }
});

Deno.test("v2: a page that was there before is asked for again rather than written twice", async () => {
  const sandbox = startSandbox({
    world: World.create({ clock: systemClock, users: 1, tweetsPerUser: 250 }),
  });
  try {
    const keys = { bearer_token: sandbox.bearer };
    const clock = new QuickClock();
    const api = await openApi({ version: "2", keys, clock, base: sandbox.url });
    const first = await api.search("sandbox", {}, never);
    sandbox.troubles.add({ kind: "repeat", path: "search/recent" });
    const { next = "", oldestId = "" } = first;
    const isWanted = (id: string) => isOlder(id, oldestId);
    const second = await api.search("sandbox", { next, untilId: oldestId, isWanted }, never);
    assert.ok(BigInt(second.newestId ?? "0") < BigInt(oldestId));
    assert.equal(sandbox.requests.length, 3);
  } finally {
    await sandbox.close();
  }
});

/** Opens version 2 on a server that answers as told. */
async function withAnswers(
  answer: (parameters: URLSearchParams) => object,
  test: (api: Awaited<ReturnType<typeof openApi>>) => Promise<void>,
): Promise<void> {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => Response.json(answer(new URL(request.url).searchParams)),
  );
  try {
    await test(
      await openApi({
        version: "2",
        keys: { bearer_token: "token" },
        clock: new QuickClock(),
        base: new URL(`http://127.0.0.1:${server.addr.port}`),
      }),
    );
  } finally {
    await server.shutdown();
  }
}

Deno.test("v2: a walk whose token leads back to a page before goes on below the oldest tweet", async () => {
  const [old, oldest, below] = [
    "1500000000000000003",
    "1500000000000000002",
    "1500000000000000001",
  ];
  const asked: (string | null)[] = [];
  await withAnswers((parameters) => {
    const next = parameters.get("next_token");
    asked.push(next);
    return next === null
      ? { data: [{ id: below, text: "" }], meta: { result_count: 1 } }
      : { data: [{ id: old, text: "" }], meta: { result_count: 1, next_token: "there" } };
  }, async (api) => {
    const isWanted = (id: string) => isOlder(id, oldest);
    const page = await api.search("q", { next: "back", untilId: oldest, isWanted }, never);
    assert.deepEqual(page.ids, [below]);
    assert.equal(page.next, undefined);
    assert.deepEqual(asked, ["back", "back", "back", null]);
  });
});

Deno.test("v2: a look-up that has a tweet twice is recorded with it once", async () => {
  const post = (id: string) => ({ id, text: "t" });
  await withAnswers(() => ({ data: ["11", "12", "11"].map(post) }), async (api) => {
    const { lines, count } = await api.tweets(["11", "12"], never);
    const ids = lines.flatMap((line) =>
      JSON.parse(decoder.decode(line)).data.map(({ id }: { id: string }) => id)
    );
    assert.deepEqual(ids, ["11", "12"]);
    assert.equal(count, 2);
  });
});
