/** The command `twarc-cloud collection redact-keys`: removes keys from records that do not need them. */

import type { Command } from "@commander-js/extra-typings";
import { isoTime } from "../../base/clock.ts";
import type { KeysFound, RedactedKeys } from "../../bucket/key_files.ts";
import { lastWord } from "../../base/visible.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { bucketOption, example } from "../options.ts";
import { type Context, openBucket } from "../context.ts";
import { keptFor, tellPurged } from "./old_versions.ts";
import { count, many, shortenList } from "../output.ts";
import { saferPlace } from "../profiles.ts";

/** Adds the command. */
export function addRedactKeys(group: Command, context: Context): void {
  const { output } = context;
  group.command("redact-keys")
    .summary("Remove Twitter keys from changesets and harvests.")
    .description(
      "Puts fingerprints in place of the keys that changesets and harvests' copies of the configuration have in the " +
        "clear, as those of the Python original do, deletes older versions of these files that S3 keeps, and records " +
        "that; it asks before. The configuration keeps the keys that it is harvested with.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--yes", "do not ask", false)
    .option("--json", "print JSON")
    .addHelpText("after", example("collection redact-keys test_collection"))
    .action(async (collectionId, { bucket, yes, json }) => {
      const { store, collections, settings } = await openBucket(context, { bucket, acts: true });
      const { json: config } = await collections.loadJson(collectionId);
      const { findKeys, redactKeys } = await import("../../bucket/key_files.ts");
      const found = await findKeys(store, collectionId);
      const isVersioned = store.older !== undefined;
      if (!await mayRedact(collectionId, found, { yes, isVersioned, output })) return;
      const { underLease } = await import("../harvest/lease.ts");
      const { clock } = context;
      const leased = { store, collectionId };
      const redacted = await underLease(
        leased,
        context,
        (lease) => redactKeys({ store, clock, collectionId, lease }),
      );
      const { files, others, purged } = redacted;
      if (json) output.json(toDocument(collectionId, found, redacted));
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
          "collection.json keeps the keys that it is harvested with. To put them into " +
            `${saferPlace(settings)} instead: ` +
            `twarc-cloud collection keys ${lastWord(collectionId)}`,
        );
      }
      if (others.length === 0) return;
      const { UserError } = await import("../../base/errors.ts");
      throw new UserError(`Keys are also in files that are yours: ${shortenList(others)}`, {
        hint: "They were not changed: remove them, or remove the keys from them.",
      });
    });
}

/**
 * Reports what will be deleted for good, if anything, and asks.
 * @throws UserError if nobody can be asked.
 */
async function mayRedact(
  id: string,
  { files, keys, older }: KeysFound,
  { yes, isVersioned, output }: Pick<Context, "output"> & { yes: boolean; isVersioned: boolean },
): Promise<boolean> {
  const versions = older ?? [];
  if (files.length === 0 && versions.length === 0) return true;
  const what: string[] = [];
  if (files.length > 0) {
    what.push(`${id} has ${many(keys.length, "key")} in ${many(files.length, "file")}`);
    output.note(`${id} has keys in: ${shortenList(files)}`);
    output.note(`They are: ${shortenList(keys)}`);
  }
  if (versions.length > 0) {
    const since = oldestTime(versions);
    const kept = `${many(versions.length, "older version")} of such files${
      since === null ? "" : `, the oldest of ${since}`
    }`;
    what.push(`${what.length > 0 ? "" : `${id}: `}S3 keeps ${kept}`);
    output.note(`S3 keeps ${kept}: ${shortenList(listFiles(id, versions))}`);
  } else if (older === null) {
    output.note("S3 may keep older versions of them: AWS does not allow listing them.");
  }
  if (yes) return true;
  const deletes = isVersioned ? ", and delete older versions of these files for good" : "";
  const ask = files.length > 0
    ? `Put fingerprints in place of the keys${deletes}?`
    : "Delete them for good?";
  const answer = await output.confirm(ask);
  if (answer === null) {
    const { UserError } = await import("../../base/errors.ts");
    throw new UserError(what.join("; "), {
      hint: "Remove them with --yes. This cannot be undone.",
    });
  }
  if (!answer) output.note("Cancelling");
  return answer;
}

/** Returns the time of the oldest version, ISO 8601; null if the store gives none. */
function oldestTime(versions: { written: number }[]): string | null {
  const times = versions.map(({ written }) => written).filter(Number.isFinite);
  const oldest = times.reduce((least, time) => Math.min(least, time), Infinity);
  return times.length > 0 ? isoTime(oldest) : null;
}

/** Returns the files that have older versions, relative to the collection's folder. */
function listFiles(id: string, versions: { key: string }[]): string[] {
  const { length } = collectionKeys(id).folder;
  return [...new Set(versions.map(({ key }) => key.slice(length)))];
}

/** Returns the result, for programs. */
function toDocument(
  id: string,
  { keys, older }: KeysFound,
  { files, others, purged }: RedactedKeys,
): Record<string, unknown> {
  const versions = older ?? [];
  return {
    collection_id: id,
    files,
    keys,
    others,
    purged: purged && {
      older_versions: purged.deleted,
      files: purged.deleted > 0
        ? [...new Set([...files, ...listFiles(id, versions)])].toSorted()
        : [],
      since: oldestTime(versions),
      left: purged.left && keptFor(purged.left.days),
    },
  };
}
