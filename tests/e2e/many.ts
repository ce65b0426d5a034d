/**
 * Runs command lines one after the other in one process, as main.ts runs one: for tests of many commands, which would
 * spend most of their time on starting processes. Reads a command a line, with its folder and environment, and prints
 * what came of it.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { reset } from "@logtape/logtape";
import { z } from "zod";
import { UserError } from "../../lib/base/errors.ts";
import { run } from "../../main.ts";

const commandSchema = z.object({
  args: z.array(z.string()),
  folder: z.string(),
  env: z.record(z.string(), z.string()),
  /** How many times standard output takes something; then it is full. */
  writes: z.number().optional(),
});

// Each command that can be interrupted listens for signals, and this process has many.
process.setMaxListeners(0);

for await (const line of createInterface({ input: process.stdin })) {
  const { args, folder, env, writes = Infinity } = commandSchema.parse(JSON.parse(line));
  for (const name of Object.keys(Deno.env.toObject())) if (!(name in env)) Deno.env.delete(name);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  Deno.chdir(folder);
  const ran = { code: 0, out: "", err: "" };
  let written = 0;
  ran.code = await run(args, {
    out: (text) => {
      if (++written > writes) throw new UserError("Standard output is full");
      ran.out += text;
    },
    err: (text) => void (ran.err += text),
  });
  // A harvest sets up its log, as once in a process.
  await reset();
  // The folder may be removed, or a disk of its own.
  Deno.chdir("/");
  // deno-lint-ignore no-console
  console.log(JSON.stringify(ran));
}
// Connections that are kept would keep the process.
Deno.exit(0);
