/** The command `twarc-cloud collection dehydrate`: the ids of a collection's tweets. */

import type { Command } from "@commander-js/extra-typings";
import { bucketOption } from "./collection_config.ts";
import { type Context, openBucket } from "./context.ts";

/** Adds the command. */
export function addDehydrate(group: Command, context: Context): void {
  group.command("dehydrate")
    .summary("Print the ids of a collection's tweets.")
    .description(
      "Prints the ids of all tweets of a collection, one a line: the form in which Twitter's terms let such " +
        "material be shared. Only what the manifests list is read.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addHelpText(
      "after",
      "\nExample:\n  twarc-cloud collection dehydrate test_collection > ids.txt",
    )
    .action(async (collectionId, { bucket }) => {
      const { store, collections } = await openBucket(context, { bucket });
      const { linesOf, listedFiles } = await import("../bucket/tweets.ts");
      const { idsIn } = await import("../twitter/ids.ts");
      await collections.loadJson(collectionId);
      for await (const { key } of listedFiles(store, collectionId)) {
        for await (const line of linesOf(store, key)) {
          for (const id of idsIn(line)) context.output.line(id);
        }
      }
    });
}
