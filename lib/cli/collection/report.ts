/** The command `twarc-cloud collection report`: how complete a collection is, for a paper and an archive. */

import type { Command } from "@commander-js/extra-typings";
import { bucketOption } from "../options.ts";
import { type Context, openBucket } from "../context.ts";
import { checkWhole, readFacts } from "./stats.ts";
import type { Report } from "../text/report_text.ts";

/** Adds the command. */
export function addReport(group: Command, context: Context): void {
  group.command("report")
    .summary("Say how complete a collection is.")
    .description(
      "Prints, as Markdown, what was asked for and when, what came, what is missing, and what the API cannot give, with a " +
        "paragraph for a methods section. All of it follows from the collection's documents.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  twarc-cloud collection report test_collection > report.md",
    )
    .action(async (collectionId, { bucket, json }) => {
      const opened = await openBucket(context, { bucket });
      const { json: config } = await opened.collections.loadJson(collectionId);
      const facts = await readFacts(opened, collectionId, context);
      const { History } = await import("../../bucket/history.ts");
      const changes = await Array.fromAsync(new History(opened.store, collectionId).readable());
      const { lastFixity } = await import("../../bucket/fixity.ts");
      const { reportOf, toMarkdown } = await import("../text/report_text.ts");
      const report: Report = reportOf({
        id: collectionId,
        config,
        facts,
        changes,
        verified: await lastFixity(opened.store, collectionId),
        version: context.version,
      });
      if (json) context.output.json(report);
      else for (const line of toMarkdown(report).split("\n")) context.output.line(line);
      await checkWhole(collectionId, facts);
    });
}
