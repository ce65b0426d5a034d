/**
 * Runs command lines one after the other in one process, as main.ts runs one: for tests of many commands, which would
 * spend most of their time on starting processes. Reads an array of arguments a line, and prints what came of it.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { reset } from "@logtape/logtape";
import { run } from "../../main.ts";

// Each command that can be interrupted listens for signals, and this process has many.
process.setMaxListeners(0);

for await (const line of createInterface({ input: process.stdin })) {
  const ran = { code: 0, out: "", err: "" };
  ran.code = await run(JSON.parse(line), {
    out: (text) => void (ran.out += text),
    err: (text) => void (ran.err += text),
  });
  // A harvest sets up its log, as once in a process.
  await reset();
  // deno-lint-ignore no-console
  console.log(JSON.stringify(ran));
}
// Connections that are kept would keep the process.
Deno.exit(0);
