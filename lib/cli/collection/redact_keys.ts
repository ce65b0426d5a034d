/** The command `twarc-cloud collection redact-keys`: takes keys out of records that need none. */

import type { Command } from "@commander-js/extra-typings";
import { lastWord } from "../../base/visible.ts";
import { bucketOption, example } from "../options.ts";
import { type Context, openBucket } from "../context.ts";
import { tellPurged } from "./old_versions.ts";
import { count, someOf } from "../output.ts";

/** Adds `redact-keys`. */
export function addRedactKeys(group: Command, context: Context): void {
  const { output } = context;
  group.command("redact-keys")
    .summary("Take Twitter keys out of changesets and harvests.")
    .description(
      "Puts fingerprints in place of the keys that changesets and harvests' copies of the configuration have in the " +
        "clear, as those of the Python original do, and records that. The configuration keeps the keys that it is " +
        "harvested with.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection redact-keys test_collection"))
    .action(async (collectionId, { bucket, json }) => {
      const { store, collections, settings } = await openBucket(context, { bucket, acts: true });
      const { json: config } = await collections.loadJson(collectionId);
      const { redactKeys } = await import("../../bucket/key_files.ts");
      const { underLease } = await import("../harvest/lease.ts");
      const { clock } = context;
      const leased = { store, collectionId };
      const redacted = await underLease(
        leased,
        context,
        (lease) => redactKeys({ store, clock, collectionId, lease }),
      );
      const { files, others, purged } = redacted;
      if (json) output.json({ collection_id: collectionId, files, others });
      else {
        for (const file of files) output.line(`${file}: keys replaced by fingerprints`);
        output.line(
          files.length === 0
            ? `${collectionId} has no keys in its changesets and harvests.`
            : `${collectionId}: ${count(files.length)} ${files.length === 1 ? "file" : "files"}.`,
        );
      }
      if (purged) tellPurged(purged, context);
      const { hasKeys } = await import("../../collection/keyless.ts");
      if (!hasKeys(config) && purged) {
        output.note(
          "Older versions of collection.json may have keys too, where S3 keeps some: its rules delete them, or new keys " +
            "at X make them worthless.",
        );
      }
      if (hasKeys(config) && settings.bucket.kind !== "folder") {
        output.note(
          "collection.json keeps the keys that it is harvested with. To have them in Parameter Store in its place: " +
            `twarc-cloud collection keys ${lastWord(collectionId)}`,
        );
      }
      if (others.length === 0) return;
      const { UserError } = await import("../../base/errors.ts");
      throw new UserError(`Keys are also in files that are yours: ${someOf(others)}`, {
        hint: "They are left as they are: remove them, or take the keys out of them.",
      });
    });
}
