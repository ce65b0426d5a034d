/** The person's folders for caches and state, by the conventions of each system. */

import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/** The environment that determines a person's folders. */
export interface Person {
  env: Record<string, string | undefined>;
  /** As Deno names systems. */
  os?: string;
  /** The home folder, by default the environment's, or the user's; null if there is none. */
  home?: string | null;
}

/** Returns the folder for caches: `$XDG_CACHE_HOME/twarc-cloud`, `~/Library/Caches/twarc-cloud`. */
export function cacheFolder(person: Person): string {
  const { env, os, home } = withDefaults(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "cache");
  const named = os === "darwin" ? undefined : absolute(env.XDG_CACHE_HOME);
  if (named) return join(named, "twarc-cloud");
  if (home === null) return homeless("cache");
  return os === "darwin"
    ? join(home, "Library", "Caches", "twarc-cloud")
    : join(home, ".cache", "twarc-cloud");
}

/** Returns Deno's folder for packages and compiled code: `DENO_DIR`, or its place in the person's cache. */
export function denoFolder(person: Person): string {
  const { env, os, home } = withDefaults(person);
  if (env.DENO_DIR) return env.DENO_DIR;
  if (os === "windows") return join(localData(env, home), "deno");
  if (os === "darwin") return join(home ?? tmpdir(), "Library", "Caches", "deno");
  return join(absolute(env.XDG_CACHE_HOME) ?? join(home ?? tmpdir(), ".cache"), "deno");
}

/**
 * Returns the folder for state that outlives a run: `$XDG_STATE_HOME/twarc-cloud`, `~/Library/Application
 * Support/twarc-cloud`.
 */
export function stateFolder(person: Person): string {
  const { env, os, home } = withDefaults(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "state");
  const named = os === "darwin" ? undefined : absolute(env.XDG_STATE_HOME);
  if (named) return join(named, "twarc-cloud");
  if (home === null) return homeless("state");
  return os === "darwin"
    ? join(home, "Library", "Application Support", "twarc-cloud")
    : join(home, ".local", "state", "twarc-cloud");
}

/** Returns this user's home folder; null if there is none, or it is `/`. */
export function homeFolder(): string | null {
  const home: string | null = homedir();
  return home && home !== "/" ? home : null;
}

function withDefaults({ env, os = Deno.build.os, home }: Person): Required<Person> {
  if (home !== undefined) return { env, os, home };
  const named = absolute(os === "windows" ? env.USERPROFILE : env.HOME);
  return { env, os, home: named && named !== "/" ? named : homeFolder() };
}

/** Returns a folder for a user without a home, as in containers; the caller checks that it is private. */
function homeless(what: string): string {
  return join(tmpdir(), `twarc-cloud-${what}`);
}

/** Sets a home in this process's environment if it has none: the AWS SDK would look it up, without permission. */
export function settleHome(env: Pick<typeof Deno.env, "get" | "set">): void {
  if (!env.get("HOME") && Deno.build.os !== "windows") env.set("HOME", homedir() || "/");
}

function localData(env: Person["env"], home: string | null): string {
  return absolute(env.LOCALAPPDATA) ?? join(home ?? tmpdir(), "AppData", "Local");
}

/** Returns a path if it is absolute: the XDG specification ignores relative ones. */
function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}
