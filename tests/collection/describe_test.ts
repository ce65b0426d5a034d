import assert from "node:assert/strict";
import { describe } from "../../lib/collection/describe.ts";

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

Deno.test("changes are told in the documents' prose, in the order of their times, without since_id", () => {
  assert.deepEqual(describe(CHANGESETS, { deletesOnly: false }), [
    "credentials -> consumer_key changed from None to sha256:546bb0a0 on 2019-03-09T15:33:04.577744",
    "users -> 12 -> screen_name changed from None to jck on 2019-03-09T15:33:04.577744",
    "users -> 12 -> screen_name changed from jck to jack on 2019-03-10T02:51:34.267589",
    "credentials -> consumer_key deleted with value sha256:546bb0a0 on 2019-03-10T02:51:34.267589",
    "users -> 12 -> screen_name deleted with value jack on 2019-03-11T00:00:00Z",
  ]);
});

Deno.test("no secret is told, wherever it stands", () => {
  const update = { note: [{ access_token: "very secret" }], consumer_key: "very secret" };
  const [first, second] = describe([{
    update,
    delete: [],
    change_timestamp: "2019-03-09T15:33:04Z",
  }], { deletesOnly: false });
  assert.match(first ?? "", /note changed from None to \[\{"access_token":"sha256:546bb0a0"\}\]/);
  assert.match(second ?? "", /consumer_key changed from None to sha256:546bb0a0/);
});

Deno.test("deletions alone can be asked for", () => {
  assert.deepEqual(
    describe(CHANGESETS, { deletesOnly: true }).map((line) => line.split(" on ")[0]),
    [
      "credentials -> consumer_key deleted with value sha256:546bb0a0",
      "users -> 12 -> screen_name deleted with value jack",
    ],
  );
});

Deno.test("what has nothing in it is no change to read, and the name of a profile is no secret", () => {
  const lines = describe([
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
  ], { deletesOnly: false });
  assert.deepEqual(lines, [
    "keys -> profile changed from None to main on 2026-01-02T03:04:05Z",
    "keys -> consumer_key changed from None to sha256:546bb0a0 on 2026-01-02T03:04:05Z",
    "keys -> profile changed from main to other on 2026-01-02T03:04:06Z",
    "keys -> profile deleted with value other on 2026-01-02T03:04:07Z",
  ]);
});
