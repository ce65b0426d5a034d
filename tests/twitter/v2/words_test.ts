import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { ApiError } from "../../../lib/base/errors.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../lib/sandbox/server.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { type StreamItem, type TwitterApi } from "../../../lib/twitter/api.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { isPaid } from "../../../lib/twitter/paid_api.ts";
import { tweetParameters, userParameters } from "../../../lib/twitter/v2/fields.ts";
import { Wording } from "../../../lib/twitter/v2/words.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;
const decoder = new TextDecoder();
const refusal = (...said: string[]) => new ApiError("no", { status: 400, said });

async function withApi(
  { words, ...options }: SandboxOptions & { words?: "tweet" | "post" },
  use: (api: TwitterApi, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 20 });
  const sandbox = startSandbox({ world, ...options });
  const { bearer: bearer_token, url: base } = sandbox;
  try {
    const keys = { bearer_token };
    await use(
      await openApi({ version: "2", words, keys, clock: new QuickClock(), base }),
      sandbox,
    );
  } finally {
    await sandbox.close();
  }
}

/** The first item of a stream that has a tweet. */
async function streamed(api: TwitterApi, { world }: Sandbox): Promise<StreamItem> {
  const stop = new AbortController();
  const [user = ""] = world.users.keys();
  const wanted = { owner: "live", filter: { track: "sandbox" } };
  for await (const item of api.stream(wanted, stop.signal)) {
    if (item.tweets.length > 0) {
      stop.abort();
      return item;
    }
    if (item.lost === undefined) world.post(user);
  }
  assert.fail("Nothing came");
}

for (
  const [title, options, member] of [
    ["the old words", {}, "edit_history_tweet_ids"],
    ["the new words, where they are wanted", { words: "post" }, "edit_history_post_ids"],
    [
      "the new words, where the API takes no others",
      { newWordsOnly: true },
      "edit_history_post_ids",
    ],
    [
      "the new words, wanted and needed",
      { newWordsOnly: true, words: "post" },
      "edit_history_post_ids",
    ],
  ] satisfies [string, SandboxOptions & { words?: "post" }, string][]
) {
  Deno.test(`a timeline, a search, a count, look-ups and a stream are read in ${title}`, () =>
    withApi(options, async (api, sandbox) => {
      const [user = ""] = sandbox.world.users.keys();
      const timeline = await api.timeline(user, {}, never);
      assert.ok(typeof timeline === "object");
      assert.deepEqual([timeline.count, timeline.author?.id], [20, user]);
      const search = await api.search("sandbox", {}, never);
      assert.equal(search.count, 40);
      for (const { lines } of [timeline, search]) {
        const [line = new Uint8Array()] = lines;
        assert.ok(JSON.parse(decoder.decode(line)).data[0][member], "as it was sent");
      }
      assert.ok(isPaid(api));
      const counted = await api.bill.count("sandbox", { granularity: "day" }, never);
      assert.equal(counted.posts, 40);
      assert.equal(counted.spans.reduce((sum, { posts }) => sum + posts, 0), 40);
      const [ever] = await api.bill.postCounts([user], never);
      assert.deepEqual(ever, { id: user, posts: 20, isProtected: false });
      const ids = sandbox.world.timeline(user, { count: 3 }).map(({ id }) => `${id}`);
      assert.equal((await api.tweets(ids, never)).count, 3);
      const found = (await Array.fromAsync(api.users("id", [user], never))).flat();
      assert.deepEqual(found.map(({ state }) => state), ["found"]);
      const { tweets: [tweet] } = await streamed(api, sandbox);
      const { data, __twarc } = JSON.parse(decoder.decode(tweet?.line));
      assert.ok(data[member]);
      assert.equal(/post\.fields/.test(__twarc.url), member === "edit_history_post_ids");
    }));
}

Deno.test("an API that takes the new words alone is asked once more for each name, and never again", () =>
  withApi({ newWordsOnly: true }, async (api, { requests }) => {
    await api.search("sandbox", {}, never);
    const refused = requests.filter(({ status }) => status === 400).length;
    assert.deepEqual(
      api.leftOut?.map(({ parameter, name, instead }) => [parameter, name, instead]),
      [
        ["tweet.fields", undefined, "post.fields"],
        ["expansions", "referenced_posts.id.author_id", undefined],
      ],
    );
    assert.equal(refused, 2);
    await api.search("sandbox", {}, never);
    assert.equal(requests.filter(({ status }) => status === 400).length, 2);
    const last = requests.at(-1)?.parameters ?? {};
    assert.match(last.expansions ?? "", /author_id.*referenced_posts.*edit_history_post_ids/);
    assert.doesNotMatch(JSON.stringify(last), /pinned|tweet/);
  }));

