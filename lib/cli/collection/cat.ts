/** The command `twarc-cloud collection cat`: prints the tweets of a collection. */

import type { Command } from "@commander-js/extra-typings";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";

/** Adds the command. */
export function addCat(group: Command, context: Context): void {
  group.command("cat")
    .summary("Print the tweets of a collection.")
    .description(
      "Prints the tweets of a collection, or of one of its harvests, one a line: those of version 1.1 as they were sent, " +
        "those of version 2 with the objects that they refer to inlined, as `twarc2 flatten` does. Only what the manifests list " +
        "is read. Damaged files are named at the end.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--harvest <harvest>", "tweets of one harvest: last, or its id or time")
    .option(
      "--clean",
      "replace unpaired surrogates by U+FFFD: the API sends some now and then, and jq cannot read them",
      false,
    )
    .addHelpText("after", example("collection cat test_collection --clean | jq -r .full_text"))
    .action(async (collectionId, { bucket, harvest, clean }) => {
      const opened = await openBucket(context, { bucket });
      await opened.collections.loadJson(collectionId);
      await cat(opened, { collectionId, harvest, clean }, context);
    });
}

/** Bytes that are printed at a time. */
const BLOCK = 65_536;
const LINE_FEED = new Uint8Array([0x0a]);

async function cat(
  { store }: Bucket,
  { collectionId, harvest, clean }: {
    collectionId: string;
    harvest: string | undefined;
    clean: boolean;
  },
  { output, signal }: Context,
): Promise<void> {
  const { Buffer } = await import("node:buffer");
  const { findSource } = await import("../../export/source.ts");
  const { DamagedFileError, readTweets } = await import("../../bucket/tweets.ts");
  const { flatten } = await import("../../export/flatten.ts");
  const { wellFormed } = await import("../../format/surrogates.ts");
  const encoder = new TextEncoder();
  let block: Uint8Array[] = [];
  let bytes = 0;
  const flush = () => {
    if (bytes > 0) output.data(Buffer.concat(block));
    [block, bytes] = [[], 0];
  };
  const source = await findSource(store, [collectionId], harvest);
  let damaged: Error | undefined;
  const linesOf = async function* (key: string) {
    try {
      yield* readTweets(store, key);
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      damaged ??= error;
    }
  };
  for (const { key } of source.files) {
    for await (const recorded of linesOf(key)) {
      signal.throwIfAborted();
      const lines = recorded.api === "2"
        ? flatten(recorded).map((tweet) => encoder.encode(JSON.stringify(tweet)))
        : [recorded.line];
      for (const line of lines) {
        block.push((clean ? wellFormed(line) : line).slice(), LINE_FEED);
        bytes += line.length;
      }
      if (bytes >= BLOCK) flush();
    }
  }
  flush();
  if (damaged) throw damaged;
}
