/** Runs one command line and turns its error into an exit code. */

import { Output } from "../cli/output.ts";
import { narrow } from "../cli/permissions.ts";
import { buildProgram, groupOf, settle } from "../cli/program.ts";
import { settleCertificates } from "../base/certificates.ts";
import { systemClock } from "../base/clock.ts";
import { Ending } from "../base/ending.ts";
import { settleHome } from "../base/folders.ts";
import { TwarcCloudError } from "../base/errors.ts";
import { settleProxies } from "../base/proxy.ts";
import { addDemo, addSandbox } from "../sandbox/command.ts";
import { makeContext } from "./context.ts";
import { exitAtOnce, exitCodeOf, INTERRUPTED, sentences, USAGE } from "./exit.ts";
import { describeTerminal, TERMINAL } from "./terminal.ts";

/**
 * Runs a command line that prints to `write`.
 * @param narrows Whether this process drops the permissions that the command does not need, for good.
 * @returns The exit code
 */
export async function run(args: string[], write = TERMINAL, narrows = false): Promise<number> {
  let env = Deno.env.toObject();
  const output = new Output(describeTerminal(write, env));
  try {
    settleProxies(Deno.env);
    // Harvesters that this process starts settle their own environment.
    env = Deno.env.toObject();
    settleCertificates(Deno.env);
    settleHome(Deno.env);
  } catch (error) {
    return exitCodeOf(error, output, false);
  }
  const ending = new Ending(exitAtOnce);
  const endings: (() => void)[] = [];
  const atEnd = (act: () => void) => void endings.push(act);
  const context = makeContext({ output, ending, env, narrows, atEnd });
  const texts = { out: write.out, err: (text: string) => output.note(text.trimEnd()) };
  const program = buildProgram(context, texts);
  const playground = {
    print: (line: string) => output.line(line),
    get signal() {
      return ending.signal;
    },
    self: context.self,
    env,
  };
  addSandbox(program, playground);
  addDemo(program, playground);
  settle(program, texts);
  if (narrows) {
    program.hook("preAction", async (_, command) => {
      // Before permissions are dropped: it may start a program.
      ending.prepare();
      await narrow(command, env);
    });
  }
  const group = groupOf(program, args);
  try {
    // A group without a command: show its help.
    if (group) return group.outputHelp(), USAGE;
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (ending.isOver(error)) return INTERRUPTED;
    const shown = error instanceof TwarcCloudError && error.cause !== undefined
      ? await (await import("../cli/original.ts")).explainRefusal(error)
      : error;
    if (env.TWARC_CLOUD_LOG === "json" && shown instanceof TwarcCloudError) {
      const { fatalLine } = await import("../base/log.ts");
      write.err(`${fatalLine(sentences(shown), systemClock.now())}\n`);
      return shown.exitCode;
    }
    return exitCodeOf(shown, output, args.includes("--debug"));
  } finally {
    for (const act of endings) act();
  }
}
