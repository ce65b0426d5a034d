/** Rows that are made of bytes are those that a parser would give: what only a parser can say is left to it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { openTable } from "../../lib/export/columns.ts";
import { CsvWriter } from "../../lib/export/text_writers.ts";
import type { Table } from "../../lib/export/writer.ts";
import { changedLines, USUAL } from "./answer_lines.ts";
import { exported } from "./exported.ts";
import { testAnswerRows } from "./same_rows.ts";

/** What both ways make of lines, and how many rows were made of bytes alone. */
async function bothOf(lines: string[], merge: boolean) {
  let quick = 0;
  const write = async (isQuick: boolean) => {
    const table = openTable({ merge, apis: new Set(["2"]) });
    const counted: Table = {
      ...table,
      addCsvRow: (post, out) => {
        const isDone = isQuick && table.addCsvRow?.(post, out) === true;
        if (isDone) quick++;
        return isDone;
      },
    };
    const bytes = await exported(lines, (sink) => new CsvWriter(sink, counted), {
      keepDuplicates: true,
    }).catch((error) => {
      // A line that is none of the API's is refused, by both ways alike.
      if (!(error instanceof SyntaxError)) throw error;
      return new TextEncoder().encode(error.message);
    });
    const unknown = [...table.unknown ?? []].toSorted(([a], [b]) => a < b ? -1 : 1);
    return { rows: new TextDecoder().decode(bytes).split("\n"), unknown };
  };
  return { bytes: await write(true), parsed: await write(false), quick };
}

async function assertSame(lines: string[], { merge = true, quick = 0 } = {}): Promise<void> {
  const { bytes, parsed, quick: made } = await bothOf(lines, merge);
  assert.equal(bytes.rows.length, parsed.rows.length);
  for (const [i, row] of bytes.rows.entries()) {
    if (row !== parsed.rows[i]) {
      assert.deepEqual(row.split(","), parsed.rows[i]?.split(","), lines[i]);
    }
  }
  assert.deepEqual(bytes.unknown, parsed.unknown);
  assert.ok(made >= quick, `${made} rows were made of bytes: ${lines[0]}`);
}

Deno.test("cells are the same, of bytes alone, for what the API sends", async () => {
  for (const line of USUAL) await assertSame([line, line], { quick: 2 });
  for (const line of USUAL) await assertSame([line], { merge: false, quick: 1 });
  await assertSame(USUAL);
});

testAnswerRows(assertSame);

Deno.test("with any JSON in place of any part of an answer, rows are the same", async () => {
  await fc.assert(
    fc.asyncProperty(changedLines(), (lines) => assertSame(lines)),
    { numRuns: 150 },
  );
});
