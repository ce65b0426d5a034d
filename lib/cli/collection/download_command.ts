/** The command `twarc-cloud collection download`: copies collections to the local disk. */

import { type Command, Option } from "@commander-js/extra-typings";
import { join } from "node:path";
import { TwarcCloudError, UsageError } from "../../base/errors.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { time } from "../numbers.ts";
import { bucketOption, example } from "../options.ts";
import { count, many, size } from "../output.ts";
import type { Downloaded, DownloadOptions } from "./download.ts";

/** Adds the command. */
export function addDownload(group: Command, context: Context): void {
  group.command("download")
    .summary("Download collections.")
    .description(
      "Copies the files of collections to download/. Files that have already been downloaded are skipped " +
        "unless --clean is given. A harvest may be running. Twitter keys are left out of configurations and " +
        "changesets unless --with-keys is given, so that a copy can be passed on. A selection of harvests includes " +
        "everything that is not in a harvest.",
    )
    .argument("<collection-id...>", "collections")
    .addOption(bucketOption())
    .option(
      "--collection-path <folder>",
      "destination, for one collection (default: download/BUCKET/collections/ID)",
    )
    .addOption(
      new Option("--harvest <harvest>", "one harvest: last, or its id or time")
        .conflicts(["from", "to"]),
    )
    .option(
      "--from <time>",
      "harvests that began at this time or later, such as 2026-01-31 or 2026-01-31T12:00Z",
      time,
    )
    .option("--to <time>", "harvests that began before this time", time)
    .option(
      "--no-tweets",
      "leave out the files of tweets; a copy's manifests list the files that it has",
    )
    .option("--clean", "fetch everything again", false)
    .option("--with-keys", "copy the configuration's keys as well", false)
    .addHelpText("after", example("collection download test_collection"))
    .action(async (ids, { bucket, collectionPath, clean, withKeys, ...part }) => {
      if (collectionPath !== undefined && ids.length > 1) {
        throw new UsageError("--collection-path is for one collection, but several were named");
      }
      const opened = await openBucket(context, { bucket });
      for (const id of ids) await opened.collections.loadJson(id);
      let failure: TwarcCloudError | undefined;
      for (const id of new Set(ids)) {
        const { folder: root } = collectionKeys(id);
        const usual = join("download", opened.settings.bucket.name, root.replace(/\/$/, ""));
        const wanted = { to: collectionPath ?? usual, root, clean, withKeys, part };
        try {
          await downloadOne(opened, { ...wanted, collectionId: id }, context);
        } catch (error) {
          if (ids.length === 1 || !(error instanceof TwarcCloudError)) throw error;
          context.output.note(`${id}: ${error.message}`);
          failure ??= error;
        }
      }
      if (failure) throw failure;
    });
}

async function downloadOne(
  { store }: Bucket,
  wanted: Omit<DownloadOptions, "store" | "onFile">,
  { output, clock }: Context,
): Promise<void> {
  const { download } = await import("./download.ts");
  const progress = await output.progress();
  const began = clock.monotonic();
  const onFile = (done: Downloaded) => {
    progress.show(progressText(done, clock.monotonic() - began));
  };
  const done = await download({ store, ...wanted, onFile }).finally(() => progress.end());
  output.note(
    `${many(done.files, "file")} (${size(done.bytes)}) downloaded, ${count(done.skipped)} skipped.`,
  );
  if (done.removed > 0) {
    output.note(
      `${many(done.removed, "file")} removed here, as the manifests no longer list them.`,
    );
  }
  output.line(`Collection downloaded to ${wanted.to}`);
}

/** Formats files, bytes, rate, and time left. @param ms Since the beginning. */
function progressText(
  { files, bytes, skipped, skippedBytes, allFiles, allBytes }: Downloaded,
  ms: number,
): string {
  const rate = bytes / Math.max(ms, 1) * 1_000;
  const left = rate > 0 ? Math.ceil((allBytes - bytes - skippedBytes) / rate) : 0;
  return `${count(files + skipped)} of ${count(allFiles)} files, ` +
    `${size(bytes + skippedBytes)} of ${size(allBytes)}, ${size(rate)}/s, ${count(left)} s left`;
}
