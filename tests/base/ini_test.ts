import assert from "node:assert/strict";
import { parseIni } from "../../lib/base/ini.ts";

Deno.test("keeps backslashes as they are written, quoted or not", async () => {
  const text = String.raw`[DEFAULT]
bucket = "C:\temp\new"
spool = \\server\share\x
single = 'C:\temp\new'
escaped = a\#b\;c
comment = a # b
`;
  assert.deepEqual({ ...Object((await parseIni(text)).DEFAULT) }, {
    bucket: String.raw`C:\temp\new`,
    spool: String.raw`\\server\share\x`,
    single: String.raw`C:\temp\new`,
    escaped: "a#b;c",
    comment: "a",
  });
});

Deno.test("takes a dot in a section's name for a dot", async () => {
  assert.deepEqual(Object.keys(await parseIni("[my.name]\r\nbearer_token = x\r\n")), ["my.name"]);
});

Deno.test("a comment follows a blank, also after quotes; elsewhere # and ; are part of a value, and so is a backslash before them in a Windows path", async () => {
  const read: [written: string, value: string][] = [
    [String.raw`C:\tweets\#election`, String.raw`C:\tweets\#election`],
    [String.raw`C:\#election # mine`, String.raw`C:\#election`],
    [String.raw`C:\a;b`, String.raw`C:\a;b`],
    [String.raw`.\#election`, String.raw`.\#election`],
    [String.raw`\\server\#share`, String.raw`\\server\#share`],
    ["./tweets#election", "./tweets#election"],
    ["./a\t; mine", "./a"],
    ['"a" # c', "a"],
    ["'a' ; say \"c\"", "a"],
    ['"a # b" # say "c"', "a # b"],
    [String.raw`"C:\a b\"   # c`, String.raw`C:\a b\ `.trim()],
    [String.raw`a \# b`, "a # b"],
    ["# nothing", ""],
    ['""', ""],
    ["", ""],
  ];
  for (const [written, value] of read) {
    for (const end of ["", "\n", "\r\n"]) {
      const { DEFAULT } = await parseIni(`[DEFAULT]\nbucket = ${written}${end}`);
      assert.deepEqual({ ...Object(DEFAULT) }, { bucket: value }, written);
    }
  }
});
