import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../lib/base/clock.ts";
import { readCorpus } from "../../../lib/sandbox/corpus.ts";
import { startSandbox } from "../../../lib/sandbox/server.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { withFolder } from "../../fakes/folder.ts";

const user = (n: number) => ({ id: n, id_str: `${n}`, screen_name: `u${n}`, name: `U ${n}` });
const status = (id: string, by: number, more: object = {}) => ({
  created_at: "Wed Aug 27 13:08:45 +0000 2008",
  id: Number(id),
  id_str: id,
  full_text: `cats ${id}`,
  user: user(by),
  ...more,
});

/** What version 2 serves of a file of version 1.1. */
async function served(...statuses: object[]) {
  let page = "";
  await withFolder(async (folder) => {
    const path = join(folder, "tweets.jsonl");
    await Deno.writeTextFile(path, statuses.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const sandbox = startSandbox({ world: World.of([await readCorpus(path)], systemClock) });
    const headers = { authorization: `Bearer ${sandbox.bearer}` };
    const url = new URL("/2/tweets/search/recent?query=cats&max_results=10", sandbox.url);
    page = await (await fetch(url, { headers })).text().finally(() => sandbox.close());
  });
  return JSON.parse(page);
}

Deno.test("a retweet of version 1.1 comes in version 2 with its original, and with what that quotes", async () => {
  const quoted = status("1609400000000000001", 13);
  const original = status("1609400000000000002", 12, {
    quoted_status_id_str: quoted.id_str,
    quoted_status: quoted,
  });
  const { data, includes } = await served(
    status("1609500000000000003", 11, {
      full_text: "RT @u12: cats",
      retweeted_status: original,
      quoted_status_id_str: quoted.id_str,
      quoted_status: quoted,
    }),
    status("1609500000000000004", 11, {
      in_reply_to_status_id_str: "1609300000000000009",
      in_reply_to_user_id_str: "14",
    }),
    status("1609500000000000005", 11, { retweeted_status: { odd: true } }),
  );
  const references = data.map(({ id, referenced_tweets }: Record<string, unknown>) => [
    id,
    referenced_tweets,
  ]);
  assert.deepEqual(references, [
    ["1609500000000000005", undefined],
    ["1609500000000000004", [{ type: "replied_to", id: "1609300000000000009" }]],
    ["1609500000000000003", [{ type: "retweeted", id: original.id_str }]],
  ]);
  assert.equal(data[1].in_reply_to_user_id, "14");
  const ids = (list: { id: string }[]) => list.map(({ id }) => id);
  assert.deepEqual(ids(includes.tweets), [original.id_str, quoted.id_str]);
  assert.deepEqual(includes.tweets[0].referenced_tweets, [{ type: "quoted", id: quoted.id_str }]);
  assert.deepEqual(ids(includes.users), ["11", "12", "13"]);
});
