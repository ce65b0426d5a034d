import assert from "node:assert/strict";
import { rulesFor, searchQueries } from "../../lib/twitter/rules.ts";

Deno.test("track, follow and locations become rules that mean the same", () => {
  const filter = {
    track: "night train, #marmots,C++ or else,@ada_quill",
    follow: "12, 13",
    locations: "-74,40,-73,41,1.5,2,3,4",
  };
  assert.deepEqual(rulesFor(filter), [{
    value: '(night train) OR #marmots OR ("C++" "or" else) OR @ada_quill OR ' +
      "from:12 OR to:12 OR retweets_of:12 OR from:13 OR to:13 OR retweets_of:13 OR " +
      "bounding_box:[-74 40 -73 41] OR bounding_box:[1.5 2 3 4]",
  }]);
});

Deno.test("terms are packed into as few rules as they fit in, none of them cut", () => {
  const ids = Array.from({ length: 500 }, (_, i) => `${10 ** 12 + i}`);
  const rules = rulesFor({ follow: ids.join(",") }).map(({ value }) => value);
  assert.ok(rules.every((value) => value.length <= 1_024));
  const terms = ids.map((id) => `from:${id} OR to:${id} OR retweets_of:${id}`);
  assert.equal(rules.join(" OR "), terms.join(" OR "));
  assert.equal(rules.length, Math.ceil(ids.length / 14));
});

Deno.test("rules of one's own stand first, with their tags", () => {
  const rules = [{ value: "cat has:images", tag: "cats" }];
  assert.deepEqual(rulesFor({ rules, track: "dog" }), [...rules, { value: "dog" }]);
});

Deno.test("what is searched for in place of the stream has no operators that only streams have", () => {
  const rules = [
    { value: 'cat sample:10 -bio:"a b" has:images' },
    { value: "(dog bio_location:rome)" },
    { value: "x".repeat(600) },
  ];
  assert.deepEqual(searchQueries({ rules, track: "marmot" }), {
    queries: ["cat   has:images", "(dog )", "marmot"],
    tooLong: ["x".repeat(600)],
  });
});