Deno.test("fields that have become expansions are asked for as those, also where few are wanted", () => {
  const wording = new Wording("post");
  const few = tweetParameters({ tweet: ["author_id", "note_tweet"], expansions: [], user: [] });
  const { expansions, "post.fields": fields } = wording.inApiWords(few);
  assert.deepEqual([expansions, fields], ["author_id", "note_post"]);
  assert.deepEqual(wording.inApiWords(userParameters({ user: ["pinned_tweet_id"] })), {
    "user.fields": "protected",
  });
  const usual = tweetParameters({});
  assert.deepEqual(new Wording().inApiWords(usual), usual, "The old words are what was asked for");
});

for (
  const said of [
    "The `user.fields` query parameter value [pinned_tweet_id] is not one of [id,name,username,url]",
    "invalid value 'pinned_tweet_id'",
    "Invalid value 'pinned_tweet_id' for parameter 'user.fields': one of id, name is expected",
    'Unknown field "pinned_tweet_id"',
  ]
) {
  Deno.test(`what is refused by its name is left out: ${said}`, async () => {
    const wording = new Wording();
    const asked: string[] = [];
    const send = (parameters: Record<string, string>) => {
      asked.push(parameters["user.fields"] ?? "");
      return /pinned/.test(asked.at(-1) ?? "")
        ? Promise.reject(refusal(said))
        : Promise.resolve("good");
    };
    const parameters = { ids: "1", "user.fields": "id,url,pinned_tweet_id" };
    assert.equal(await wording.ask(parameters, send), "good");
    assert.deepEqual(asked, ["id,url,pinned_tweet_id", "id,url"]);
    assert.deepEqual(wording.leftOut, [{ parameter: "user.fields", name: "pinned_tweet_id" }]);
  });
}

for (
  const said of [
    "The `id` query parameter value [12abc] does not match ^[0-9]{1,19}$",
    "The `until_id` query parameter value [id] is not valid",
    "Invalid 'next_token'",
    "There were errors processing your request: no viable alternative at input 'url'",
    "One or more parameters to your request was invalid.",
    "The query parameter [foo] is not one of [id,ids,expansions,tweet.fields,since_id]",
  ]
) {
  Deno.test(`what is refused for another reason is thrown at once: ${said}`, async () => {
    const wording = new Wording();
    let asked = 0;
    const parameters = { id: "12abc", "user.fields": "id,url", "tweet.fields": "id" };
    const send = () => Promise.reject(++asked && refusal(said));
    await assert.rejects(wording.ask(parameters, send), ApiError);
    assert.deepEqual([asked, wording.leftOut], [1, []]);
  });
}

Deno.test("an API that refuses everything, by whatever name, is not asked for ever", async () => {
  const wording = new Wording();
  let asked = 0;
  const send = (parameters: Record<string, string>) => {
    asked++;
    const [parameter, names = ""] = Object.entries(parameters).find(([name]) => name !== "ids") ??
      [];
    const [name = ""] = names.split(",");
    return Promise.reject(refusal(
      asked % 3 === 0
        ? `The query parameter [${parameter}] is not one of [ids]`
        : `The \`${parameter}\` query parameter value [${name}] is not one of [x]`,
    ));
  };
  await assert.rejects(wording.ask({ ids: "1", ...tweetParameters({}) }, send), ApiError);
  assert.ok(asked < 80, `${asked}`);
});

Deno.test("requests side by side that meet the same refusal leave the name out once", async () => {
  const wording = new Wording();
  const send = (parameters: Record<string, string>) =>
    /pinned/.test(parameters["user.fields"] ?? "")
      ? Promise.reject(refusal("invalid value 'pinned_tweet_id'"))
      : Promise.resolve(true);
  const ask = () => wording.ask(userParameters({}), send);
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [true, true, true]);
  assert.equal(wording.leftOut.length, 1);
});
