/** The commands `twarc-cloud collection rename`, `copy` and `move`. */

import type { Command } from "@commander-js/extra-typings";
import { type Context, openBucket } from "../context.ts";
import { BUCKET, bucketOption, example } from "../options.ts";
import type { Transfers } from "./transfer_run.ts";

/** Adds the commands. */
export function addTransfers(group: Command, context: Context): void {
  addRename(group, context);
  addCopy(group, context);
  addMove(group, context);
}

const CHECKED = "Every file is read back and compared, and the new one is verified; stopped at " +
  "whatever point, the same command goes on.";
const FAULTS = "go on where verifying the new one finds faults, which the old one has as well";

function addRename(group: Command, context: Context): void {
  group.command("rename")
    .summary("Give a collection another id.")
    .description(
      `Gives a collection another id, with its keys and its schedule. ${CHECKED} The old one is removed last.`,
    )
    .argument("<collection-id>", "collection")
    .argument("<new-id>", "its new id")
    .addOption(bucketOption())
    .option("--no-schedule", "end its schedule")
    .option("--despite-faults", FAULTS, false)
    .addHelpText("after", example("collection rename test_collection marmots"))
    .action(async (collectionId, newId, { bucket, schedule, despiteFaults }) => {
      const wanted = { what: "renamed", collectionId, newId, keys: true } as const;
      await run({ ...wanted, bucket, to: bucket, removes: true, schedule, despiteFaults }, context);
    });
}

function addCopy(group: Command, context: Context): void {
  group.command("copy")
    .summary("Copy a collection under another id.")
    .description(
      `Copies a collection under another id, into its bucket or another one. ${CHECKED} The copy has no schedule; with the ` +
        "keys it can be harvested as the other one is.",
    )
    .argument("<collection-id>", "collection")
    .argument("<new-id>", "id of the copy")
    .addOption(bucketOption())
    .option("--to <bucket>", "bucket of the copy (default: the same)")
    .option("--no-keys", "leave its keys out")
    .option("--despite-faults", FAULTS, false)
    .addHelpText("after", example("collection copy test_collection marmots"))
    .action(async (collectionId, newId, { bucket, to = bucket, keys, despiteFaults }) => {
      const wanted = { what: "copied", collectionId, newId, keys } as const;
      await run(
        { ...wanted, bucket, to, removes: false, schedule: false, despiteFaults },
        context,
      );
    });
}

function addMove(group: Command, context: Context): void {
  group.command("move")
    .summary("Move a collection to another bucket.")
    .description(
      `Moves a collection to another bucket, with its keys and its schedule. ${CHECKED} The old one is removed last.`,
    )
    .argument("<collection-id>", "collection")
    .requiredOption("--to <bucket>", BUCKET)
    .addOption(bucketOption())
    .option("--no-keys", "leave its keys out")
    .option("--no-schedule", "end its schedule")
    .option("--despite-faults", FAULTS, false)
    .addHelpText("after", example("collection move test_collection --to s3://tweets"))
    .action(async (collectionId, { bucket, to, keys, schedule, despiteFaults }) => {
      const wanted = { what: "moved", collectionId, newId: collectionId, keys } as const;
      await run({ ...wanted, bucket, to, removes: true, schedule, despiteFaults }, context);
    });
}

/** A person's request, with the buckets by name. */
interface Named extends Transfers {
  bucket: string | undefined;
  to: string | undefined;
}

async function run({ bucket, to, ...wanted }: Named, context: Context): Promise<void> {
  const source = await openBucket(context, { bucket, acts: true });
  const target = to === bucket ? source : await openBucket(context, { bucket: to, makes: true });
  // Suggested commands are for the source.
  context.output.bucket = bucket;
  const { transferCollection } = await import("./transfer_run.ts");
  await transferCollection({ source, target }, wanted, context);
}
