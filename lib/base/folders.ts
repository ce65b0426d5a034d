/** The person's own folders on a machine, as its system has them. */

import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What tells where a person's folders are. */
export interface Person {
  env: Record<string, string | undefined>;
  /** As Deno names systems. */
  os?: string;
  /** The home folder; null where there is none. */
  home?: string | null;
}

/** Returns what can be made again, or is soon of no use: `$XDG_CACHE_HOME/twarc-cloud`, `~/Library/Caches/twarc-cloud`. */
export function cacheFolder(person: Person): string {
  const { env, os, home } = told(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "cache");
  const named = os === "darwin" ? undefined : absolute(env.XDG_CACHE_HOME);
  if (named) return join(named, "twarc-cloud");
  if (home === null) return homeless("cache");
  return os === "darwin"
    ? join(home, "Library", "Caches", "twarc-cloud")
    : join(home, ".cache", "twarc-cloud");
}

/** Returns where Deno keeps the packages and the compiled code of programs: `DENO_DIR`, or its own place in the person's cache. */
export function denoFolder(person: Person): string {
  const { env, os, home } = told(person);
  if (env.DENO_DIR) return env.DENO_DIR;
  if (os === "windows") return join(localData(env, home), "deno");
  if (os === "darwin") return join(home ?? tmpdir(), "Library", "Caches", "deno");
  return join(absolute(env.XDG_CACHE_HOME) ?? join(home ?? tmpdir(), ".cache"), "deno");
}

/** Returns what is kept from one run to the next: `$XDG_STATE_HOME/twarc-cloud`, `~/Library/Application Support/twarc-cloud`. */
export function stateFolder(person: Person): string {
  const { env, os, home } = told(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "state");
  const named = os === "darwin" ? undefined : absolute(env.XDG_STATE_HOME);
  if (named) return join(named, "twarc-cloud");
  if (home === null) return homeless("state");
  return os === "darwin"
    ? join(home, "Library", "Application Support", "twarc-cloud")
    : join(home, ".local", "state", "twarc-cloud");
}

/** Returns the home folder of this process's user; null for one whom the machine does not know, whose home is nowhere or `/`. */
export function homeFolder(): string | null {
  const home: string | null = homedir();
  return home && home !== "/" ? home : null;
}

function told({ env, os = Deno.build.os, home = homeFolder() }: Person): Required<Person> {
  return { env, os, home };
}

/** Returns a folder for somebody without a home, as containers run programs; whoever makes it looks whether it is their own. */
function homeless(what: string): string {
  return join(tmpdir(), `twarc-cloud-${what}`);
}

/** Names a home in this process's environment where it has none: the AWS SDK would ask for what it has no right to. */
export function settleHome(env: Pick<typeof Deno.env, "get" | "set">): void {
  if (!env.get("HOME") && Deno.build.os !== "windows") env.set("HOME", homedir() || "/");
}

function localData(env: Person["env"], home: string | null): string {
  return absolute(env.LOCALAPPDATA) ?? join(home ?? tmpdir(), "AppData", "Local");
}

/** Returns the XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}
