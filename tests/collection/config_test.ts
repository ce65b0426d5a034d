import assert from "node:assert/strict";
import {
  checkConfig,
  draftKeys,
  keysOf,
  maxRecords,
  withoutKeys,
} from "../../lib/collection/config.ts";
import { template } from "../../lib/collection/template.ts";
import { InvalidConfigError } from "../../lib/errors.ts";
import type { Json } from "../../lib/json.ts";

const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};
const SEARCH = { id: "x", type: "search", keys: KEYS, search: { query: "q" } };

function reasons(json: Json): string[] {
  try {
    checkConfig(json);
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError);
    return [...error.reasons];
  }
}

Deno.test("configurations of the three types are taken, and members that are not known stay", () => {
  assert.deepEqual(reasons(SEARCH), []);
  assert.deepEqual(
    reasons({
      id: "x",
      type: "user_timeline",
      keys: KEYS,
      users: { "12": { screen_name: "jack" } },
    }),
    [],
  );
  assert.deepEqual(
    reasons({ id: "x", type: "filter", keys: KEYS, filter: { locations: "-74,40,-73,41" } }),
    [],
  );
  const config = checkConfig({
    ...SEARCH,
    note: "ours",
    search: { query: "q", since_id: "1", note: 1 },
  });
  assert.equal(config.note, "ours");
  assert.deepEqual(withoutKeys(config), {
    id: "x",
    type: "search",
    search: { query: "q", since_id: "1", note: 1 },
    note: "ours",
  });
});

Deno.test("keys may be called credentials, or be a bearer token", () => {
  const { keys, ...rest } = SEARCH;
  assert.deepEqual(keysOf(checkConfig({ ...rest, credentials: keys })), KEYS);
  assert.deepEqual(reasons({ ...rest, keys: { bearer_token: "t" } }), []);
  assert.deepEqual(draftKeys({ keys: KEYS }).version, "1.1");
});

Deno.test("every reason is told at once, with the field and the fix", () => {
  assert.deepEqual(reasons({ type: "search" }), [
    'Missing id. Add "id", a name for the collection without spaces.',
    "Missing keys. Add them with `twarc-cloud collection-config keys`.",
    'A search collection, but missing search. Add "search": {...}.',
  ]);
  assert.match(reasons({ id: "a b", keys: KEYS }).join(" "), /Id contains spaces\. Missing type\./);
  assert.match(
    reasons({ ...SEARCH, keys: { consumer_key: "a" } }).join(" "),
    /Missing consumer_secret\..*Missing access_token\./,
  );
  assert.match(reasons([]).join(" "), /not an object/);
});

Deno.test("each member is checked for what the API takes", () => {
  const filter = (filter: Json) =>
    reasons({ id: "x", type: "filter", keys: KEYS, filter }).join(" ");
  const users = (users: Json) =>
    reasons({ id: "x", type: "user_timeline", keys: KEYS, users }).join(" ");
  const search = (search: Json) => reasons({ ...SEARCH, search }).join(" ");
  assert.match(filter({}), /Must provide track, follow, or locations/);
  assert.match(filter({ follow: "12,jack" }), /filter\.follow must be user ids/);
  assert.match(filter({ locations: "1,2,3" }), /filter\.locations must be boxes/);
  assert.match(filter({ locations: "10,40,-10,41" }), /filter\.locations must be boxes/);
  assert.match(
    filter({ track: Array.from({ length: 401 }, (_, i) => `t${i}`).join(",") }),
    /more than 400 terms/,
  );
  assert.match(users({ jack: {} }), /jack is not a user_id/);
  assert.match(users({ "12": "jack" }), /User 12 is not properly structured/);
  assert.match(users({ "12": { since_id: 5 } }), /users\.12\.since_id/);
  assert.match(users([]), /Users is not properly structured/);
  assert.match(search({ query: "  " }), /Query must be provided|search\.query/);
  assert.match(search({ query: "x".repeat(501) }), /search\.query is longer than 500 characters/);
  assert.match(
    search({ query: "q", max_records: "0" }),
    /search\.max_records must be a whole number/,
  );
  assert.match(
    search({ query: "q", since_id: "x" }),
    /search\.since_id must be a string of digits/,
  );
  assert.match(reasons({ ...SEARCH, api: "3" }).join(" "), /api must be one of/);
});

Deno.test("max_records is a number or digits, and nothing means all", () => {
  assert.equal(
    maxRecords(checkConfig({ ...SEARCH, search: { query: "q", max_records: "1000" } })),
    1_000,
  );
  assert.equal(maxRecords(checkConfig({ ...SEARCH, search: { query: "q", max_records: 7 } })), 7);
  assert.equal(maxRecords(checkConfig(SEARCH)), undefined);
});

Deno.test("what a template leaves to fill in counts as missing, and the templates are the documents'", () => {
  assert.match(
    reasons(template("search", { id: "x", api: "1.1" })).join(" "),
    /Missing consumer_key.*Query must be provided/,
  );
  const filled = { ...template("filter", { id: "x", api: "1.1" }), keys: KEYS };
  assert.match(reasons(filled).join(" "), /Must provide track/);
  assert.deepEqual(Object.keys(template("user_timeline", { id: "x", api: "1.1" })), [
    "id",
    "keys",
    "type",
    "users",
    "delete_users_for",
  ]);
  assert.match(String(template("filter", { api: "1.1" }).id), /^<Identifier for collection/);
});

Deno.test("a template of version 2 says so", () => {
  assert.equal(template("search", { api: "2" }).api, "2");
  assert.equal(template("search", { api: "1.1" }).api, undefined);
});
