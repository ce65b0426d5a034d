/** Places for temporary files, as harvests in this process have them. */

import { join } from "node:path";
import type { Files } from "../../lib/harvest/files.ts";
import { seal } from "../../lib/harvest/recovery/seal.ts";
import { ownName, type SpoolPlace } from "../../lib/harvest/recovery/spool_place.ts";

/** The key of every note. */
export const NOTE_KEY = "key";

/** Changes a note, as its harvester would have written it. */
export async function renoted(
  path: string,
  change: (note: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const { seal: _, ...note } = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, seal(JSON.stringify(change(note)), NOTE_KEY));
}

/** A place of a process's own, below a folder for those of collection `c`. */
export async function placeIn(
  parent: string,
  { process = { host: "here", pid: 1 }, files, former }: {
    process?: { host: string; pid: number };
    files?: Files;
    former?: string;
  } = {},
): Promise<SpoolPlace> {
  await Deno.mkdir(parent, { recursive: true, mode: 0o700 });
  return {
    path: join(parent, "c", ownName(process)),
    owner: (await Deno.stat(parent)).uid,
    keys: () => Promise.resolve([NOTE_KEY]),
    ...(files ? { files } : {}),
    ...(former === undefined ? {} : { former: [{ path: former, isSealed: false }] }),
  };
}
