/** How this program starts itself again, as a harvester. */

import { join } from "node:path";

/** How this process was started. */
export interface SelfOptions {
  /** Whether it is a compiled binary. */
  isStandalone: boolean;
  /** The binary, or Deno. */
  execPath: string;
  /** The folder that main.ts lies in. */
  root: string;
  /** The permissions that the program has. */
  permissions: readonly string[];
}

/** The command line that starts this program again: as the binary that it is, or from its source. */
export function selfCommand({ isStandalone, execPath, root, permissions }: SelfOptions): string[] {
  if (isStandalone) return [execPath];
  const flags = ["--quiet", "--no-check", "--config", join(root, "deno.json"), ...permissions];
  return [execPath, "run", ...flags, join(root, "main.ts")];
}
