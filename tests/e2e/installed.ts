/** Runs what `install` writes, as a process. */

import type { Place } from "./program.ts";

/** Runs a program in a folder of the place's. */
export async function ranIn(place: Place, path: string, args: string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    cwd,
    clearEnv: true,
    env: place.env,
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
