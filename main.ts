/** The program: runs a command line in this process, and ends it with the exit code. */

import { run } from "./lib/app/run.ts";
import { TERMINAL } from "./lib/app/terminal.ts";

export { run };

if (import.meta.main) Deno.exit(await run(Deno.args, TERMINAL, true));
