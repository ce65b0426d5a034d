/** What containers run where both programs are in one account: the original's commands begin with `aws`. */

import { insideHere } from "./container.ts";
import { runOriginal } from "./original_harvester.ts";

if (Deno.args[0] === "aws") Deno.exit(await runOriginal(insideHere(Deno.args)));
else {
  const { run } = await import("../../main.ts");
  Deno.exit(await run(Deno.args, undefined, true));
}
