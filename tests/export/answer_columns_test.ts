import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { openTable } from "../../lib/export/columns.ts";
import { CsvWriter } from "../../lib/export/text_writers.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported } from "./exported.ts";

/** The rows of an export as objects, and what no column has. */
async function rowsOf(lines: string[], { merge = true, columns = "twarc" } = {}) {
  const table = openTable({ columns, merge, apis: new Set(["2"]) });
  const csv = await exported(lines, (sink) => new CsvWriter(sink, table));
  const rows: Record<string, string>[] = parse(new TextDecoder().decode(csv), { columns: true });
  return { rows, unknown: new Map(table.unknown) };
}

Deno.test("a long post has its whole text and the entities of that, in a retweet as well", async () => {
  const { rows } = await rowsOf(madePages());
  for (const id of ["1609500000000000002", "1609500000000000001"]) {
    const row = rows.find((one) => one.id === id) ?? {};
    assert.match(row.text ?? "", /^(long ){80}@ada #a \$b/);
    assert.equal(row["entities.hashtags"], '["#a"]');
    assert.equal(row["entities.urls"], '["https://example.org/x"]');
  }
});

Deno.test("without merging, a retweet has the text that was sent", async () => {
  const { rows } = await rowsOf(madePages(), { merge: false });
  const row = rows.find(({ id }) => id === "1609500000000000001");
  assert.match(row?.text ?? "", /^No\. 1609500000000000001 /);
});

Deno.test("members that are new are counted and named, and cost no row", async () => {
  const page = {
    data: [
      {
        id: "1",
        text: "a",
        novel: 1,
        author_id: "2",
        public_metrics: { view_count: 3, like_count: 2 },
      },
      {
        id: "3",
        text: "b",
        deep: { er: { x: [] } },
        author_id: "2",
        public_metrics: { view_count: 4 },
      },
    ],
    includes: { users: [{ id: "2", username: "ada", affiliation: { badge: "b" } }] },
  };
  const { rows, unknown } = await rowsOf([JSON.stringify(page)]);
  assert.deepEqual(rows.map(({ id, text }) => [id, text]), [["1", "a"], ["3", "b"]]);
  assert.deepEqual(
    unknown,
    new Map([
      ["novel", 1],
      ["public_metrics.view_count", 2],
      ["author.affiliation.badge", 2],
      ["deep.er.x", 1],
    ]),
  );
});

Deno.test("columns are those that are asked for, and no others", async () => {
  const { rows } = await rowsOf(madePages(), { columns: "author.username, id" });
  assert.deepEqual(Object.entries(rows[0] ?? {}), [
    ["author.username", "ada"],
    ["id", "1609500000000000009"],
  ]);
  await assert.rejects(() => rowsOf([], { columns: "id,nonsense" }), /"nonsense" is not a column/);
});
