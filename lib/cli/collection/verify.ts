/** The command `twarc-cloud collection verify`: checks collections, and repairs what can be repaired. */

import { type Command, Option } from "@commander-js/extra-typings";
import type { InventoryFound, Verified } from "../../archive/found.ts";
import type { VerifyOptions } from "../../archive/verify.ts";
import { bucketOption, example } from "../options.ts";
import { type Bucket, type Context, notePassedOver, openBucket } from "../context.ts";
import type { Purged } from "../../store/store.ts";
import { newestGapTexts } from "../text/gap_texts.ts";
import { tellPurged } from "./old_versions.ts";
import { checkedId, collectionKeys } from "../../collection/layout.ts";
import { lastWord } from "../../base/visible.ts";
import { count, many, type Progress, shortenList, size } from "../output.ts";

/** Adds the command. */
export function addVerify(group: Command, context: Context): void {
  group.command("verify")
    .summary("Check that collections are intact, and repair what can be repaired.")
    .description(
      "Reads every file of a collection, or of all: manifests, checksums, compression, JSON lines, duplicate " +
        "tweets, and the records of the files. A harvest may be running. Exits with 1 if something is " +
        "wrong.",
    )
    .argument("[collection-id]", "collection; all of them without it")
    .addOption(bucketOption())
    .option(
      "--repair",
      "set aside what was never finished, rebuild documents that follow from others, and have the next harvest " +
        "request unreadable tweets again: no tweet is deleted; a collection that is being harvested is skipped",
      false,
    )
    .addOption(
      new Option(
        "--since-last",
        "read only what is new since the last time, or was faulty then; for the rest, check that it exists with " +
          "its size. Everything is read again after 90 days",
      ).default(false).conflicts("repair"),
    )
    .option("--json", "print JSON")
    .addHelpText("after", example("collection verify test_collection"))
    .action(async (collectionId, { bucket, repair, sinceLast, json }) => {
      const opened = await openBucket(context, { bucket, acts: repair });
      const wanted = { repair, sinceLast, isNamed: collectionId !== undefined };
      const all: Looked[] = [];
      for (const id of await wantedIds(opened, collectionId)) {
        const looked = await lookedAt(opened, id, wanted, context);
        all.push(looked);
        if (!json) tell(looked, context);
      }
      if (json) context.output.json(all.map(toJson));
      const faults = all.flatMap(({ verified }) => verified.faults);
      // Outside of the collections.
      const links = notePassedOver(opened.store, context);
      if (faults.length + links === 0) return;
      const { UserError } = await import("../../base/errors.ts");
      const canBeMended = faults.some((fault) => fault.canBeMended);
      throw new UserError(`${many(faults.length + links, "fault")} found`, {
        hint: canBeMended
          ? `Repair what can be repaired with: twarc-cloud collection verify --repair${
            collectionId === undefined ? "" : ` ${lastWord(collectionId)}`
          }`
          : "`--repair` cannot repair that: each line says what is wrong, and what else can be done. If the " +
            "bucket keeps versions, look for an older one. If it keeps none, `--repair` has the next harvest request " +
            "the unreadable tweets again.",
      });
    });
}

/** A verified collection and its repairs, null if none were requested. */
interface Looked {
  verified: Verified;
  mended: string[] | null;
}

/** Returns the collections to verify. @throws UserError if nothing exists of a named one. */
async function wantedIds(
  { store, collections }: Bucket,
  named: string | undefined,
): Promise<string[]> {
  if (named === undefined) return await Array.fromAsync(collections.list());
  const { OtherIdError } = await import("../../bucket/collections.ts");
  const { UserError } = await import("../../base/errors.ts");
  try {
    await collections.loadJson(named);
  } catch (error) {
    if (error instanceof OtherIdError || !(error instanceof UserError)) throw error;
    // A collection without a valid configuration can be verified, too.
    for await (const _ of store.list(collectionKeys(checkedId(named)).folder)) return [named];
    throw error;
  }
  return [named];
}

/** Reads a whole collection, and records that. */
export async function readAll(opened: Bucket, id: string, context: Context): Promise<Verified> {
  const wanted = { repair: false, sinceLast: false, isNamed: true };
  return (await lookedAt(opened, id, wanted, context)).verified;
}

/** Options of a verification. */
interface Wanted {
  repair: boolean;
  sinceLast: boolean;
  /** Whether the person named it. */
  isNamed: boolean;
}

/** Verifies a collection, and records that. */
async function lookedAt(
  opened: Bucket,
  id: string,
  wanted: Wanted,
  context: Context,
): Promise<Looked> {
  const { verify } = await import("../../archive/verify.ts");
  const { LockedError } = await import("../../base/errors.ts");
  const { readBefore } = await import("../../bucket/fixity.ts");
  const progress = await context.output.progress();
  const began = context.clock.now();
  try {
    const options = await optionsFor(opened, { collectionId: id, progress }, context);
    const before = wanted.sinceLast ? await readBefore(opened.store, id, began) : null;
    if (wanted.sinceLast && !before) {
      context.output.note(`${id}: everything is read, as there is no record of the last 90 days.`);
    }
    const look = async (): Promise<Looked> => {
      if (!wanted.repair) {
        return {
          verified: await verify({ ...options, ...(before ? { before } : {}) }),
          mended: null,
        };
      }
      try {
        return await repairUnderLease(options, context);
      } catch (error) {
        if (!(error instanceof LockedError) || wanted.isNamed) throw error;
        context.output.note(`${error.message}: skipped`);
        return { verified: await verify(options), mended: null };
      }
    };
    const looked = await look();
    await record(opened, { looked, began, isAll: before === null }, context);
    return looked;
  } finally {
    progress.end();
  }
}

