import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FIELDS } from "../../../lib/base/api_fields.ts";
import { startSandbox } from "../../../lib/sandbox/server.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { tweetParameters, userParameters } from "../../../lib/twitter/v2/fields.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;

Deno.test("everything usual is asked for where nothing is said", () => {
  const all = tweetParameters({});
  assert.deepEqual(Object.keys(all), [
    "expansions",
    "tweet.fields",
    "user.fields",
    "media.fields",
    "poll.fields",
    "place.fields",
  ]);
  assert.equal(all["tweet.fields"], FIELDS.tweet.usual.join(","));
  assert.deepEqual(tweetParameters({}, "authors"), all);
});

Deno.test("a list narrows its kind alone, and an empty one asks for none", () => {
  const { "tweet.fields": tweet, expansions, ...others } = tweetParameters({
    tweet: ["created_at", "article"],
    expansions: [],
  });
  assert.deepEqual([tweet, expansions], ["created_at,article", undefined]);
  const { "tweet.fields": _, expansions: __, ...usual } = tweetParameters({});
  assert.deepEqual(others, usual);
});

Deno.test("what the program reads of users is asked for all the same, where it reads it", () => {
  const none = { expansions: [], tweet: [], user: [], media: [], poll: [], place: [] };
  assert.deepEqual(tweetParameters(none), {});
  assert.deepEqual(tweetParameters(none, "authors"), {
    expansions: "author_id",
    "user.fields": "protected",
  });
  assert.deepEqual(tweetParameters(none, "protected"), tweetParameters(none, "authors"));
  const quoted = { ...none, expansions: ["referenced_tweets.id"] };
  assert.deepEqual(tweetParameters(quoted, "protected"), {
    expansions: "referenced_tweets.id,author_id,referenced_tweets.id.author_id",
    "tweet.fields": "author_id",
    "user.fields": "protected",
  }, "whose tweets come along is told as well");
  assert.deepEqual(userParameters({ user: ["url"] }), { "user.fields": "url,protected" });
});

Deno.test("timelines, searches, users and the stream are asked with the fields that were chosen", async () => {
  const sandbox = startSandbox();
  try {
    const fields = { tweet: ["created_at"], expansions: [], user: [], media: [] };
    const [user = ""] = sandbox.world.users.keys();
    const { keys, url: base } = sandbox;
    const api = await openApi({ version: "2", keys, fields, clock: new QuickClock(), base });
    await api.timeline(user, {}, never);
    await api.search("sandbox", {}, never);
    assert.equal((await api.search("sandbox", { archive: "all" }, never)).count, 500);
    await Array.fromAsync(api.users("id", [user], never));
    const stop = new AbortController();
    const wanted = { owner: "live", filter: { track: "sandbox" } };
    for await (const _ of api.stream(wanted, stop.signal)) stop.abort();
    const asked = new Map(sandbox.requests.map(({ path, parameters }) => [path, parameters]));
    const chosen = (path: string) => {
      const { expansions, "tweet.fields": tweet, "user.fields": users } = asked.get(path) ?? {};
      return [expansions, tweet, users, asked.get(path)?.["media.fields"]];
    };
    assert.deepEqual(chosen(`/2/users/${user}/tweets`), [
      "author_id",
      "created_at",
      "protected",
      undefined,
    ]);
    for (const path of ["search/recent", "search/all", "search/stream"]) {
      assert.deepEqual(
        chosen(`/2/tweets/${path}`),
        ["author_id", "created_at", "protected", undefined],
        path,
      );
    }
    assert.equal(asked.get("/2/users")?.["user.fields"], "protected");
    const everything = await openApi({ version: "2", keys, clock: new QuickClock(), base });
    assert.equal((await everything.search("sandbox", { archive: "all" }, never)).count, 100);
  } finally {
    await sandbox.close();
  }
});

Deno.test("the table of what is asked for has every name, and says of each what the code does", async () => {
  const path = fileURLToPath(new URL("../../../docs/requests.md", import.meta.url));
  const rows = (await Deno.readTextFile(path)).split("\n").map((row) =>
    row.split("|").map((cell) => cell.trim().replaceAll("`", ""))
  );
  const told = new Map(rows.map(([, parameter, name, , ours]) => [`${parameter} ${name}`, ours]));
  for (const [kind, { usual, others }] of Object.entries(FIELDS)) {
    const parameter = kind === "expansions" ? kind : `${kind}.fields`;
    for (const name of usual) assert.equal(told.get(`${parameter} ${name}`), "yes", name);
    for (const name of others) assert.match(told.get(`${parameter} ${name}`) ?? "", /^where named/);
  }
});
