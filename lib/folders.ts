/** The person's own folders on a machine, as its system has them. */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What tells where a person's folders are. */
export interface Person {
  env: Record<string, string | undefined>;
  /** As Deno names systems. */
  os?: string;
  /** The home folder. */
  home?: string;
}

/** What can be made again, or is soon of no use: `$XDG_CACHE_HOME/twarc-cloud`, `~/Library/Caches/twarc-cloud`. */
export function cacheFolder(person: Person): string {
  const { env, os, home } = told(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "cache");
  if (os === "darwin") return join(home, "Library", "Caches", "twarc-cloud");
  return join(absolute(env.XDG_CACHE_HOME) ?? join(home, ".cache"), "twarc-cloud");
}

/** What is kept from one run to the next: `$XDG_STATE_HOME/twarc-cloud`, `~/Library/Application Support/twarc-cloud`. */
export function stateFolder(person: Person): string {
  const { env, os, home } = told(person);
  if (os === "windows") return join(localData(env, home), "twarc-cloud", "state");
  if (os === "darwin") return join(home, "Library", "Application Support", "twarc-cloud");
  return join(absolute(env.XDG_STATE_HOME) ?? join(home, ".local", "state"), "twarc-cloud");
}

function told({ env, os = Deno.build.os, home = homedir() }: Person): Required<Person> {
  return { env, os, home };
}

function localData(env: Person["env"], home: string): string {
  return absolute(env.LOCALAPPDATA) ?? join(home, "AppData", "Local");
}

/** The XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}
