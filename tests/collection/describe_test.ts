import assert from "node:assert/strict";
import { describe } from "../../lib/collection/describe.ts";
import type { Changeset } from "../../lib/collection/changeset.ts";

const CHANGESETS = [
  {
    update: { users: { "12": { screen_name: "jack", since_id: "5" } } },
    delete: ["credentials"],
    change_timestamp: "2019-03-10T02:51:34.267589",
  },
  {
    update: {
      credentials: { consumer_key: "very secret" },
      users: { "12": { screen_name: "jck" } },
    },
    delete: [],
    change_timestamp: "2019-03-09T15:33:04.577744",
  },
  { update: {}, delete: [{ users: ["12"] }], change_timestamp: "2019-03-11T00:00:00Z" },
];

/** The lines of changesets, which a bucket gives in the order of their names. */
function linesOf(changesets: Changeset[], options = { deletesOnly: false }): Promise<string[]> {
  const named = changesets.toSorted((a, b) => {
    const [one, other] = [a, b].map(({ change_timestamp }) => change_timestamp.slice(0, 19));
    return `${one}` < `${other}` ? -1 : `${one}` > `${other}` ? 1 : 0;
  });
  return Array.fromAsync(describe(named, options));
}

Deno.test("of changes of one second, the earlier one comes first, whatever their names are", async () => {
  const change = (query: string, ms: string) => ({
    update: { query },
    delete: [],
    change_timestamp: `2026-01-02T03:04:05.${ms}Z`,
  });
  assert.deepEqual(
    (await linesOf([change("second", "900"), change("first", "100")])).map((line) =>
      line.split(" on ")[0]
    ),
    ["query changed from None to first", "query changed from first to second"],
  );
});

Deno.test("changes are told in the documents' prose, in the order of their times, without since_id", async () => {
  assert.deepEqual(await linesOf(CHANGESETS), [
    "credentials -> consumer_key changed from None to sha256:546bb0a0 on 2019-03-09T15:33:04.577744",
    "users -> 12 -> screen_name changed from None to jck on 2019-03-09T15:33:04.577744",
    "users -> 12 -> screen_name changed from jck to jack on 2019-03-10T02:51:34.267589",
    "credentials -> consumer_key deleted with value sha256:546bb0a0 on 2019-03-10T02:51:34.267589",
    "users -> 12 -> screen_name deleted with value jack on 2019-03-11T00:00:00Z",
  ]);
});

Deno.test("no secret is told, wherever it stands", async () => {
  const update = { note: [{ access_token: "very secret" }], consumer_key: "very secret" };
  const [first, second] = await linesOf([{
    update,
    delete: [],
    change_timestamp: "2019-03-09T15:33:04Z",
  }]);
  assert.match(first ?? "", /note changed from None to \[\{"access_token":"sha256:546bb0a0"\}\]/);
  assert.match(second ?? "", /consumer_key changed from None to sha256:546bb0a0/);
});

Deno.test("deletions alone can be asked for", async () => {
  assert.deepEqual(
    (await linesOf(CHANGESETS, { deletesOnly: true })).map((line) => line.split(" on ")[0]),
    [
      "credentials -> consumer_key deleted with value sha256:546bb0a0",
      "users -> 12 -> screen_name deleted with value jack",
    ],
  );
});

Deno.test("what has nothing in it is no change to read, and the name of a profile is no secret", async () => {
  const lines = await linesOf([
    {
      update: { users: {}, keys: { profile: "main", consumer_key: "very secret" } },
      delete: [],
      change_timestamp: "2026-01-02T03:04:05Z",
    },
    {
      update: { users: { "12": {} }, keys: { profile: "other" } },
      delete: [],
      change_timestamp: "2026-01-02T03:04:06Z",
    },
    {
      update: {},
      delete: [{ keys: ["profile"] }],
      change_timestamp: "2026-01-02T03:04:07Z",
    },
  ]);
  assert.deepEqual(lines, [
    "keys -> profile changed from None to main on 2026-01-02T03:04:05Z",
    "keys -> consumer_key changed from None to sha256:546bb0a0 on 2026-01-02T03:04:05Z",
    "keys -> profile changed from main to other on 2026-01-02T03:04:06Z",
    "keys -> profile deleted with value other on 2026-01-02T03:04:07Z",
  ]);
});
