/** The program's version. */

import config from "../../deno.json" with { type: "json" };

/** As deno.json has it, e.g. `0.1.0`. */
export const VERSION = config.version;
