import assert from "node:assert/strict";
import { inPlace } from "./program.ts";

Deno.test("the demo does the whole job: three collections, every manifest whole, and ten new tweets found", () =>
  inPlace(async (place) => {
    const said = await place.ok("demo");
    assert.match(said, /Posts +about 4,000\n *Cost +about 20\.00 dollars\n/);
    assert.match(said, /demo_timelines: complete\. 4,000 tweets/);
    assert.match(said, /X would have billed 4000 posts and 0 users for it, 20\.00 dollars/);
    const whole = [...said.matchAll(/manifest-sha1\.txt: whole, (\d+) tweets/g)].map(([, n]) =>
      Number(n)
    );
    assert.equal(whole.length, 3);
    assert.deepEqual(whole.filter((n) => n === 4_000 || n === 50).toSorted(), [4_000, 50]);
    assert.match(said, /demo_timelines: complete\. 10 tweets[^]*Done in/);
    const own = said.split("== The same with your own keys\n")[1] ?? assert.fail(said);
    const typed = own.split("\n").filter((line) => line.startsWith("  "));
    assert.equal(typed.length, 5);
    // cmd.exe passes on what stands behind `#`, and PowerShell 5.1 knows no `&&`.
    for (const line of typed) assert.match(line, /^ {2}twarc-cloud [\w =-]+$/);
  }));
