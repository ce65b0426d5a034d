import assert from "node:assert/strict";
import { CsvWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import { exported, madeStatuses } from "./exported.ts";

Deno.test("texts of all sizes come out whole and in order, with U+FFFD in place of half a character", async () => {
  // Around what is written at once, with characters of one to four bytes where it ends.
  const sizes = [1, 2 ** 19 - 3, 2 ** 19, 5, 2 ** 18, 2 ** 20 + 1, 7];
  const texts = sizes.map((size, i) => `${i}:${"xé☃🦫".repeat(Math.ceil(size / 10))}\ud800.`);
  let next = 0;
  const columns = ["text"];
  const table = { columns, toCells: () => [texts[next++]] };
  const bytes = await exported(madeStatuses(), (sink) => new CsvWriter(sink, table));
  const [header, ...rows] = new TextDecoder().decode(bytes).trimEnd().split("\n");
  assert.equal(header, "text");
  assert.equal(rows.length, texts.length);
  for (const [i, row] of rows.entries()) assert.ok(row === texts[i]?.toWellFormed(), `text ${i}`);
});

Deno.test("long lines of version 1.1 come out byte for byte, in their order", async () => {
  const lines = madeStatuses().map((line, i) =>
    line.replace("{", `{"long":"${`${i}`.repeat(70_000)}",`)
  );
  const bytes = await exported(lines, (sink) => new JsonlWriter(sink));
  const found = new TextDecoder().decode(bytes).trimEnd().split("\n");
  assert.equal(found.length, lines.length);
  for (const [i, line] of found.entries()) assert.ok(line === lines[i], `line ${i}`);
});
