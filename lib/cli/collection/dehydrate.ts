/** The command `twarc-cloud collection dehydrate`: prints the ids of a collection's tweets. */

import type { Command } from "@commander-js/extra-typings";
import { OutsideError } from "../../base/errors.ts";
import type { Store } from "../../store/store.ts";
import { bucketOption } from "../options.ts";
import { type Context, openBucket } from "../context.ts";
import { shortenList } from "../output.ts";

/** Adds the command. */
export function addDehydrate(group: Command, context: Context): void {
  group.command("dehydrate")
    .summary("Print the ids of a collection's tweets.")
    .description(
      "Prints the ids of all tweets of a collection, one a line: the form in which Twitter's terms let such " +
        "material be shared. Only what the manifests list is read. Damaged files are named at the end.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addHelpText(
      "after",
      "\nExample:\n  twarc-cloud collection dehydrate test_collection > ids.txt",
    )
    .action(async (collectionId, { bucket }) => {
      const { store, collections } = await openBucket(context, { bucket });
      await collections.loadJson(collectionId);
      const damaged = await dehydrate(store, collectionId, (id) => context.output.line(id));
      if (damaged) throw damaged;
    });
}

/** Prints the ids of all readable files. @returns An error for the others */
async function dehydrate(
  store: Store,
  collectionId: string,
  onId: (id: string) => void,
): Promise<OutsideError | null> {
  const { listedFiles } = await import("../../bucket/listing.ts");
  const { DamagedFileError, readLines } = await import("../../bucket/tweets.ts");
  const { verifyHint } = await import("../../bucket/documents.ts");
  const { readIds } = await import("../../twitter/bytes/ids.ts");
  const damaged: string[] = [];
  let first: OutsideError | null = null;
  for await (const { key } of listedFiles(store, collectionId)) {
    try {
      for await (const ids of readLines(store, key, readIds)) ids.forEach(onId);
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      first ??= error;
      damaged.push(error.file);
    }
  }
  if (damaged.length < 2) return first;
  return new OutsideError(`${damaged.length} files cannot be read: ${shortenList(damaged)}`, {
    cause: first,
    hint: verifyHint(collectionId),
  });
}
