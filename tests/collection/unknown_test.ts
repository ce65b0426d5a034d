import assert from "node:assert/strict";
import { checkConfig, findUnknown } from "../../lib/collection/config.ts";
import { template } from "../../lib/collection/template.ts";
import { InvalidConfigError } from "../../lib/base/errors.ts";

const SEARCH = {
  id: "c",
  api: "2",
  type: "search",
  keys: { bearer_token: "b" },
  search: { query: "x" },
};

function reasons(config: Parameters<typeof checkConfig>[0]): readonly string[] {
  try {
    checkConfig(config, { unknown: "refused" });
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError);
    return error.reasons;
  }
  return [];
}

Deno.test("a member that nobody knows is refused at every depth, with the name that was meant", () => {
  const cases: [Parameters<typeof checkConfig>[0], string][] = [
    [
      { ...SEARCH, search: { query: "x", max_record: 10 } },
      "search.max_record is not known. Did you mean max_records?",
    ],
    [{ ...SEARCH, max_records: 10 }, "max_records is not known. Did you mean search.max_records?"],
    [{ ...SEARCH, max_record: 10 }, "max_record is not known. Did you mean search.max_records?"],
    [{ ...SEARCH, budjet: {} }, "budjet is not known. Did you mean budget?"],
    [{ ...SEARCH, zzzzzzzz: 1 }, "zzzzzzzz is not known. Leave it out;"],
    [
      { ...SEARCH, keys: { bearer_token: "b", bearer: "b" } },
      "keys.bearer is not known. Did you mean bearer_token?",
    ],
    [
      {
        id: "c",
        type: "user_timeline",
        api: "2",
        keys: SEARCH.keys,
        users: { "12": { sinceid: "1" } },
      },
      "users.12.sinceid is not known. Did you mean since_id?",
    ],
    [
      {
        id: "c",
        type: "filter",
        api: "2",
        keys: SEARCH.keys,
        filter: { rules: [{ value: "x", name: "y" }] },
      },
      "filter.rules.0.name is not known.",
    ],
  ];
  for (const [config, says] of cases) {
    const [first = "", ...others] = reasons(config);
    assert.ok(first.startsWith(says), first);
    assert.deepEqual(others, []);
    assert.doesNotThrow(() => checkConfig(config), "what is in the bucket is taken");
    assert.equal(findUnknown(config).length, 1);
  }
});

Deno.test("what templates, the documents and harvests write is known, and so are notes of a person's own", () => {
  assert.deepEqual(reasons({ ...SEARCH, _note: "for the ethics board", timestamp: "t" }), []);
  const { keys, ...rest } = SEARCH;
  assert.deepEqual(reasons({ ...rest, credentials: keys }), []);
  for (const type of ["user_timeline", "search", "filter"] as const) {
    for (const api of ["1.1", "2"] as const) {
      assert.deepEqual(findUnknown(template(type, { id: "c", api })), []);
    }
  }
});

Deno.test("one wrong name in each of 200,000 users is refused as one is", () => {
  const users = Object.fromEntries(
    Array.from({ length: 200_000 }, (_, i) => [`${i + 1}`, { sinceid: "1" }]),
  );
  const config = { id: "c", type: "user_timeline", api: "2", keys: SEARCH.keys, users };
  assert.throws(() => checkConfig(config, { unknown: "refused" }), (error) => {
    assert.ok(error instanceof InvalidConfigError);
    assert.equal(error.reasons.length, 200_000);
    assert.match(error.message, /users\.1\.sinceid is not known.* And 199980 more$/);
    return error.message.length < 2_000;
  });
});
