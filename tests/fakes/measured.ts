/** Programs that measure their own memory, each in a process of its own. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** The flags of V8 for code that is never made anew. */
const PLAIN = ["--no-opt", "--no-maglev", "--no-sparkplug", "--no-lazy-feedback-allocation"];

/** Runs a file beside this one, in which garbage can be collected at will. @returns The JSON that it prints. */
export async function measured(
  file: string,
  { args = [], env = {}, isPlain = false }: {
    args?: string[];
    env?: Record<string, string>;
    /** Whether code stays as it is from its first run on: what is made of it later takes memory, too. */
    isPlain?: boolean;
  } = {},
): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-code-cache",
      "-A",
      `--v8-flags=${["--expose-gc", ...(isPlain ? PLAIN : [])].join(",")}`,
      fileURLToPath(new URL(file, import.meta.url)),
      ...args,
    ],
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
