import assert from "node:assert/strict";
import { diff } from "../../lib/collection/changeset.ts";
import {
  hasKeys,
  keyless,
  mayHaveKeys,
  namesOfKeys,
  withFingerprints,
} from "../../lib/collection/keyless.ts";

const CONFIG = "collections/c/collection.json";
const CHANGE = "collections/c/changesets/change-20260102030405.json";
const bytes = (text: string) => new TextEncoder().encode(text);
const without = (key: string, text: string): unknown =>
  JSON.parse(new TextDecoder().decode(keyless(key, bytes(text)) ?? assert.fail()));

Deno.test("keys are looked for in configurations and changesets, wherever they are", () => {
  const harvest = "collections/c/harvests/2026/01/02/03/04/05/";
  for (const key of [CONFIG, CHANGE, `${harvest}collection.json`]) assert.ok(mayHaveKeys(key), key);
  for (const name of ["harvest.json", "users.jsonl", "tweets-1.jsonl.gz", "manifest-sha1.txt"]) {
    assert.ok(!mayHaveKeys(`${harvest}${name}`), name);
  }
});

Deno.test("keys are left out of a configuration, under each name that they had and at any depth", () => {
  const users = { "12": { screen_name: "a" } };
  for (
    const secrets of [
      { keys: { consumer_key: "ck", consumer_secret: "cs" } },
      { credentials: { access_token: "at" } },
      { keys: { profile: "main", bearer_token: "b" } },
      { bearer_token: "b" },
      { honeybadger_key: "h", api_password: ["p"] },
    ]
  ) {
    const text = JSON.stringify({ id: "c", ...secrets, users });
    assert.deepEqual(without(CONFIG, text), { id: "c", users });
  }
  assert.deepEqual(without(CONFIG, '{"a":{"b":[{"token":"x","c":1}]}}'), { a: { b: [{ c: 1 }] } });
});

Deno.test("secrets of a changeset are fingerprints, as in those that are written now", () => {
  const text = '{"update":{"keys":{"consumer_secret":"cs"}},"delete":["credentials"]}';
  const once = without(CHANGE, text);
  assert.deepEqual(once, {
    update: { keys: { consumer_secret: "sha256:3b8b91c7" } },
    delete: ["credentials"],
  });
  const again = bytes(JSON.stringify(once));
  assert.equal(keyless(CHANGE, again), again);
});

Deno.test("names of keys that a changeset deletes are no keys: a profile instead of four keys, and as many as there are", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `api_token_${i}`);
  for (const member of ["keys", "credentials"]) {
    const four = ["consumer_key", "consumer_secret", "access_token", "access_token_secret"];
    for (const inline of [four, names]) {
      const before = { [member]: Object.fromEntries(inline.map((name) => [name, "x"])) };
      const change = { ...diff(before, { [member]: { profile: "main" } }), change_timestamp: "t" };
      assert.deepEqual(change.delete, [{ [member]: inline }]);
      assert.equal(hasKeys(change), false);
      assert.deepEqual(namesOfKeys(change), []);
      assert.deepEqual(withFingerprints(change), change);
      const content = bytes(JSON.stringify(change));
      for (const key of [CHANGE, "collections/c/change.json.bak"]) {
        assert.equal(keyless(key, content), content, key);
      }
    }
  }
});

Deno.test("keys that a changeset puts are found beside names that it deletes, which stay", () => {
  const change = {
    update: { keys: { consumer_secret: "cs" } },
    delete: [{ keys: ["access_token"] }, "bearer_token"],
  };
  const safe = { ...change, update: { keys: { consumer_secret: "sha256:3b8b91c7" } } };
  assert.deepEqual(namesOfKeys(change), ["consumer_secret sha256:3b8b91c7"]);
  assert.deepEqual(withFingerprints(change), safe);
  assert.deepEqual(without(CHANGE, JSON.stringify(change)), safe);
});

Deno.test("a member that is only named like a changeset's deletions is searched for keys", () => {
  const config = { id: "c", delete: [{ keys: ["k"] }] };
  assert.ok(hasKeys(config));
  assert.deepEqual(without(CONFIG, JSON.stringify(config)), { id: "c", delete: [{}] });
});

Deno.test("a profile's name is no key, beside keys either", () => {
  const keys = { profile: "main", consumer_secret: "cs" };
  assert.deepEqual(namesOfKeys({ keys }), ["consumer_secret sha256:3b8b91c7"]);
  assert.deepEqual(withFingerprints({ keys }), {
    keys: { profile: "main", consumer_secret: "sha256:3b8b91c7" },
  });
});

Deno.test("what has no keys stays byte for byte, also where it only names those that are elsewhere", () => {
  for (
    const text of [
      '{ "id":"c",\r\n "since_id": 12345678901234567890 }',
      '\ufeff{"id":"c","keys":{"profile":"main"}}',
      "[]",
      "no JSON at all",
      "",
    ]
  ) {
    const content = bytes(text);
    assert.equal(keyless(CONFIG, content), content, text);
  }
});

Deno.test("what is damaged, and may have keys, is not taken for keyless", () => {
  for (
    const text of ['{"keys":{"consumer_secret":"cs"', '{"bearer_TOKEN": "b"', "credentials = x"]
  ) {
    assert.equal(keyless(CONFIG, bytes(text)), null, text);
  }
  assert.equal(keyless(CONFIG, new Uint8Array([0xff, ...bytes("secret")])), null);
});
