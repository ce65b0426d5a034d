import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../lib/base/clock.ts";
import { readCorpus } from "../../../lib/sandbox/corpus.ts";
import { type Sandbox, startSandbox } from "../../../lib/sandbox/server.ts";
import { sentTweets } from "../../../lib/sandbox/v2/corpus.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { madePages, pageFiles } from "../v2_pages.ts";

async function withFiles(
  use: (sandbox: Sandbox, ask: (path: string) => Promise<string>) => Promise<void>,
  more: { [name: string]: string } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const [made = ""] = await pageFiles(folder);
  const files = [made];
  for (const [name, text] of Object.entries(more)) {
    await Deno.writeTextFile(join(folder, name), text);
    files.push(join(folder, name));
  }
  const world = World.of(await Promise.all(files.map(readCorpus)), systemClock);
  const sandbox = startSandbox({ world });
  const headers = { authorization: `Bearer ${sandbox.bearer}` };
  try {
    await use(
      sandbox,
      async (path) => await (await fetch(new URL(path, sandbox.url), { headers })).text(),
    );
  } finally {
    await sandbox.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a tweet is served byte for byte, with what was sent for it and no more", () =>
  withFiles(async (_sandbox, ask) => {
    const page = await ask("/2/users/11/tweets?max_results=5&since_id=1609500000000000006");
    const [first = ""] = madePages();
    const tweets = first.slice(first.indexOf("[") + 1).split('},{"id"');
    assert.ok(page.startsWith(`{"data":[${tweets[0]}`), page);
    const { includes, errors, meta } = JSON.parse(page);
    assert.deepEqual(Object.keys(includes).toSorted(), ["media", "polls", "tweets", "users"]);
    assert.deepEqual(includes.users.map(({ id }: { id: string }) => id), ["11", "12"]);
    assert.equal(meta.result_count, 2);
    assert.deepEqual(errors.map(({ value }: { value: string }) => value), ["77"]);
  }));

Deno.test("problems come with the tweet that they are about, others with the first of their answer", () =>
  withFiles(async (_sandbox, ask) => {
    const told = async (query: string) =>
      JSON.parse(await ask(`/2/tweets/search/recent?query=${query}`)).errors?.map(
        ({ value }: { value: string }) => value,
      );
    assert.deepEqual(await told("1609500000000000006"), ["1609400000000000000"]);
    assert.deepEqual(await told("1609500000000000009"), ["77"]);
    assert.equal(await told("1609500000000000008"), undefined);
  }));

Deno.test("of a tweet that is there twice the last is served, and users are as they were sent", () => {
  const again = { id: "1609500000000000009", text: "Once more", author_id: "11" };
  return withFiles(async (_sandbox, ask) => {
    const { data } = JSON.parse(await ask("/2/users/11/tweets"));
    assert.deepEqual(data[0], again);
    assert.equal(data.length, 4);
    const users = JSON.parse(await ask("/2/users?ids=12"));
    assert.deepEqual(users.data, [{ id: "12", name: "bo", username: "bo" }]);
  }, { "again.jsonl": JSON.stringify({ data: again }) });
});

Deno.test("version 1.1 serves them as far as they are known, and a file may hold both versions", () => {
  const older =
    '{"id":5,"id_str":"5","full_text":"older","user":{"id_str":"11","screen_name":"ada"}}';
  return withFiles(async (_sandbox, ask) => {
    const statuses = JSON.parse(await ask("/1.1/statuses/user_timeline.json?user_id=11"));
    assert.deepEqual(statuses.map(({ id_str }: { id_str: string }) => id_str), [
      "1609500000000000009",
      "1609500000000000007",
      "1609500000000000005",
      "1609500000000000001",
      "5",
    ]);
    assert.equal(statuses[0].full_text, "No. 1609500000000000009 https://t.co/x \u2603");
  }, { "older.jsonl": `${older}\n{"data":[{"id":"1"}]}\n{"meta":{}}\nnothing\n` });
});

Deno.test("answers in the new words of version 2 are read like those in the old ones", () => {
  const line =
    '{"data":[{"id":"1","text":"a","author_id":"7","referenced_posts":[{"type":"quoted",' +
    '"id":"2"}]}],"includes":{"posts":[{"id":"2","text":"b","author_id":"8"}],' +
    '"users":[{"id":"7","name":"n","username":"seven"},{"id":"8","name":"n","username":"eight"}]}}';
  const { tweets: [tweet], users } = sentTweets(new TextEncoder().encode(line)) ??
    assert.fail("It is an answer with tweets");
  assert.deepEqual(tweet?.includes().map(({ kind, key }) => [kind, key]), [
    ["users", "7"],
    ["posts", "2"],
    ["users", "8"],
  ]);
  assert.equal(users.length, 2);
});

Deno.test("a user whom a file of version 1.1 has as protected is so in every answer, and read as a follower does", () => {
  const status = (id: number, isProtected: boolean) =>
    JSON.stringify({
      id: 1609500000000000100 + id * 1_000,
      id_str: `1609500000000${id}00100`,
      text: "a",
      created_at: "Fri Jan 01 10:20:30 +0000 2021",
      user: { id, id_str: `${id}`, screen_name: `u${id}`, name: "U", protected: isProtected },
    });
  const file = [status(501, true), status(502, false)].join("\n");
  return withFiles(async (_sandbox, ask) => {
    const { data } = JSON.parse(await ask("/2/users?ids=501,502&user.fields=protected"));
    const states = data.map((
      user: { id: string; protected: boolean },
    ) => [user.id, user.protected]);
    assert.deepEqual(states, [["501", true], ["502", false]]);
    const fields = "max_results=5&expansions=author_id&user.fields=protected";
    const page = JSON.parse(await ask(`/2/users/501/tweets?${fields}`));
    assert.equal(page.meta?.result_count, 1, JSON.stringify(page));
    assert.deepEqual(page.includes.users.map((user: { protected: boolean }) => user.protected), [
      true,
    ]);
  }, { "old.jsonl": file });
});