/** Records what was read and found; if the bucket does not allow it, the findings are shown all the same. */
async function record(
  { store }: Bucket,
  { looked: { verified, mended }, began, isAll }: {
    looked: Looked;
    began: number;
    isAll: boolean;
  },
  { clock, output }: Context,
): Promise<void> {
  const { recordFixity } = await import("../../bucket/fixity.ts");
  const { TwarcCloudError } = await import("../../base/errors.ts");
  const { collectionId, read, faults, inventory } = verified;
  try {
    await recordFixity({ store, clock, collectionId }, {
      began,
      what: mended ? "repair" : "verify",
      scope: isAll ? "all" : "since last",
      read,
      found: faults.map(({ key, says }) => ({ key, says })),
      did: mended ?? [],
      inventory: inventory?.head ?? null,
    });
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`This could not be recorded in fixity.jsonl: ${error.message}`);
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

/** Repairs under the collection's lease. @throws LockedError while it is harvested. */
async function repairUnderLease(
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
  const {
    collectionId,
    read,
    readBefore,
    tweets,
    files,
    bytes,
    withKeys,
    gaps,
    faults,
    inventory,
  } = verified;
  for (const what of mended ?? []) output.line(`${what}.`);
  for (const { key, says, canBeMended } of faults) {
    output.line(`${key}: ${says}${canBeMended ? " (--repair repairs it)" : ""}`);
  }
  const missed = gaps.filter(({ status }) => status !== "filled");
  const filled = gaps.length - missed.length;
  const state = faults.length === 0 ? "intact" : many(faults.length, "fault");
  const has = [
    many(read.harvests + readBefore, "harvest"),
    `${many(tweets, "tweet")} in ${many(files, "file")} (${size(bytes)})`,
    ...(missed.length > 0 ? [`${many(missed.length, "span")} missed`] : []),
    ...(filled > 0 ? [`${many(filled, "gap")} filled`] : []),
  ];
  output.line(`${collectionId}: ${state}. ${has.join(", ")}`);
  if (readBefore > 0) {
    output.line(
      `  ${many(readBefore, "harvest")} of them read before: their files exist, with their sizes`,
    );
  }
  for (const gap of newestGapTexts(missed)) output.line(`  missed from ${gap}`);
  const lacking = inventory && lackingText(inventory);
  if (lacking) output.line(`  ${lacking}`);
  tellOdd(verified, output);
  if (withKeys.length > 0) tellKeys(collectionId, withKeys, output);
}

/** Returns what the inventory lacks without fault; empty for nothing. */
function lackingText({ entries, older }: InventoryFound): string {
  if (older.harvests + older.changesets === 0) return "";
  const parts = [[older.harvests, "harvest"], [older.changesets, "changeset"]] as const;
  const lacking = parts.filter(([n]) => n > 0).map(([n, name]) => many(n, name)).join(" and ");
  return entries === 0
    ? `There is no inventory that would show deletions: --repair makes one (${lacking})`
    : `The inventory does not list ${lacking} from before it began: --repair adds them`;
}

function tellOdd(verified: Verified, output: Context["output"]): void {
  const { collectionId, oddLines: odd } = verified;
  if (odd.size === 0) return;
  const { folder } = collectionKeys(collectionId);
  const lines = odd.values().reduce((total, count) => total + count, 0);
  const names = shortenList([...odd.keys()].map((key) => key.slice(folder.length)));
  output.line(
    `  ${
      many(lines, "line")
    } with half a character, as the API sent it, which jq, DuckDB and pyarrow do not read: ${names}`,
  );
  output.line(`  Read them with: twarc-cloud collection cat --clean ${lastWord(collectionId)}`);
}

function tellKeys(id: string, withKeys: string[], output: Context["output"]): void {
  const { folder } = collectionKeys(id);
  const names = shortenList(withKeys.map((key) => key.slice(folder.length)));
  output.line(`  Twitter keys are in the clear in ${many(withKeys.length, "file")}: ${names}`);
  output.line(`  Remove them with: twarc-cloud collection redact-keys ${lastWord(id)}`);
}

function toJson({ verified, mended }: Looked): Record<string, unknown> {
  const { collectionId, read, readBefore, tweets, files, bytes, gaps } = verified;
  const { faults, withKeys, inventory, oddLines } = verified;
  return {
    collection_id: collectionId,
    harvests: read.harvests + readBefore,
    read_before: readBefore,
    tweets,
    files,
    bytes,
    gaps,
    faults: faults.map(({ key, says, canBeMended }) => ({ key, says, can_be_mended: canBeMended })),
    with_keys: withKeys,
    odd_lines: Object.fromEntries(oddLines),
    inventory: { entries: inventory?.entries ?? 0, without_entry: inventory?.older },
    ...(mended ? { mended } : {}),
  };
}
