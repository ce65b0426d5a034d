/** The command `twarc-cloud collection report`: reports how complete a collection is, for papers and archives. */

import type { Command } from "@commander-js/extra-typings";
import { bucketOption } from "../options.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { checkWhole, type Facts, readFacts } from "./stats.ts";
import type { Counted } from "../../export/tally.ts";
import type { Report } from "../text/report_data.ts";

/** The counts that a report has: the others, as of hashtags, would take memory while a bag is made. */
const COUNTS: readonly Counted[] = ["days", "kinds", "users"];

/** Adds the command. */
export function addReport(group: Command, context: Context): void {
  group.command("report")
    .summary("Report how complete a collection is.")
    .description(
      "Prints, as Markdown, what was requested and when, what was collected, what is missing, and what the API lacks, with a " +
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
      const { report, facts } = await readReport(opened, collectionId, context);
      const { toMarkdown } = await import("../text/report_text.ts");
      if (json) context.output.json(report);
      else for (const line of toMarkdown(report).split("\n")) context.output.line(line);
      await checkWhole(collectionId, facts);
    });
}

/** Reads the facts of a report, and makes it. @throws UserError if there is no such collection */
export async function readReport(
  bucket: Pick<Bucket, "store" | "collections">,
  id: string,
  context: Context,
): Promise<{ report: Report; facts: Facts }> {
  const { json: config } = await bucket.collections.loadJson(id);
  const facts = await readFacts(bucket, id, context, COUNTS);
  const { History } = await import("../../bucket/history.ts");
  const changes = await Array.fromAsync(new History(bucket.store, id).readable());
  const { lastFixity } = await import("../../bucket/fixity.ts");
  const { toReport } = await import("../text/report_data.ts");
  const verified = await lastFixity(bucket.store, id);
  const report = toReport({ id, config, facts, changes, verified, version: context.version });
  return { report, facts };
}
