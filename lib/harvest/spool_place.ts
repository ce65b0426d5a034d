/** Where a harvester has its temporary files: apart from every other process's. */

import { join } from "node:path";
import { processIsGone } from "../bucket/process.ts";

/** A folder, by the one that it is in and its name. */
export interface SpoolPlace {
  parent: string;
  name: string;
}

/**
 * A place of this process's own below a collection's: a harvester that was paused and comes back may meet another
 * one at work, and neither touches the other's files.
 */
export function ownPlace(
  { parent, name }: SpoolPlace,
  { host, pid }: { host: string; pid: number },
): SpoolPlace {
  return { parent: join(parent, name), name: `${host}.${pid}.${crypto.randomUUID()}` };
}

/** The places beside one's own that were those of processes which are gone. */
export async function leftPlaces(
  { parent, name: own }: SpoolPlace,
  process: { host: string; pid: number },
): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(parent)).catch(() => []))
    .map(({ name }) => name);
  return names.filter((name) => name !== own && isLeft(name, process))
    .map((name) => join(parent, name));
}

/** Whether a folder is that of a process which is gone, or of one that had this one's number before. */
function isLeft(folder: string, own: { host: string; pid: number }): boolean {
  const [, host = "", digits = ""] = /^(.+)\.(\d+)\.[0-9a-f-]{36}$/.exec(folder) ?? [];
  const pid = Number(digits);
  if (host !== own.host || !(pid > 0)) return false;
  return pid === own.pid || processIsGone({ host, pid });
}
