/** Runs the tests that hold on every system, on this one: `deno task test-elsewhere`. */

import { ROOT } from "../sources.ts";
import { testsElsewhere } from "./files.ts";

const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "--no-check",
    "--parallel",
    "--preload=tests/bounds.ts",
    "--allow-all",
    ...await testsElsewhere(),
  ],
  cwd: ROOT,
}).spawn().status;
Deno.exit(code);
