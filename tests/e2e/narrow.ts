/**
 * Runs one command line as main.ts runs it, in a process that tries afterwards what it may still do; prints that as
 * JSON in the last line.
 */

import { run } from "../../main.ts";

async function may(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}

const code = await run(Deno.args, undefined, true);
const powers = {
  run: await may(() => new Deno.Command(Deno.execPath(), { args: ["--version"] }).output()),
  write: await may(() => Deno.writeTextFile("tried", "")),
  read: await may(() => Deno.stat(".")),
};
// deno-lint-ignore no-console
console.log(`\n${JSON.stringify({ code, ...powers })}`);
Deno.exit(0);
