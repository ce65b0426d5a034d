/** The command lines with which this program starts itself again, as a harvester. */

import { join } from "node:path";

/** The start of this process. */
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

/**
 * Keeps a harvester small that works for months: garbage is collected once it is a third of what is in use, not several
 * times that, and functions are optimized one after the other, where 11 MB of them came to wait on busy cores. Of 8,000
 * timelines it took 235 MB without collecting early, 150 with, and as much time. Buffers are freed by the thread that
 * reads into them: Deno keeps up to 8 MB of freed ones for each thread that frees some. Functions have one compiler less. A binary has these flags from its
 * compilation: `deno.json`, the container and the release repeat them, which `tests/release_test.ts` checks.
 */
export const V8_FLAGS =
  "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=30,--optimize-for-size,--no-concurrent-recompilation,--no-concurrent-array-buffer-sweeping,--no-sparkplug";

/**
 * Reads the source of a command on first use, not that of all commands at the start: an idle harvester took 99 MiB
 * without, 82 with, `--help` a third more time. Not for `compile`, which embeds what it reads at the start.
 */
const LAZY = "--unstable-lazy-dynamic-imports";

/**
 * Defaults of a harvester's environment: glibc's malloc keeps eight arenas a core, each with its freed memory, and
 * comes to keep large blocks as well. One is enough for a program that allocates on few threads, and took a seventh
 * less; blocks from 128 KiB on are returned to the system at once.
 */
export const SELF_ENV = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "131072" };

/** Returns the command line that starts this program again: as the binary that it is, or from its source. */
export function selfCommand({ isStandalone, execPath, root, permissions }: SelfOptions): string[] {
  if (isStandalone) return [execPath];
  const flags = [
    "--quiet",
    "--no-check",
    "--no-prompt",
    V8_FLAGS,
    LAZY,
    "--config",
    join(root, "deno.json"),
    ...permissions,
  ];
  return [execPath, "run", ...flags, join(root, "main.ts")];
}

/** The absolute paths of the folders and files of a process. */
export interface Places {
  read: readonly string[];
  write: readonly string[];
}

/** Returns permissions, as flags, with reading and writing limited to some places. */
export function narrowPermissions(
  permissions: readonly string[],
  { read, write }: Places,
): string[] {
  return permissions.map((flag) => {
    if (flag === "--allow-read") return `${flag}${only([...read, ...write])}`;
    return flag === "--allow-write" ? `${flag}${only(write)}` : flag;
  });
}

/** Deno reads a comma as the end of a path: where one has it, all places stay open. */
function only(paths: readonly string[]): string {
  return paths.some((path) => path.includes(",")) ? "" : `=${paths.join(",")}`;
}
