import assert from "node:assert/strict";
import { canonical, includedFor, pageOf, type PageOfTweets } from "../sandbox/v2_pages.ts";
import { withPages } from "./v2_payloads.ts";

/** Checks that each tweet of our lines, and what it refers to, is what was sent in some page. */
function assertAsSent(lines: string[], pages: PageOfTweets[]): void {
  const sent = new Map<string, PageOfTweets[]>();
  for (const page of pages) {
    for (const { id = "" } of page.data) sent.set(id, [...sent.get(id) ?? [], page]);
  }
  const all = new Set(
    pages.flatMap(({ data, includes }) =>
      [...data, ...Object.values(includes).flat()].map(canonical)
    ),
  );
  for (const ours of lines.flatMap(pageOf)) {
    for (const tweet of ours.data) {
      assert.ok(all.has(canonical(tweet)), `Tweet ${tweet.id} is not as it was sent`);
      const page = sent.get(tweet.id ?? "")?.at(-1) ?? assert.fail();
      const expected = includedFor(tweet, page).map((one) => one.media_key ?? one.id);
      const included = includedFor(tweet, ours);
      for (const one of included) assert.ok(all.has(canonical(one)), `${one.id} is not as sent`);
      assert.deepEqual(
        new Set(included.map((one) => one.media_key ?? one.id)),
        new Set(expected),
        `What tweet ${tweet.id} refers to`,
      );
    }
  }
}

Deno.test("a search of answers as X sent them brings every tweet, what it refers to, and the problems that were told", () =>
  withPages(async (place, pages) => {
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    await place.harvest("find");
    const lines = await place.tweets("find");
    const ours = lines.flatMap(pageOf);
    const ids = ours.flatMap(({ data }) => data.map(({ id }) => id));
    const wanted = new Set(pages.flatMap(({ data }) => data.map(({ id }) => id)));
    assert.equal(ids.length, wanted.size);
    assert.deepEqual(new Set(ids), wanted);
    assertAsSent(lines, pages);
    const told = new Set(ours.flatMap(({ errors }) => errors.map(canonical)));
    for (const error of pages.flatMap(({ errors }) => errors)) {
      assert.ok(told.has(canonical(error)), canonical(error));
    }
    const has = (what: (line: PageOfTweets) => unknown) => ours.some(what);
    assert.ok(has(({ includes }) => includes.polls) && has(({ includes }) => includes.places));
    assert.ok(has(({ data }) => data.some(({ withheld }) => withheld)));
    assert.ok(
      has(({ data }) => data.some((tweet) => (tweet.edit_history_tweet_ids?.length ?? 0) > 1)),
    );
  }));

Deno.test("timelines of answers as X sent them bring the tweets of each user, and the users as they were", () =>
  withPages(async (place, pages) => {
    const { world } = place.sandbox;
    const authors = new Set(
      pages.flatMap(({ data }) => data.map((tweet) => tweet.author_id ?? "")),
    );
    const open = [...authors].filter((id) => world.users.get(id)?.state === "open");
    const users = Object.fromEntries(open.map((id) => [id, {}]));
    await place.add({ id: "tl", type: "user_timeline", api: "2", users });
    await place.harvest("tl");
    const lines = await place.tweets("tl");
    assertAsSent(lines, pages);
    const ids = lines.flatMap(pageOf).flatMap(({ data }) => data.map(({ id }) => id));
    const wanted = new Set(
      pages.flatMap(({ data }) => data)
        .filter(({ author_id }) => open.includes(author_id ?? "")).map(({ id }) => id),
    );
    assert.equal(ids.length, wanted.size);
    assert.deepEqual(new Set(ids), wanted);
    const after = await place.object("tl/collection.json") as {
      users: Record<string, { screen_name?: string }>;
    };
    for (const id of open) {
      assert.equal(after.users[id]?.screen_name, world.users.get(id)?.screenName);
    }
    const [folder = ""] = await place.harvests("tl");
    const sent = new Set(pages.flatMap(({ includes }) => (includes.users ?? []).map(canonical)));
    const ours = (await Deno.readTextFile(`${folder}/users.jsonl`)).trimEnd().split("\n");
    assert.equal(ours.length, open.length);
    for (const line of ours) assert.ok(sent.has(canonical(JSON.parse(line))), line);
  }));
