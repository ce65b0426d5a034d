/** Where a harvester has its temporary files: apart from every other process's. */

import { basename, join } from "node:path";
import { processIsGone } from "../bucket/process.ts";
import { Spool } from "./spool.ts";

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
  const left: string[] = [];
  for (const { name } of await Array.fromAsync(Deno.readDir(parent)).catch(() => [])) {
    const directory = join(parent, name);
    if (name !== own && await isLeft(directory, process)) left.push(directory);
  }
  return left;
}

/** Whether a folder is that of a process which is gone, or of one that had this one's number before. */
async function isLeft(directory: string, own: { host: string; pid: number }): Promise<boolean> {
  const [, host = "", digits = ""] = /^(.+)\.(\d+)\.[0-9a-f-]{36}$/.exec(basename(directory)) ?? [];
  const pid = Number(digits);
  if (host !== own.host || !(pid > 0)) return false;
  const isHeld = await Spool.isHeld(directory);
  if (isHeld !== null) return !isHeld;
  return pid === own.pid || processIsGone({ host, pid });
}
