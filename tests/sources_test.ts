import assert from "node:assert/strict";
import { dependants, importsOf, reached, ROOT } from "./sources.ts";

Deno.test("imports are found in one line and in several, lazy ones, and those of types", () => {
  const text = `import type { A } from "./a.ts";
import {
  b,
} from "../b.ts";
import "./c.ts";
const d = await import("./d.ts");
import assert from "node:assert/strict";
`;
  assert.deepEqual(importsOf(text), ["./a.ts", "../b.ts", "./c.ts", "./d.ts"]);
});

Deno.test("a change reaches what imports it, however indirectly, and the tests that start the program", async () => {
  const found = reached([`${ROOT}lib/base/visible.ts`], await dependants());
  for (
    const name of [
      "lib/base/visible.ts",
      "main.ts",
      "tests/cli/output_test.ts",
      "tests/e2e/help_test.ts",
    ]
  ) assert.ok(found.has(`${ROOT}${name}`), name);
  assert.ok(!found.has(`${ROOT}lib/base/errors.ts`), "what it imports itself is not reached");
});
