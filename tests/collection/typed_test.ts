import assert from "node:assert/strict";
import { checkConfig } from "../../lib/collection/config.ts";
import { queryNotes } from "../../lib/collection/typed.ts";
import type { JsonObject } from "../../lib/base/json.ts";

const NOW = Date.parse("2026-01-31T00:00:00Z");
const KEYS = { bearer_token: "t" };

function search(query: string, more: JsonObject = {}): JsonObject {
  return { id: "s", type: "search", api: "2", keys: KEYS, search: { query, ...more } };
}

/** A configuration that a person gives now is refused with what is expected; that it stands in a bucket is no reason. */
function refused(config: JsonObject, says: RegExp): void {
  assert.throws(() => checkConfig(config, { typedAt: NOW }), says);
  checkConfig(config);
}

Deno.test("ids of users and tweets that cannot be are refused where a person gives them", () => {
  const timelines = (users: JsonObject) => ({
    id: "t",
    type: "user_timeline",
    api: "2",
    keys: KEYS,
    users,
  });
  refused(timelines({ "0": {} }), /users has "0", which is not an id: no user/);
  refused(timelines({ "12345678901234567890": {} }), /too many digits/);
  refused(timelines({ "012": {} }), /begins with 0/);
  refused(
    timelines({ "12": { since_id: "9000000000000000000" } }),
    /users\.12\.since_id .* its time is in the future/,
  );
  // When a user was made is not for their id to say: people number their own.
  checkConfig(timelines({ "9000000000000000000": {} }), { typedAt: NOW });
  refused(search("x", { since_id: "0" }), /search\.since_id/);
  refused(
    {
      id: "f",
      type: "filter",
      api: "2",
      keys: KEYS,
      filter: { follow: "12,99999999999999999999" },
    },
    /filter\.follow has "99999999999999999999"/,
  );
  const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`0${i}`, {}]));
  assert.throws(() => checkConfig(timelines(many), { typedAt: NOW }), /And 199980 more/);
  const now = `${(BigInt(NOW) - 1_288_834_974_657n) << 22n}`;
  checkConfig(timelines({ "12": { since_id: now }, [now]: {} }), { typedAt: NOW });
});

Deno.test("a query is as long as some access allows, and where not every one does it is said", () => {
  assert.deepEqual(queryNotes(search("x".repeat(512))), []);
  assert.match(
    queryNotes(search("x".repeat(513)))[0] ?? "",
    /513 characters.* allow 512, Enterprise 4096/,
  );
  assert.deepEqual(queryNotes(search("\u{1f600}".repeat(512))), [], "characters, not code units");
  assert.deepEqual(queryNotes(search("x".repeat(1_024), { archive: "all" })), []);
  assert.match(queryNotes(search("x".repeat(1_025), { archive: "all" }))[0] ?? "", /allow 1024/);
  checkConfig(search("x".repeat(4_096)), { typedAt: NOW });
  refused(search("x".repeat(4_097)), /has 4097 characters, and the API takes 4096 at most/);
});

Deno.test("quotes and spaces that search for something else are pointed out", () => {
  const [quotes, space, unseen] = queryNotes(search("\u201ca b\u201d\u00a0c\u200b"));
  assert.match(quotes ?? "", /search\.query has curly quotes \(\u201c U\+201C, \u201d U\+201D\)/);
  assert.match(space ?? "", /non-breaking space \(U\+00A0\)/);
  assert.match(unseen ?? "", /invisible character \(U\+200B\)/);
  const filter = { rules: [{ value: "a" }, { value: "\u00aba\u00bb" }], track: "don\u2019t" };
  assert.deepEqual(
    queryNotes({ id: "f", type: "filter", api: "2", filter }).map((note) => note.split(" ")[0]),
    ["filter.track", "filter.rules.1.value"],
  );
  const [dash] = queryNotes(search("cat \u2013dog"));
  assert.match(dash ?? "", /a long dash \(\u2013 U\+2013\).*use a hyphen instead/);
  assert.deepEqual(queryNotes(search('"a b" c')), []);
});

Deno.test("spans in which nothing can be are refused where a person gives them", () => {
  const at = (days: number) => new Date(NOW + days * 86_400_000).toISOString();
  refused(
    search("x", { start_time: at(-1), end_time: at(-2) }),
    /end_time is not after .* Swap them/,
  );
  refused(search("x", { start_time: at(-1), end_time: at(-1) }), /end_time is not after/);
  refused(search("x", { start_time: at(3) }), /start_time is .*, which is in the future/);
  checkConfig(search("x", { start_time: at(-2), end_time: at(3) }), { typedAt: NOW });
});
