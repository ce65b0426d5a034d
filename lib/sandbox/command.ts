/** The commands `twarc-cloud sandbox` and `twarc-cloud demo`, and their flags. */

import type { Command } from "@commander-js/extra-typings";
import { resolve } from "node:path";
import { portNumber, positive, wholeNumber } from "../cli/numbers.ts";
import type { DemoContext } from "./demo.ts";
import type { SandboxContext } from "./serve.ts";

/** Completes `demo`. */
export function fillDemo(
  command: Command,
  context: SandboxContext & Pick<DemoContext, "self" | "env">,
): void {
  command
    .description(
      "Starts the sandbox, makes a user timeline, a search and a filter collection in a folder, harvests " +
        "each with the commands that you would type, and checks the results. It needs no keys and no account.",
    )
    .option("--folder <path>", "folder to make everything in", "twarc-cloud-demo")
    .action(async ({ folder }) => {
      const { runDemo } = await import("./demo.ts");
      const { print, self, env } = context;
      await runDemo({ print, self, env, signal: context.signal, folder: resolve(folder) });
    });
}

/** Completes `sandbox`. */
export function fillSandbox(command: Command, context: SandboxContext): void {
  command
    .description(
      "Serves a stand-in for Twitter's API on this machine until it is stopped: for trying things out, " +
        "for workshops and for tests. It has made-up users and tweets, or the tweets of files.",
    )
    .option("--port <port>", "port to listen on; 0 picks a free one", portNumber, 8080)
    .option(
      "--tweets <file...>",
      "JSONL files to serve as they are, plain, .gz or .zst: v1.1 tweets, or answers of version 2",
    )
    .option("--users <number>", "made-up users", positive, 20)
    .option("--tweets-per-user <number>", "tweets of each", wholeNumber, 250)
    .option("--rate <number>", "tweets a second on streams; 0 for none", wholeNumber, 5)
    .option(
      "--limit <number>",
      "requests a rate limit's window allows, in place of the API's",
      positive,
    )
    .option("--keep-alive <seconds>", "seconds between keep-alives on streams", positive, 30)
    .option(
      "--replay <number>",
      "tweets that are repeated when a stream reconnects",
      wholeNumber,
      0,
    )
    .option(
      "--trouble <trouble...>",
      "misbehave: KIND:PATH[:after=N][:times=N], with KIND one of 429, 429-bare, 429-pace, 429-day, " +
        "cap, credits, spend-cap, 401, 403, 404, blocked, 420, 500, 503, html, garbage, cut, truncate, " +
        "stall, repeat, disconnect; PATH part of an endpoint, or connect",
    )
    .option(
      "--linger <seconds>",
      "seconds that an abandoned filtered stream still counts as a connection",
      wholeNumber,
      0,
    )
    .option("--delay <milliseconds>", "time before each answer", wholeNumber, 0)
    .option("--verbose", "print each request", false)
    .addHelpText(
      "after",
      "\nExamples:\n  twarc-cloud sandbox\n" +
        "  twarc-cloud sandbox --tweets old.jsonl.gz --rate 50\n" +
        "  twarc-cloud sandbox --trouble 503:search:times=3 cut:search/stream",
    )
    .action(async ({ tweets = [], trouble = [], ...flags }) => {
      const { runSandbox } = await import("./serve.ts");
      await runSandbox({ ...flags, tweets, trouble }, context);
    });
}
