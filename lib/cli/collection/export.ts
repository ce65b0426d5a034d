/** The command `twarc-cloud collection export`: writes a collection's tweets in common formats. */

import {
  type Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { UsageError } from "../../base/errors.ts";
import type { ExportRequest } from "./export_run.ts";
import { positive, time } from "../numbers.ts";
import { bucketOption } from "../options.ts";
import type { Context } from "../context.ts";

/** Formats of an export; the first is the default. */
export const FORMATS = ["csv", "parquet", "jsonl", "ids", "gexf", "bagit"] as const;

/** Adds the command. */
export function addExport(group: Command, context: Context): void {
  group.command("export")
    .summary("Export a collection's tweets.")
    .description(
      "Writes the tweets of collections to a file: csv has the columns of twarc's tools, parquet those that are the " +
        "same for all, jsonl a tweet a line, ids their ids, gexf a graph of who repeats, answers, quotes and mentions " +
        "whom, bagit all that the collection has as it is, for an archive. Of several collections the tweets are merged; a tweet that was recorded more than once is exported " +
        "once. Only what the manifests list is read. Damaged files are named at the end.",
    )
    .argument("<collection-id...>", "collections")
    .addOption(bucketOption())
    .addOption(new Option("--format <format>", "form of the file").choices(FORMATS).default("csv"))
    .option(
      "--output <path>",
      "file, of parquet and bagit a folder (of bagit also a .tar); - for standard output (default: export/ID.FORMAT)",
    )
    .option(
      "--columns <columns>",
      "twarc, v1, common, 4cat, or names with commas between them (default: those of twarc's tool for the API's version)",
    )
    .option("--extra-columns <names>", "members that are columns as well; auto: all that are new")
    .option(
      "--from <time>",
      "tweets created at this time or later, such as 2026-01-31 or 2026-01-31T12:00Z",
      time,
    )
    .option("--to <time>", "tweets created before this time", time)
    .option("--harvest <harvest>", "tweets of one harvest: last, or its id or time")
    .option("--user <user...>", "tweets of these users, by name or id")
    .option("--rule <tag...>", "tweets of a stream that match the rules with these tags")
    .option("--no-retweets", "leave retweets out")
    .addOption(
      new Option(
        "--referenced <how>",
        "tweets that others refer to: rows of their own (rows), what they give to retweets that repeat them (merge), " +
          "or nothing (none)",
      ).choices(["none", "rows", "merge"]).default("merge"),
    )
    .option("--sample <size>", "a random sample: a number of tweets, or a share such as 5%", sample)
    .option("--seed <text>", "seed of the sample: another one selects other tweets", "1")
    .option("--keep-duplicates", "export a tweet as often as it was recorded", false)
    .option("--raw", "add a column with the JSON of each tweet", false)
    .addOption(
      new Option("--edges <kind>", "who does what to whom, for gexf and csv (default of gexf: all)")
        .choices(["retweet", "reply", "quote", "mention", "all"]),
    )
    .option("--pseudonyms <keyfile>", "replace users by pseudonyms; texts stay as they are")
    .option("--shard-mb <mb>", "MB of a Parquet file, about", positive, 256)
    .option("--excel", "write csv that a spreadsheet opens as it is", false)
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  twarc-cloud collection export my_search\n" +
        "  twarc-cloud collection export my_search --format parquet --from 2026-01-01\n" +
        "  twarc-cloud collection export my_search --format jsonl --output - | jq .lang",
    )
    .action(async (ids, { json = false, bucket, format, ...options }, command) => {
      if (format === "bagit") {
        checkBag(command);
        const { exportBag } = await import("./export_bag.ts");
        return await exportBag({ ids, bucket, output: options.output, json }, context);
      }
      const { runExport } = await import("./export_run.ts");
      const request: ExportRequest = { ids, format, ...options };
      await runExport(request, { bucket, json }, context);
    });
}

/**
 * Checks the options of a bag, which contains the whole collection. @throws UsageError for options that select a part
 */
function checkBag(command: CommandUnknownOpts): void {
  const strange = command.options.find((option) =>
    !["format", "output", "json", "bucket"].includes(option.attributeName()) &&
    command.getOptionValueSource(option.attributeName()) === "cli"
  );
  if (strange) throw new UsageError(`${strange.long} is not for bagit: a bag has all as it is`);
}

/** Parses a sample's size. @throws InvalidArgumentError */
function sample(text: string): { share: number } | { count: number } {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100) {
    return { share: Number(percent) / 100 };
  }
  if (/^[1-9]\d{0,8}$/.test(text)) return { count: Number(text) };
  throw new InvalidArgumentError("It has to be a number of tweets, or a part such as 5%.");
}
