/** The context that every command gets. */

import { join, resolve } from "node:path";
import type { Context } from "../cli/context.ts";
import type { FolderRef } from "../base/bucket_ref.ts";
import { PERMISSIONS } from "../cli/permissions.ts";
import { systemClock } from "../base/clock.ts";
import { Ending } from "../base/ending.ts";
import { VERSION } from "../base/version.ts";
import { harvestHere, recoverHere } from "./harvest_here.ts";
import { narrowPermissions, type Places, selfCommand } from "../runner/local/self.ts";

/** Makes the context of the commands. */
export function makeContext(
  { output, ending, env, narrows, atEnd }: Pick<Context, "output" | "env" | "atEnd"> & {
    ending: Ending;
    narrows: boolean;
  },
): Context {
  const context: Context = {
    output,
    clock: systemClock,
    env,
    get signal() {
      return ending.signal;
    },
    self: selfWith(PERMISSIONS),
    harvester: async (settings, env) =>
      settings.bucket.kind === "folder"
        ? selfWith(narrowPermissions(PERMISSIONS, await placesFor(settings.bucket, env)))
        : selfWith(PERMISSIONS),
    version: VERSION,
    harvest: (run) => harvestHere(run, context, narrows),
    atEnd,
    recover: (run) => recoverHere(run, context),
  };
  return context;
}

/** The folder of main.ts. */
const ROOT = import.meta.dirname === undefined ? "." : join(import.meta.dirname, "..", "..");

/** Returns the command line that starts this program again; from source, it grants the given permissions. */
function selfWith(permissions: readonly string[]): string[] {
  const isStandalone = Deno.build.standalone;
  return selfCommand({ isStandalone, execPath: Deno.execPath(), root: ROOT, permissions });
}

/**
 * Returns the paths that a harvester of a folder bucket reads and writes: the bucket, its temporary files, keys,
 * settings, and the program's source, which loads modules on demand.
 */
async function placesFor({ path }: FolderRef, env: Context["env"]): Promise<Places> {
  const { spoolPlaces } = await import("../harvest/recovery/spool_place.ts");
  const { keysPaths } = await import("../secrets/twarc_files.ts");
  const { INI_FILE } = await import("../base/settings.ts");
  const keys = env.HOME || env.USERPROFILE ? keysPaths({ env }) : [];
  const linked = await Deno.realPath(path).catch(() => path);
  return {
    read: [...keys, INI_FILE, join(ROOT, "lib"), join(ROOT, "harvester.ts")].map((path) =>
      resolve(path)
    ),
    write: [
      ...new Set([path, linked]),
      ...await spoolPlaces(env.TWARC_CLOUD_SPOOL || undefined, { env }),
    ],
  };
}
