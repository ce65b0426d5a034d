/** The command line of a harvester, wherever it runs. */

import type { Job } from "./runner.ts";
import { toFlags } from "../collection/limits.ts";

/** Returns the command line of a harvester, behind the program itself. @param options.port Of its control server. */
export function harvesterArgs(
  { collectionId, flags }: Job,
  { bucket, shutdown, port }: { bucket: string; shutdown: boolean; port?: number },
): string[] {
  return [
    ...["harvest", "run", "--bucket", bucket],
    ...port === undefined ? [] : ["--port", `${port}`],
    ...shutdown ? ["--shutdown"] : [],
    ...toFlags(flags),
    ...["--", collectionId],
  ];
}
