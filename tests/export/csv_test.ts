import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { toCsvHeader, toCsvRow, toExcelRow } from "../../lib/export/csv.ts";

Deno.test("whatever texts a row has, a reader of CSV finds them again", () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 })
    .filter((row) => row.some((text) => text !== ""));
  fc.assert(fc.property(texts, (row) => {
    const file = `x\n${toCsvRow(row)}`;
    const options = { from_line: 1, relax_column_count: true, skip_empty_lines: false };
    assert.deepEqual(parse(file, { ...options, record_delimiter: "\n" })[1], row);
  }));
});

Deno.test("texts are quoted as csv-stringify quotes them", () => {
  const hard = [
    "",
    " ",
    ",",
    '"',
    '""',
    '","',
    "a,b",
    'say "a"',
    "a\nb",
    "a\r\nb",
    "\r",
    "é,☃",
    "'",
    ";",
    "\t",
    "=1",
  ];
  const texts = fc.array(fc.oneof(fc.constantFrom(...hard), fc.string({ unit: "binary" })), {
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(fc.property(texts, (row) => {
    assert.equal(toCsvRow(row), stringify([row], { record_delimiter: "\n", quoted_match: /\r/ }));
  }));
});

Deno.test("cells are what Python writes: nothing, True, numbers, JSON", () => {
  assert.equal(
    toCsvRow([undefined, null, true, false, 1.5, ["a", 1], { b: "é" }, 'x"y', "z"]),
    ',,True,False,1.5,"[""a"",1]","{""b"":""é""}","x""y",z\n',
  );
});

Deno.test("a spreadsheet gets a byte order mark, ids as text, and no formulas", () => {
  assert.equal(toCsvHeader(["id", "text"], { excel: true }), "\ufeffid,text\n");
  assert.equal(
    toExcelRow(["1609500000000000001", "=1+1", "+x", "-x", "@x", "a=b", -5, "12"]),
    "'1609500000000000001,'=1+1,'+x,'-x,'@x,a=b,-5,12\n",
  );
});
