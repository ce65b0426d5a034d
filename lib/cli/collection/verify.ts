/** The command `twarc-cloud collection verify`: whether collections are whole, and mending what can be mended. */

import type { Command } from "@commander-js/extra-typings";
import type { InventoryFound, Verified } from "../../archive/found.ts";
import type { VerifyOptions } from "../../archive/verify.ts";
import { bucketOption, example } from "../options.ts";
import { type Bucket, type Context, notePassedOver, openBucket } from "../context.ts";
import type { Purged } from "../../store/store.ts";
import { gapTexts } from "../text/gap_texts.ts";
import { tellPurged } from "./old_versions.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { lastWord } from "../../base/visible.ts";
import { count, many, type Progress, size, someOf } from "../output.ts";

/** Adds the command. */
export function addVerify(group: Command, context: Context): void {
  group.command("verify")
    .summary("Check that collections are whole, and repair what can be repaired.")
    .description(
      "Reads every file of a collection, or of all: manifests, checksums, gzip, JSON lines, tweets that are there " +
        "more than once, what is recorded of the files. A harvest may be running. Exits with 1 where something is not " +
        "as it should be.",
    )
    .argument("[collection-id]", "collection; all of them without it")
    .addOption(bucketOption())
    .option(
      "--repair",
      "set aside what was never finished, and write again what can be derived from what is there: no tweet is deleted; " +
        "a collection that is being harvested is left alone",
      false,
    )
    .option("--json", "print JSON")
    .addHelpText("after", example("collection verify test_collection"))
    .action(async (collectionId, { bucket, repair, json }) => {
      const opened = await openBucket(context, { bucket });
      const wanted = repair ? { isNamed: collectionId !== undefined } : null;
      const all: Looked[] = [];
      for (const id of await wantedIds(opened, collectionId)) {
        const looked = await lookedAt(opened, id, wanted, context);
        all.push(looked);
        if (!json) tell(looked, context);
      }
      if (json) context.output.json(all.map(toJson));
      const faults = all.flatMap(({ verified }) => verified.faults);
      // Beside the collections.
      const links = notePassedOver(opened.store, context);
      if (faults.length + links === 0) return;
      const { UserError } = await import("../../base/errors.ts");
      const canBeMended = faults.some((fault) => fault.canBeMended);
      throw new UserError(`${many(faults.length + links, "fault")} found`, {
        hint: canBeMended
          ? "Repair what can be repaired with: twarc-cloud collection verify --repair"
          : "`--repair` has no way to repair that: each line says what is wrong, and what else can be done. Where the " +
            "bucket keeps versions, look for an older one.",
      });
    });
}

/** A collection that was looked at, and what was mended of it: null where that was not wanted. */
interface Looked {
  verified: Verified;
  mended: string[] | null;
}

/** Returns the collections to look at. @throws UserError where there is nothing of the one that is named. */
async function wantedIds(
  { store, collections }: Bucket,
  named: string | undefined,
): Promise<string[]> {
  if (named === undefined) return await Array.fromAsync(collections.list());
  const { checkedId, collectionKeys } = await import("../../collection/layout.ts");
  // One whose configuration is gone or damaged can be verified all the same.
  for await (const _ of store.list(collectionKeys(checkedId(named)).folder)) return [named];
  await collections.loadJson(named);
  return [named];
}

/** @param repair Whether it is to be mended, and whether the person named it. */
async function lookedAt(
  opened: Bucket,
  id: string,
  repair: { isNamed: boolean } | null,
  context: Context,
): Promise<Looked> {
  const { verify } = await import("../../archive/verify.ts");
  const { LockedError } = await import("../../base/errors.ts");
  const progress = await context.output.progress();
  try {
    const options = await optionsFor(opened, { collectionId: id, progress }, context);
    if (repair) {
      try {
        return await repaired(options, context);
      } catch (error) {
        if (!(error instanceof LockedError) || repair.isNamed) throw error;
        context.output.note(`${error.message}: it is left alone`);
      }
    }
    return { verified: await verify(options), mended: null };
  } finally {
    progress.end();
  }
}

