import assert from "node:assert/strict";
import { checkConfig } from "../../lib/collection/config.ts";
import { InvalidConfigError } from "../../lib/base/errors.ts";
import { FIELDS } from "../../lib/base/api_fields.ts";
import type { Json } from "../../lib/base/json.ts";

const SEARCH = {
  id: "x",
  type: "search",
  api: "2",
  keys: { bearer_token: "t" },
  search: { query: "q" },
};

function reasons(fields: Json, config: { [name: string]: Json } = SEARCH): readonly string[] {
  try {
    checkConfig({ ...config, fields });
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError);
    return error.reasons;
  }
}

Deno.test("every name that the API knows is taken, and so is none at all", () => {
  for (const [kind, { usual, others }] of Object.entries(FIELDS)) {
    assert.deepEqual(reasons({ [kind]: [...usual, ...others] }), []);
    assert.deepEqual(reasons({ [kind]: [] }), []);
  }
  assert.deepEqual(reasons({}), []);
});

Deno.test("a name that is not known is told with those that may be meant, or with all", () => {
  assert.deepEqual(
    reasons({ tweet: ["id", "enities"], place: ["altitude"], expansions: ["author"] }),
    [
      'fields.expansions.0 is "author", which is not known. Did you mean author_id or referenced_tweets.id.author_id.',
      'fields.tweet.1 is "enities", which is not known. Did you mean entities.',
      'fields.place.0 is "altitude", which is not known. Use one of contained_within, country, country_code, full_name, geo, id, name, place_type.',
    ],
  );
  assert.deepEqual(reasons({ tweets: ["id"] }), [
    "fields has tweets, which is not known. Use one of expansions, tweet, user, media, poll, place.",
  ]);
  assert.deepEqual(reasons({ tweet: "id" }), ["fields.tweet must be a list: [...]."]);
  assert.deepEqual(reasons({ tweet: [5] }), ["fields.tweet.0 must be text in quotes."]);
  assert.deepEqual(reasons("all"), [
    "fields is not properly structured. It must be {...}, with lists of names.",
  ]);
});

Deno.test("fields are for version 2 of every type", () => {
  const { api: _, ...older } = SEARCH;
  const says = 'fields is for version 2 of the API. Add "api": "2", or leave it out.';
  assert.deepEqual(reasons({ tweet: [] }, older), [says]);
  const timelines = { ...older, type: "user_timeline", users: {} };
  assert.deepEqual(reasons({ tweet: [] }, timelines), [says]);
  assert.deepEqual(reasons({ tweet: [] }, { ...timelines, api: "2" }), []);
  const filter = { ...older, type: "filter", filter: { track: "x" } };
  assert.ok(reasons({ tweet: [] }, filter).includes(says));
  assert.deepEqual(reasons({ tweet: [] }, { ...filter, api: "2" }), []);
});
