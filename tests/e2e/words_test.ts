import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place } from "./program.ts";

const world = () => ({ world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 20 }) });
const SEARCH = { id: "find", type: "search", api: "2", search: { query: "sandbox" } };

async function last(place: Place) {
  return JSON.parse(await place.ok("harvest", "last", "find", "--json"));
}

Deno.test("an API that knows the new words alone is harvested, verified and dehydrated, and what it did not take is recorded", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    const { tweets, outcome, left_out } = await last(place);
    assert.deepEqual([tweets, outcome], [60, "complete"]);
    assert.deepEqual(left_out, [
      { parameter: "tweet.fields", instead: "post.fields" },
      { parameter: "expansions", name: "referenced_posts.id.author_id" },
    ]);
    assert.match(
      await place.ok("harvest", "last", "find"),
      /The API rejected tweet\.fields, post\.fields was requested instead/,
    );
    const lines = await place.tweets("find");
    assert.ok(lines.every((line) => /"edit_history_post_ids"/.test(line)));
    const ids = (await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n");
    assert.equal(new Set(ids).size, 60);
    await place.ok("collection", "verify", "find");
    const [gone] = place.sandbox.world.users.values();
    assert.ok(gone);
    gone.state = "suspended";
    const out = await place.ok("collection", "compliance", "find", "--apply");
    assert.match(out, /Removed 20 tweets/);
  }, { ...world(), newWordsOnly: true }));

Deno.test('"words": "post" asks in the new words, and is for version 2', () =>
  inOneProcess(async (place) => {
    await place.add({ ...SEARCH, words: "post" });
    await place.harvest("find");
    assert.equal((await last(place)).left_out, undefined);
    const { parameters } = place.sandbox.requests.find(({ path }) => /search/.test(path)) ??
      assert.fail("Nothing was searched");
    assert.ok(parameters["post.fields"] && !parameters["tweet.fields"]);
    assert.doesNotMatch(JSON.stringify(parameters), /tweet|pinned/);
    assert.ok((await place.tweets("find")).every((line) => /edit_history_post_ids/.test(line)));
    await place.writeJson("collection.json", { ...SEARCH, id: "b", words: "posts" });
    const wrong = await place.run("collection", "add");
    assert.match(wrong.err, /words must be "tweet" or "post"/);
    assert.equal(wrong.code, 1);
    await place.writeJson("collection.json", { ...SEARCH, id: "b", api: "1.1", words: "post" });
    assert.match((await place.run("collection", "add")).err, /words is for version 2/);
  }, world()));
