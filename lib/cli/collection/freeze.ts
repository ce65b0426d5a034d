/** The commands `twarc-cloud collection freeze` and `unfreeze`: end a collection, and sign it off. */

import type { Command } from "@commander-js/extra-typings";
import type { Frozen } from "../../collection/frozen.ts";
import { lastWord } from "../../base/visible.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";
import { many } from "../output.ts";
import { findPerson } from "./coverage.ts";

/** Adds the commands. */
export function addFreeze(group: Command, context: Context): void {
  addTheFreezing(group, context);
  addUnfreeze(group, context);
}

function addTheFreezing(group: Command, context: Context): void {
  const { output } = context;
  group.command("freeze")
    .summary("Freeze a collection, so that nothing is collected or changed any more.")
    .description(
      "Ends a collection: its schedule ends, its keys are removed, all of its files are verified once more, with a line in " +
        "fixity.jsonl, and its inventory is signed off. From then on commands that would collect something or change it " +
        "fail, until `collection unfreeze`.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--note <text>", "why, for the configuration and the inventory")
    .option("--json", "print JSON")
    .addHelpText("after", example('collection freeze test_collection --note "The project is over"'))
    .action(async (collectionId, { bucket, note, json }) => {
      const opened = await openBucket(context, { bucket, acts: true });
      const { json: config } = await opened.collections.loadJson(collectionId);
      const { readFrozen } = await import("../../collection/frozen.ts");
      const wasFrozen = readFrozen(config) !== null;
      const wasScheduled = await endRuns(opened, collectionId);
      const { frozen, faults } = await frozenNow(opened, { collectionId, note }, context);
      if (json) return output.json({ collection_id: collectionId, frozen, faults });
      output.line(`${collectionId} is frozen${wasFrozen ? ` since ${frozen.since}` : ""}.`);
      if (!wasFrozen) {
        output.note(
          `It has no keys any more${
            wasScheduled ? ", and its schedule was removed" : ""
          }. To go on with it: ` +
            `twarc-cloud collection unfreeze --note=WHY ${lastWord(collectionId)}`,
        );
      }
      if (faults === 0) return;
      output.note(
        `${
          many(faults, "fault")
        } found, which the inventory and fixity.jsonl record. See them with: ` +
          `twarc-cloud collection verify ${lastWord(collectionId)}`,
      );
    });
}

/** Ends the collection's schedule. @returns Whether it had one. @throws UserError if its stream is kept alive */
async function endRuns(opened: Bucket, collectionId: string): Promise<boolean> {
  await checkNotKept(opened, collectionId);
  return await (await opened.runner()).unschedule(collectionId);
}

/** @throws UserError where a collection's stream is to be alive. */
export async function checkNotKept(opened: Bucket, collectionId: string): Promise<void> {
  const runner = await opened.runner();
  const { isKept } = await import("../../runner/local/kept.ts");
  if (runner.documents && await isKept(runner.documents, collectionId)) {
    const { UserError } = await import("../../base/errors.ts");
    throw new UserError(`The stream of ${collectionId} is still running`, {
      hint: `Stop it first: twarc-cloud collection filter-stop ${lastWord(collectionId)}`,
    });
  }
}

/** Freezes a collection under its lease. @throws LockedError while it is harvested */
async function frozenNow(
  opened: Bucket,
  { collectionId, note }: { collectionId: string; note: string | undefined },
  context: Context,
): Promise<{ frozen: Frozen; faults: number }> {
  const { store } = opened;
  const { clock } = context;
  const { settleLast } = await import("../../archive/repair.ts");
  const { freeze, signOff } = await import("../../bucket/freezing.ts");
  const { redactKeys } = await import("../../bucket/key_files.ts");
  const { underLease } = await import("../harvest/lease.ts");
  const { keepReadmeFor } = await import("./readme.ts");
  const { readAll } = await import("./verify.ts");
  const leased = { store, collectionId };
  return await underLease(leased, context, async (lease, holder) => {
    const place = { store, clock, collectionId, lease };
    await settleLast({ ...place, holder });
    const frozen = await freeze(place, { by: findPerson(context), note });
    await redactKeys(place);
    await keepReadmeFor(opened, collectionId);
    const { faults: { length: faults } } = await readAll(opened, collectionId, context);
    await signOff(place, { frozen, faults });
    return { frozen, faults };
  });
}

function addUnfreeze(group: Command, context: Context): void {
  const { output } = context;
  group.command("unfreeze")
    .summary("Resume a frozen collection.")
    .description(
      "Resumes a frozen collection, and records that in its inventory. It needs keys to be harvested again.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .requiredOption("--note <text>", "why, for the inventory")
    .option("--json", "print JSON")
    .addHelpText("after", example('collection unfreeze test_collection --note "One more year"'))
    .action(async (collectionId, { bucket, note, json }) => {
      const { store, collections } = await openBucket(context, { bucket, acts: true });
      await collections.loadJson(collectionId);
      const { unfreeze } = await import("../../bucket/freezing.ts");
      const { underLease } = await import("../harvest/lease.ts");
      const { clock } = context;
      const wasFrozen = await underLease(
        { store, collectionId },
        context,
        (lease) =>
          unfreeze({ store, clock, collectionId, lease }, { by: findPerson(context), note }),
      );
      const { keepReadmeFor } = await import("./readme.ts");
      await keepReadmeFor({ store, collections }, collectionId);
      if (json) return output.json({ collection_id: collectionId, was_frozen: wasFrozen });
      output.line(
        wasFrozen ? `${collectionId} is no longer frozen.` : `${collectionId} is not frozen.`,
      );
      if (!wasFrozen) return;
      output.note(`Give it keys with: twarc-cloud collection keys ${lastWord(collectionId)}`);
    });
}
