/** The command `twarc-cloud collection compliance`: lists and deletes tweets that X requires to be deleted. */

import type { Command } from "@commander-js/extra-typings";
import type { ComplianceCheck } from "../../archive/compliance.ts";
import type { Occurrence, Removed } from "../../archive/removal.ts";
import { lastWord } from "../../base/visible.ts";
import { checkNotFrozen } from "../../collection/frozen.ts";
import { bucketOption, example } from "../options.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { dayAfter, tellPurged } from "./old_versions.ts";
import { many, shortenList } from "../output.ts";

/** Adds the command. */
export function addCompliance(group: Command, context: Context): void {
  group.command("compliance")
    .summary("List the tweets that must be deleted, and delete them.")
    .description(
      "Submits the ids of a collection's tweets to X's batch compliance, and lists those that must be deleted " +
        "(their authors deleted or protected them, or are gone), with the files they are in. It may take " +
        "hours; if it is stopped, it resumes the same job when it is run again.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option(
      "--apply",
      "remove them from the files, and record what was removed from which in a changeset; uses the last " +
        "job's results, if they have not been applied",
      false,
    )
    .option("--json", "print JSON")
    .addHelpText("after", example("collection compliance test_collection"))
    .action(async (collectionId, { bucket, apply, json }) => {
      const opened = await openBucket(context, { bucket, acts: apply });
      const check = await checkResults(opened, { collectionId, reuse: apply }, context);
      const gone = new Map<string, string>();
      const others: { id: string; action: string; reason: string }[] = [];
      for (const [id, { action, reason }] of check.results) {
        if (action === "delete") gone.set(id, reason);
        else others.push({ id, action, reason });
      }
      const { occurrences } = await import("../../archive/removal.ts");
      const found = await Array.fromAsync(occurrences(opened.store, collectionId, gone));
      const removed = apply
        ? await removeGone(opened, { collectionId, check, gone }, context)
        : undefined;
      const { job_id, began } = check.record;
      if (json) {
        const ids = check.record.ids ?? 0;
        context.output.json({
          job_id,
          began,
          ids,
          delete: found,
          others,
          removed: removed?.removals ?? null,
          ...(removed ? leftJson(removed, context) : {}),
        });
        return;
      }
      tell(found, others, context);
      if (removed) return tellRemoved(removed, context);
      const command = `twarc-cloud collection compliance --apply ${lastWord(collectionId)}`;
      if (found.length > 0) context.output.note(`Remove them with: ${command}`);
    });
}

/** Returns a complete job's results. */
async function checkResults(
  { store, collections, settings }: Bucket,
  { collectionId, reuse }: { collectionId: string; reuse: boolean },
  { clock, env, output, signal }: Context,
): Promise<ComplianceCheck> {
  const { config } = await collections.load(collectionId);
  checkNotFrozen(collectionId, config);
  const { requireKeys } = await import("../../collection/config.ts");
  const { complianceCheck } = await import("../../archive/compliance.ts");
  const { paidApiWith } = await import("../api.ts");
  const asked = { keys: requireKeys(config), words: config.words };
  const { compliance } = await paidApiWith(asked, { clock, env, output, settings });
  const progress = await output.progress();
  try {
    return await complianceCheck({
      store,
      clock,
      jobs: compliance,
      collectionId,
      reuse,
      tell: (text) => progress.show(text),
      signal,
    });
  } finally {
    progress.end();
  }
}

/** Removes the listed tweets under the collection's lease. @throws LockedError while it is harvested. */
async function removeGone(
  { store }: Bucket,
  { collectionId, check, gone }: {
    collectionId: string;
    check: ComplianceCheck;
    gone: Map<string, string>;
  },
  context: Context,
): Promise<Removed> {
  const { decidedAt, markApplied } = await import("../../archive/compliance.ts");
  const { removeTweets } = await import("../../archive/removal.ts");
  const { underLease } = await import("../harvest/lease.ts");
  const { clock, output } = context;
  const progress = await output.progress();
  const onFile = (file: string) => progress.show(`Checked ${file}`);
  const leased = { store, collectionId };
  return await underLease(leased, context, async (lease, holder) => {
    const at = await decidedAt(store, check, clock.now());
    const removed = await removeTweets({ ...leased, clock, lease, holder, gone, at, onFile });
    await markApplied(store, check, at);
    return removed;
  }).finally(() => progress.end());
}

function tell(
  found: Occurrence[],
  others: { id: string; action: string; reason: string }[],
  { output }: Context,
): void {
  for (const { id, reason, file } of found) output.line(`${id}  ${reason}  ${file}`);
  for (const { id, action, reason } of others) {
    output.note(`X asks for ${action} of ${id} (${reason}): do it by hand.`);
  }
  if (found.length === 0) output.note("Nothing must be deleted.");
  else output.note(`${many(new Set(found.map(({ id }) => id)).size, "tweet")} must be deleted.`);
}

function tellRemoved({ removals, purged, doubtful, aside }: Removed, context: Context): void {
  const { output } = context;
  const tweets = new Set(removals.flatMap((one) => one.tweets.map(({ id }) => id)));
  output.line(`Removed ${many(tweets.size, "tweet")} from ${many(removals.length, "file")}.`);
  if (removals.length > 0) {
    output.note(
      "Copies that were downloaded before still have them: download the collection again.",
    );
  }
  if (purged) tellPurged(purged, context);
  for (const folder of doubtful) {
    output.note(
      `${folder} has files that its manifest does not list, and that may not be garbage: they were kept. ` +
        "See what is wrong with `twarc-cloud collection verify`.",
    );
  }
  if (aside.length > 0) {
    output.note(
      `${
        many(aside.length, "file")
      } that a repair has set aside may have such tweets, and was not looked into: ` +
        `${shortenList(aside)}. Delete what you do not need.`,
    );
  }
}

/** Returns the result for older versions, for programs. */
function leftJson(
  { purged, doubtful, aside }: Removed,
  { clock }: Context,
): Record<string, unknown> {
  const days = purged?.left?.days ?? null;
  return {
    old_versions: purged && {
      deleted: purged.deleted,
      may_stay: purged.left !== null,
      until: days === null || days === Infinity ? null : dayAfter(days, clock.now()),
    },
    doubtful,
    set_aside: aside,
  };
}
