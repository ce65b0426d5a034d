import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { buildProgram } from "../../../lib/cli/program.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const write = { out: assert.fail, err: assert.fail };
const context = contextWith({ output: pipedOutput(assert.fail), clock: new ManualClock() });

/** A command and all below it. */
function* tree(command: CommandUnknownOpts): Generator<CommandUnknownOpts> {
  yield command;
  for (const below of command.commands) yield* tree(below);
}

function helpAt(columns: number, command: CommandUnknownOpts): string {
  command.configureHelp({ ...command.configureHelp(), helpWidth: columns });
  return command.helpInformation();
}

Deno.test("each help fits 40, 80 and 200 columns, broken between words", () => {
  const commands = [...tree(buildProgram(context, write))];
  assert.ok(commands.length > 30);
  for (const command of commands) {
    const wordsOf = (text: string) => text.split(/\s+/).join(" ");
    const widest = helpAt(1_000, command);
    for (const columns of [40, 80, 200]) {
      const help = helpAt(columns, command);
      for (const line of help.split("\n")) {
        assert.ok(line.length <= columns, `${command.name()} at ${columns}: ${line}`);
      }
      assert.equal(wordsOf(help), wordsOf(widest), `${command.name()} at ${columns}`);
    }
  }
});

Deno.test("a flag's default is not shown, that of an option is", () => {
  const commands = [...tree(buildProgram(context, write))];
  const text = commands.map((command) => helpAt(80, command)).join("");
  assert.ok(!text.includes("(default: false)"));
  assert.match(text, /default:\s+"collection\.json"\)/);
});
