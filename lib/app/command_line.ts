/** Runs one command line and turns its error into an exit code. */

import type { Command } from "@commander-js/extra-typings";
import { Output } from "../cli/output.ts";
import { narrow } from "../cli/permissions.ts";
import { buildProgram, findGroup } from "../cli/program.ts";
import { settleCertificates } from "../base/certificates.ts";
import { systemClock } from "../base/clock.ts";
import { Ending } from "../base/ending.ts";
import { environment } from "../base/environment.ts";
import { settleHome } from "../base/folders.ts";
import { errorSentence, TwarcCloudError } from "../base/errors.ts";
import { settleProxies } from "../base/proxy.ts";
import { makeContext } from "./context.ts";
import { exitAtOnce, INTERRUPTED, reportThrown, USAGE } from "./exit.ts";
import { describeTerminal, type Streams } from "./terminal.ts";

/** As run() does. */
export async function runCommandLine(
  args: string[],
  write: Streams,
  narrows: boolean,
): Promise<number> {
  let env = environment();
  const output = new Output(describeTerminal(write, env));
  try {
    settleProxies(Deno.env);
    // Harvesters that this process starts settle their own environment.
    env = environment();
    settleCertificates(Deno.env);
    settleHome(Deno.env);
  } catch (error) {
    return reportThrown(error, output, false);
  }
  const ending = new Ending(exitAtOnce);
  const endings: (() => void)[] = [];
  const atEnd = (act: () => void) => void endings.push(act);
  const context = makeContext({ output, ending, env, narrows, atEnd });
  const texts = { out: write.out, err: (text: string) => output.note(text.trimEnd()) };
  const playground = {
    print: (line: string) => output.line(line),
    get signal() {
      return ending.signal;
    },
    self: context.self,
    env,
  };
  const others = {
    sandbox: async () => {
      const { fillSandbox } = await import("../sandbox/command.ts");
      return (command: Command) => fillSandbox(command, playground);
    },
    demo: async () => {
      const { fillDemo } = await import("../sandbox/command.ts");
      return (command: Command) => fillDemo(command, playground);
    },
  };
  const line = helpLine(args);
  const program = await buildProgram(context, texts, { args: line, others });
  program.hook("preAction", (_, command) => {
    const { collectionConfigFilepath: path } = command.opts();
    const isNamed = command.getOptionValueSource("collectionConfigFilepath") === "cli";
    if (isNamed && typeof path === "string") output.configFile = path;
  });
  if (narrows) {
    program.hook("preAction", async (_, command) => {
      // Before permissions are dropped: it may start a program.
      ending.prepare();
      await narrow(command, env);
    });
  }
  const group = findGroup(program, line);
  try {
    // A group without a command: show its help.
    if (group) return group.outputHelp(), USAGE;
    await program.parseAsync(line, { from: "user" });
    return 0;
  } catch (error) {
    if (ending.isOver(error)) return INTERRUPTED;
    const shown = error instanceof TwarcCloudError && error.cause !== undefined
      ? await (await import("../cli/original.ts")).explainRefusal(error)
      : error;
    if (env.TWARC_CLOUD_LOG === "json" && shown instanceof TwarcCloudError) {
      const { fatalLine } = await import("../base/log.ts");
      write.err(`${fatalLine(errorSentence(shown), systemClock.now())}\n`);
      return shown.exitCode;
    }
    return reportThrown(shown, output, args.includes("--debug"));
  } finally {
    for (const act of endings) act();
  }
}

/** Returns `collection help once` as `help collection once`, and any other command line as it is. */
function helpLine(args: string[]): string[] {
  const [group = "", help, ...command] = args;
  const isGroup = ["bucket", "collection", "collection-config", "harvest"].includes(group);
  return isGroup && help === "help" ? ["help", group, ...command] : args;
}
