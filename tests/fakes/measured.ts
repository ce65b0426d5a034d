/** Programs that measure their own memory, each in a process of its own. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Runs a file beside this one, in which garbage can be collected at will. @returns The JSON that it prints. */
export async function measured(
  file: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-code-cache",
      "-A",
      "--v8-flags=--expose-gc",
      fileURLToPath(new URL(file, import.meta.url)),
      ...args,
    ],
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
