import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkConfig,
  draftKeys,
  isProtectedWanted,
  requireKeys,
  withoutKeys,
} from "../../lib/collection/config.ts";
import { type CollectionConfig, planFor } from "../../lib/collection/types/registry.ts";
import { template } from "../../lib/collection/template.ts";
import { InvalidConfigError } from "../../lib/base/errors.ts";
import type { Json } from "../../lib/base/json.ts";

const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};
const maxRecords = (config: CollectionConfig) => planFor(config).maxRecords;
const SEARCH = { id: "x", type: "search", keys: KEYS, search: { query: "q" } };

function reasons(json: Json, options: Parameters<typeof checkConfig>[1] = {}): string[] {
  try {
    checkConfig(json, options);
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
  assert.deepEqual(requireKeys(checkConfig({ ...rest, credentials: keys })), KEYS);
  assert.deepEqual(reasons({ ...rest, keys: { bearer_token: "t" } }), []);
  assert.match(reasons({ ...rest, keys: { bearer_token: "" } }).join(" "), /Missing consumer_key/);
  const other = { ...KEYS, consumer_key: "older" };
  assert.deepEqual(requireKeys(checkConfig({ ...SEARCH, credentials: other })), KEYS);
  assert.deepEqual(withoutKeys(checkConfig({ ...SEARCH, credentials: other })), rest);
  assert.deepEqual(draftKeys({ keys: KEYS }).version, "1.1");
  assert.deepEqual(draftKeys({ credentials: KEYS, api: "2" }), { keys: KEYS, version: "2" });
  assert.throws(() => draftKeys({ keys: { ...KEYS, access_token: 5 } }), /keys\.access_token must/);
});

Deno.test("a consumer pair is enough, but not for the stream of 1.1, which takes a user's keys", () => {
  const { consumer_key, consumer_secret } = KEYS;
  const pair = { consumer_key, consumer_secret };
  assert.deepEqual(reasons({ ...SEARCH, keys: pair }), []);
  assert.match(
    reasons({ ...SEARCH, keys: { consumer_secret } }).join(" "),
    /^Missing consumer_key/,
  );
  const filter = { id: "x", type: "filter", filter: { track: "q" } };
  assert.deepEqual(reasons({ ...filter, api: "2", keys: pair }), []);
  for (const keys of [pair, { ...pair, bearer_token: "t" }]) {
    assert.deepEqual(reasons({ ...filter, keys }), [
      "Missing access_token. The stream of version 1.1 takes the four keys of a user only.",
      "Missing access_token_secret. Get them by a login with `twarc-cloud configure`, then add them with `twarc-cloud collection-config keys`.",
    ]);
  }
  assert.deepEqual(reasons({ ...filter, keys: KEYS }), []);
});

Deno.test("a harvest's own copy has no keys, and can be read", () => {
  const { keys: _keys, ...copy } = SEARCH;
  assert.throws(() => checkConfig(copy), /Missing keys/);
  const config = checkConfig(copy, { keys: "optional" });
  assert.equal(config.id, "x");
  assert.throws(() => requireKeys(config), /has no keys/);
});

Deno.test("every reason is told at once, with the field and the fix", () => {
  assert.deepEqual(reasons({ type: "search" }), [
    'Missing id. Add "id", a name for the collection without spaces.',
    "Missing keys. Add them with `twarc-cloud collection-config keys`.",
    'A search collection, but missing search. Add "search": {...}.',
  ]);
  assert.match(
    reasons({ id: "a b", keys: KEYS }, { isNew: true }).join(" "),
    /^Id contains spaces\. Use '_' instead\. Missing type\./,
  );
  assert.match(
    reasons({ ...SEARCH, keys: { consumer_key: "a", access_token: "c" } }).join(" "),
    /Missing consumer_secret\..*Missing access_token_secret\./,
  );
  assert.match(reasons([]).join(" "), /not an object/);
  assert.deepEqual(
    reasons({
      id: 5,
      type: "search",
      api: "3",
      keys: { ...KEYS, consumer_key: 5 },
      search: { max_records: 0 },
      timestamp: 1,
    }),
    [
      "Id must be text in quotes.",
      'Query must be provided. Add "query" to "search".',
      "api must be one of 1.1, 2, in quotes.",
      "keys.consumer_key must be text in quotes.",
      "timestamp must be text in quotes.",
      "search.max_records must be a whole number above 0.",
    ],
  );
});

