import assert from "node:assert/strict";
import { queryFault } from "../../lib/twitter/query_fault.ts";

const REFUSED = "There were errors processing your request";

Deno.test("a position that the API names is shown with what is there", () => {
  const query = "(cats OR dogs) AND (marmots OR squirrels)";
  const said = `${REFUSED}: Ambiguous use of and as a keyword (at position 16)`;
  assert.equal(queryFault(query, said), 'It is at "(cats OR dogs) AND (marmots OR".');
});

for (
  const [query, says] of [
    ["cats (dogs", 'At "cats (dogs": the parenthesis is not closed.'],
    ["cats dogs)", 'At "cats dogs)": no ( belongs to this ).'],
    ["cats ()", 'At "cats ()": there is nothing in ( ).'],
    ['say "hello there', 'At "say \\"hello there": the quotation mark has no other one.'],
    ["cats OR", 'At "cats OR": OR needs a term on each side.'],
    ["OR cats", 'At "OR cats": OR needs a term on each side.'],
    ["cats OR OR dogs", 'At "cats OR OR dogs": OR needs a term on each side. At'],
    ["(OR cats) dogs", 'At "(OR cats) dogs": OR needs a term on each side.'],
    ["cats NOT dogs", "NOT is no operator: what is not wanted has a - before it, such as -cats."],
    ["cats - dogs", "the - has to be right before a term."],
    ["cats form:jack", 'At "cats form:jack": form: is not an operator that is known here.'],
    ["cats from: jack", "from: has to be followed by its value, without a space."],
    [
      "cats (dogs OR",
      'At "cats (dogs OR": the parenthesis is not closed. At "cats (dogs OR": OR needs a term on each side.',
    ],
  ] as const
) {
  Deno.test(`what the API refuses without a position is found: ${query}`, () => {
    const found = queryFault(query, REFUSED) ?? "";
    assert.ok(found.includes(says), found);
  });
}

Deno.test("an operator that the API names is shown where it is", () => {
  const said =
    "Reference to invalid operator 'place_country'. Operator is not available in current product";
  assert.equal(
    queryFault("a very long query on cats place_country:de", said),
    'At "query on cats place_country:d": the API does not accept place_country: here.',
  );
});

Deno.test("nothing is said of a query in which nothing is wrong, however odd it looks", () => {
  for (
    const query of [
      "cats",
      '"OR (" cats',
      "(cats OR dogs) -is:retweet lang:en",
      '(cats OR -(dogs from:jack)) url:"https://x.com/a(b"',
      "bounding_box:[-105.3 39.9 -105.1 40.1] 10:30 https://example.org",
      "from:a OR from:b",
    ]
  ) assert.equal(queryFault(query, REFUSED), null, query);
});
