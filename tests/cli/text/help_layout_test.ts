import assert from "node:assert/strict";
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import { COMMANDS, FIRST_STEPS, programHelp } from "../../../lib/cli/outline.ts";
import { buildProgram } from "../../../lib/cli/program.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const write = { out: assert.fail, err: assert.fail };
const context = contextWith({ output: pipedOutput(assert.fail), clock: new ManualClock() });

/** The program with all of its commands, but for those of other rooms. */
function wholeProgram(): Promise<Command> {
  const none = () => Promise.resolve(() => {});
  const args = COMMANDS.map(({ name }) => name);
  return buildProgram(context, write, { args, others: { sandbox: none, demo: none } });
}

/** A command and all below it. */
function* tree(command: CommandUnknownOpts): Generator<CommandUnknownOpts> {
  yield command;
  for (const below of command.commands) yield* tree(below);
}

function helpAt(columns: number, command: CommandUnknownOpts): string {
  command.configureHelp({ ...command.configureHelp(), helpWidth: columns });
  return command.helpInformation();
}

Deno.test("each help fits 40, 80 and 200 columns, broken between words", async () => {
  const commands = [...tree(await wholeProgram())];
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

Deno.test("the program's help is the same without its commands, at any width", async () => {
  const program = await wholeProgram();
  for (const columns of [40, 80, 200]) {
    assert.equal(programHelp(columns), `${helpAt(columns, program)}${FIRST_STEPS}\n`);
  }
});

Deno.test("a flag's default is not shown, that of an option is", async () => {
  const commands = [...tree(await wholeProgram())];
  const text = commands.map((command) => helpAt(80, command)).join("");
  assert.ok(!text.includes("(default: false)"));
  assert.match(text, /default:\s+"collection\.json"\)/);
});
