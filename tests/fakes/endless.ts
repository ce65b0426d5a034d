// deno-lint-ignore-file no-console
/** A process that ends by a signal only; says which of its promises were kept. */

import { Ending } from "../../lib/base/ending.ts";

const ending = new Ending(() => Deno.exit(130));
ending.signal.addEventListener("abort", () => console.log("asked to end"));
console.log("begun");
setInterval(() => console.log("alive"), 50);