Deno.test("nothing is refused without a reason, and no reason is told twice", () => {
  const odd = fc.constantFrom<Json>(null, 5, -1, 1.5, true, "", " ", "x", "5", [], {}, { a: 1 });
  const part = fc.dictionary(
    fc.constantFrom("query", "since_id", "max_records", "track", "follow", "locations", "12", "x"),
    odd,
    { noNullPrototype: true },
  );
  const keys = fc.dictionary(fc.constantFrom(...Object.keys(KEYS), "bearer_token"), odd, {
    noNullPrototype: true,
  });
  const config = fc.record({
    id: odd,
    type: fc.constantFrom<Json>("user_timeline", "search", "filter", 5, "other"),
    api: odd,
    keys: fc.oneof(odd, keys),
    credentials: fc.oneof(odd, keys),
    users: fc.oneof(odd, part),
    search: fc.oneof(odd, part),
    filter: fc.oneof(odd, part),
    delete_users_for: odd,
    lookup_users_every: odd,
  }, { requiredKeys: [], noNullPrototype: true });
  fc.assert(
    fc.property(config, (config) => {
      try {
        checkConfig(config);
      } catch (error) {
        assert.ok(error instanceof InvalidConfigError);
        const { reasons } = error;
        assert.ok(reasons.length > 0);
        assert.equal(new Set(reasons).size, reasons.length);
        for (const reason of reasons) {
          assert.doesNotMatch(reason, /Invalid|expected [a-z]+,|undefined/);
        }
      }
    }),
    { numRuns: 500 },
  );
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
  assert.equal(filter({ locations: Array(25).fill("-74,40,-73.5,41").join(",") }), "");
  assert.match(filter({ locations: Array(26).fill("-74,40,-73.5,41").join(",") }), /25 boxes/);
  assert.match(filter({ locations: "-74,40,,-73,41" }), /filter\.locations must be boxes/);
  assert.equal(filter({ track: "é".repeat(30) }), "");
  assert.match(filter({ track: `a,${"é".repeat(31)}` }), /a term of more than 60 bytes/);
  assert.match(filter({ track: " , " }), /Must provide track, follow, or locations/);
  const ids = (most: number) => Array.from({ length: most }, (_, i) => `${i}`).join(",");
  assert.equal(filter({ follow: ids(5_000) }), "");
  assert.match(filter({ follow: ids(5_001) }), /more than 5000 users/);
  assert.match(users({ jack: {} }), /jack is not a user_id/);
  assert.match(users({ "12": "jack" }), /User 12 is not properly structured/);
  assert.match(users({ "12": { since_id: 5 } }), /users\.12\.since_id/);
  assert.match(users([]), /Users is not properly structured/);
  assert.match(search({ query: "  " }), /Query must be provided|search\.query/);
  assert.match(search({ query: "x".repeat(501) }), /search\.query is longer than 500 characters/);
  assert.deepEqual(reasons({ ...SEARCH, api: "2", search: { query: "x".repeat(501) } }), []);
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
    "protected",
    "users",
    "delete_users_for",
  ]);
  assert.match(String(template("filter", { api: "1.1" }).id), /^<Identifier for collection/);
  const hearts = { id: "x", type: "filter", keys: KEYS, filter: { track: "<3, <3 you>" } };
  assert.deepEqual(reasons(hearts), [], "what a person wrote is no placeholder");
});

Deno.test("what is not public is collected where the configuration says so, in one word", () => {
  assert.equal(isProtectedWanted(checkConfig(SEARCH)), false);
  assert.equal(isProtectedWanted(checkConfig({ ...SEARCH, protected: "collect" })), true);
  for (const odd of ["skip", "Collect", true, null, ""]) {
    assert.match(
      reasons({ ...SEARCH, protected: odd }).join(),
      /protected must be "collect"/,
      `${odd}`,
    );
  }
  for (const type of ["user_timeline", "search", "filter"] as const) {
    for (const api of ["1.1", "2"] as const) {
      assert.match(String(template(type, { api }).protected), /^<Optional\. "collect"/);
    }
  }
});

Deno.test("a template of version 2 says so", () => {
  assert.equal(template("search", { api: "2" }).api, "2");
  assert.equal(template("search", { api: "1.1" }).api, undefined);
});

Deno.test("an archive and times are for searches of version 2", () => {
  const search = { query: "q", archive: "all", start_time: "2026-01-31T00:00:00Z" };
  assert.deepEqual(reasons({ ...SEARCH, api: "2", search }), []);
  assert.match(
    reasons({ ...SEARCH, search }).join(" "),
    /search\.archive is for version 2.*search\.start_time is for version 2/,
  );
  assert.match(
    reasons({ ...SEARCH, api: "2", search: { query: "q", end_time: "yesterday" } }).join(" "),
    /search\.end_time must be a time in UTC/,
  );
});

Deno.test("what only version 2 knows about timelines is refused for version 1.1", () => {
  const timeline = { id: "x", type: "user_timeline", keys: KEYS, users: {}, exclude: ["replies"] };
  assert.deepEqual(reasons({ ...timeline, api: "2", lookup_users_every: 30 }), []);
  assert.match(reasons(timeline).join(" "), /^exclude is for version 2/);
  assert.match(
    reasons({ ...timeline, api: "2", exclude: ["quotes"] }).join(" "),
    /exclude\.0 must be "replies" or "retweets"/,
  );
});

Deno.test("users that are as they must be are not copied, however many they are", () => {
  const users = { "12": { screen_name: "a", note: 1 }, "13": {} };
  const config = checkConfig({
    id: "c",
    type: "user_timeline",
    keys: { bearer_token: "b" },
    users,
  });
  assert.ok(config.type === "user_timeline");
  assert.equal(config.users, users);
  const bare = withoutKeys(config);
  assert.equal(bare.users, users);
  assert.deepEqual(Object.keys(bare), ["id", "type", "users"]);
});

Deno.test("packing is gzip or zstd, and only zstd has levels", () => {
  const packed = (more: Record<string, Json>) => ({ ...SEARCH, ...more });
  for (const level of [1, 9]) {
    const config = checkConfig(packed({ compression: "zstd", compression_level: level }));
    assert.deepEqual([config.compression, config.compression_level], ["zstd", level]);
  }
  assert.equal(checkConfig(packed({ compression: "gzip" })).compression, "gzip");
  const wrong: [Record<string, Json>, RegExp][] = [
    [{ compression: "lz4" }, /^compression must be "gzip" or "zstd"/],
    [{ compression: "zstd", compression_level: 10 }, /^compression_level must be .* from 1 to 9/],
    [{ compression: "zstd", compression_level: 2.5 }, /^compression_level must be a whole number/],
    [{ compression_level: 3 }, /^compression_level is for zstd\. Set "compression": "zstd"/],
    [{ compression: "gzip", compression_level: 3 }, /^compression_level is for zstd/],
  ];
  for (const [more, reason] of wrong) assert.match(reasons(packed(more)).join(" "), reason);
});
