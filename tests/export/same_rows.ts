/** Rows that are made of bytes, beside those that are made of what is parsed. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { CsvWriter } from "../../lib/export/text_writers.ts";
import type { Table } from "../../lib/export/writer.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { UNUSUAL, USUAL } from "./answer_lines.ts";
import { exported, recordedAnswers } from "./exported.ts";

/**
 * Checks that lines have the same rows in both ways, byte for byte.
 * @param options.parsed The table that makes rows of what is parsed.
 * @param options.quick How many rows are made of bytes alone, at least.
 */
export async function assertSameRows(
  lines: string[],
  { table, parsed, quick = 0 }: { table: Table; parsed: Table; quick?: number },
): Promise<void> {
  let made = 0;
  const addCsvRow: Table["addCsvRow"] = (post, out) => {
    const isDone = table.addCsvRow?.(post, out) === true;
    if (isDone) made++;
    return isDone;
  };
  const rows = await rowsOf(lines, { ...table, addCsvRow });
  const wanted = await rowsOf(lines, parsed);
  for (const [i, row] of rows.entries()) assert.equal(row, wanted[i], lines[i - 1]);
  assert.equal(rows.length, wanted.length);
  assert.ok(made >= quick, `${made} rows were made of bytes: ${lines[0]}`);
}

async function rowsOf(lines: string[], table: Table): Promise<string[]> {
  const options = { keepDuplicates: true };
  const bytes = await exported(lines, (sink) => new CsvWriter(sink, table), options)
    .catch((error) => {
      // A line that is none of the API's is refused, by both ways alike.
      if (!(error instanceof SyntaxError)) throw error;
      return new TextEncoder().encode(error.message);
    });
  return Buffer.from(bytes).toString("latin1").split("\n");
}

/** Checks that lines have the same rows in both ways. */
type AssertSame = (lines: string[], options?: { merge?: boolean; quick?: number }) => Promise<void>;

/** Tests rows of answers of version 2, whichever columns they have. */
export function testAnswerRows(assertSame: AssertSame): void {
  Deno.test("what the API does not send is as a parser reads it", async () => {
    for (const line of UNUSUAL) {
      for (const merge of [true, false]) await assertSame([USUAL[0] ?? "", line, line], { merge });
    }
    await assertSame([...USUAL, ...UNUSUAL, ...USUAL]);
  });

  Deno.test("recorded and made answers have the same rows, whatever their tweets share", async () => {
    const pages = [...madePages(), ...(await recordedAnswers()).flat()];
    const tweets = pages.reduce((sum, page) => sum + [JSON.parse(page).data].flat().length, 0);
    for (const merge of [true, false]) await assertSame(pages, { merge, quick: tweets });
  });
}
