import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { type Sandbox, startSandbox } from "../../../lib/sandbox/server.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { type TwitterApi } from "../../../lib/twitter/api.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { twitterApiContract } from "../../contract/twitter_api.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;

twitterApiContract({
  name: "v1.1",
  open: ({ keys, url }, clock) => openApi({ version: "1.1", keys, clock, base: url }),
  idsIn: ({ lines }) => lines.map((line) => JSON.parse(new TextDecoder().decode(line)).id_str),
  timelinePath: "user_timeline",
  timelinePage: 200,
});

async function withApi(use: (api: TwitterApi, sandbox: Sandbox) => Promise<void>): Promise<void> {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 450 });
  const sandbox = startSandbox({ world });
  const { keys, url } = sandbox;
  try {
    await use(await openApi({ version: "1.1", keys, clock: new QuickClock(), base: url }), sandbox);
  } finally {
    await sandbox.close();
  }
}

Deno.test("v1.1: only an empty page ends a timeline: a short one may have holes", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const oldest = sandbox.world.timeline(user, { count: 450 }).at(-2)?.id;
    const page = await api.timeline(user, { untilId: `${oldest}` }, never);
    assert.ok(typeof page === "object" && page.count === 1 && page.next);
    const last = await api.timeline(user, { untilId: page.oldestId ?? "" }, never);
    assert.ok(typeof last === "object" && last.count === 0 && last.next === undefined);
  }));

Deno.test("v1.1: users are looked up a hundred at a time, and only those that are left out one by one", () =>
  withApi(async (api, sandbox) => {
    const asked = [
      ...sandbox.world.users.keys(),
      ...Array.from({ length: 120 }, (_, i) => `${i + 1}`),
    ];
    await Array.fromAsync(api.users("id", asked, never));
    const calls = (name: string) =>
      sandbox.requests.filter(({ path }) => path.endsWith(name)).length;
    assert.deepEqual([calls("lookup.json"), calls("show.json")], [2, 120]);
  }));

Deno.test("v1.1: a page that was there before is asked for again rather than written twice", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const first = await api.timeline(user, {}, never);
    assert.ok(typeof first === "object");
    sandbox.troubles.add({ kind: "repeat", path: "user_timeline" });
    const second = await api.timeline(user, { untilId: first.oldestId ?? "" }, never);
    assert.ok(typeof second === "object");
    assert.equal(second.count, 200);
    assert.ok(BigInt(second.newestId ?? "0") < BigInt(first.oldestId ?? "0"));
    assert.equal(sandbox.requests.length, 3);
  }));

Deno.test("v1.1: everything that a status or a user has is asked for, also what describes its pictures to those who cannot see them", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    await api.timeline(user, {}, never);
    await api.search("sandbox", {}, never);
    const stop = new AbortController();
    for await (const _ of api.stream({ filter: { track: "x" }, owner: "c" }, stop.signal)) {
      stop.abort();
    }
    // One that is there, and one that is not.
    await Array.fromAsync(api.users("id", [user, "1"], never));
    const asked = sandbox.requests.filter(({ path }) => !path.includes("oauth"));
    assert.deepEqual(asked.map(({ path }) => path.split("/").at(-1)), [
      "user_timeline.json",
      "tweets.json",
      "filter.json",
      "lookup.json",
      "show.json",
    ]);
    for (const { parameters } of asked) {
      assert.equal(parameters.tweet_mode, "extended");
      for (
        const name of [
          "include_ext_alt_text",
          "include_ext_is_blue_verified",
          "include_entities",
          "include_card_uri",
        ]
      ) {
        assert.equal(parameters[name], "true", name);
      }
    }
  }));
