import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { inPlace } from "./program.ts";

Deno.test("the demo does the whole job: three collections, every manifest whole, ten new tweets found, and a table that opens", () =>
  inPlace(async (place) => {
    const said = await place.ok("demo");
    assert.match(said, /Posts +about 4,000\n *Cost +about 20\.00 dollars\n/);
    assert.match(said, /demo_timelines: complete\. 4,000 tweets/);
    assert.match(said, /X would have billed 4000 posts and 0 users for it, 20\.00 dollars/);
    const whole = [...said.matchAll(/manifest-sha1\.txt: intact, (\d+) tweets/g)].map(([, n]) =>
      Number(n)
    );
    assert.equal(whole.length, 3);
    assert.deepEqual(whole.filter((n) => n === 4_000 || n === 50).toSorted(), [4_000, 50]);
    assert.match(said, /demo_timelines: complete\. 10 tweets[^]*Done in/);
    const table = /^ {2}Open it: (.*\.csv)$/m.exec(said)?.[1] ?? assert.fail(said);
    const rows: Record<string, string>[] = parse(await Deno.readTextFile(table), {
      bom: true,
      columns: true,
    });
    assert.equal(rows.length, 4_010);
    // To a spreadsheet an apostrophe in front says that it is text.
    assert.ok(rows.every(({ id = "" }) => /^'\d+$/.test(id)), rows[0]?.id);
    const own = said.split("== The same with your own keys\n")[1] ?? assert.fail(said);
    const typed = own.split("\n").filter((line) => line.startsWith("  "));
    assert.equal(typed.length, 5);
    // cmd.exe passes on what stands behind `#`, and PowerShell 5.1 knows no `&&`.
    for (const line of typed) assert.match(line, /^ {2}twarc-cloud [\w =-]+$/);
  }));