async function optionsFor(
  { store }: Bucket,
  { collectionId, progress }: { collectionId: string; progress: Progress },
  { clock, signal }: Context,
): Promise<VerifyOptions> {
  const { holderIsGone: isGone } = await import("../../bucket/process.ts");
  let files = 0;
  const onFile = (key: string) => progress.show(`File ${count(++files)}: ${key}`);
  return { store, clock, collectionId, isGone, onFile, signal };
}

/** Mends under the collection's lease. @throws LockedError while it is harvested. */
async function repaired(
  options: VerifyOptions,
  context: Context,
): Promise<Looked> {
  const { repair } = await import("../../archive/repair.ts");
  const { underLease } = await import("../harvest/lease.ts");
  const mended: string[] = [];
  const onMended = (what: string) => void mended.push(what);
  const onPurged = (purged: Purged) => tellPurged(purged, context);
  const { store, collectionId } = options;
  const verified = await underLease(
    { store, collectionId },
    context,
    (lease, holder) => repair({ ...options, lease, holder, onMended, onPurged }),
  );
  return { verified, mended };
}

function tell({ verified, mended }: Looked, { output }: Context): void {
  const { collectionId, harvests, tweets, files, bytes, withKeys, gaps, faults, inventory } =
    verified;
  for (const what of mended ?? []) output.line(`${what}.`);
  for (const { key, says, canBeMended } of faults) {
    output.line(`${key}: ${says}${canBeMended ? " (--repair repairs it)" : ""}`);
  }
  const state = faults.length === 0 ? "whole" : many(faults.length, "fault");
  const has = [
    many(harvests.length, "harvest"),
    `${many(tweets, "tweet")} in ${many(files, "file")} (${size(bytes)})`,
    ...(gaps.length > 0 ? [`${many(gaps.length, "span")} missed`] : []),
  ];
  output.line(`${collectionId}: ${state}. ${has.join(", ")}`);
  for (const gap of gapTexts(gaps)) output.line(`  missed from ${gap}`);
  const lacking = inventory && lackingText(inventory);
  if (lacking) output.line(`  ${lacking}`);
  if (withKeys.length > 0) tellKeys(collectionId, withKeys, output);
}

/** What the inventory lacks, which is no fault; empty where that is nothing. */
function lackingText({ entries, older }: InventoryFound): string {
  if (older.harvests + older.changesets === 0) return "";
  const parts = [[older.harvests, "harvest"], [older.changesets, "changeset"]] as const;
  const lacking = parts.filter(([n]) => n > 0).map(([n, name]) => many(n, name)).join(" and ");
  return entries === 0
    ? `There is no inventory by which something that is deleted would be noticed: --repair makes one (${lacking})`
    : `The inventory does not have ${lacking} from before it began: --repair adds them`;
}

function tellKeys(id: string, withKeys: string[], output: Context["output"]): void {
  const { folder } = collectionKeys(id);
  const names = someOf(withKeys.map((key) => key.slice(folder.length)));
  output.line(`  Twitter keys are in the clear in ${many(withKeys.length, "file")}: ${names}`);
  output.line(`  Take them out with: twarc-cloud collection redact-keys ${lastWord(id)}`);
}

function toJson({ verified, mended }: Looked): Record<string, unknown> {
  const { collectionId, harvests, faults, withKeys, inventory, ...rest } = verified;
  return {
    collection_id: collectionId,
    harvests: harvests.length,
    ...rest,
    faults: faults.map(({ key, says, canBeMended }) => ({ key, says, can_be_mended: canBeMended })),
    with_keys: withKeys,
    inventory: { entries: inventory?.entries ?? 0, without_entry: inventory?.older },
    ...(mended ? { mended } : {}),
  };
}
