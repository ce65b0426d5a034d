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
