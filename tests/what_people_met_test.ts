/** Each kind of failure in docs/what-people-met.md names the tests that fail where it is not met. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

const rows = (await Deno.readTextFile(join(ROOT, "docs", "what-people-met.md"))).split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (kind |---)/.test(line));

Deno.test("each kind of failure has a test that is there, and that asserts something", async () => {
  assert.ok(rows.length > 60);
  for (const row of rows) {
    const cell = row.split(" | ").at(-1) ?? "";
    const named = Array.from(cell.matchAll(/`([\w/]+_test\.ts)`/g), ([, name = ""]) => name);
    assert.ok(named.length > 0, row);
    for (const name of named) {
      const text = await Deno.readTextFile(join(ROOT, "tests", name));
      assert.ok(/assert/.test(text) && /Deno\.test|\btest\(/.test(text), `${name}: ${row}`);
    }
  }
});
