/** Where a harvester has its temporary files: apart from every other process's, and cleared of those that are gone. */

import { join } from "node:path";
import { processIsGone } from "../bucket/process.ts";

/** A folder, by the one that it is in and its name. */
export interface SpoolPlace {
  parent: string;
  name: string;
}

/**
 * A place of this process's own below a collection's: a harvester that was paused and comes back may meet another
 * one at work, and neither touches the other's files. What processes left that are gone is cleared.
 */
export async function ownPlace(
  { parent, name }: SpoolPlace,
  { host, pid }: { host: string; pid: number },
): Promise<SpoolPlace> {
  const folder = join(parent, name);
  for (const left of await namesIn(folder)) {
    if (isLeft(left, { host, pid })) {
      await Deno.remove(join(folder, left), { recursive: true }).catch(() => {});
    }
  }
  return { parent: folder, name: `${host}.${pid}.${crypto.randomUUID()}` };
}

/** Whether a folder is that of a process which is gone, or of one that had this one's number before. */
function isLeft(folder: string, own: { host: string; pid: number }): boolean {
  const [, host = "", digits = ""] = /^(.+)\.(\d+)\.[0-9a-f-]{36}$/.exec(folder) ?? [];
  const pid = Number(digits);
  if (host !== own.host || !(pid > 0)) return false;
  return pid === own.pid || processIsGone({ host, pid });
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.map(({ name }) => name);
}
