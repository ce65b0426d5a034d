/** The command `twarc-cloud collection verify`: whether collections are whole, and mending what can be mended. */

import type { Command } from "@commander-js/extra-typings";
import type { Verified, VerifyOptions } from "../bucket/verify.ts";
import { bucketOption, example } from "./collection_config.ts";
import { type Bucket, type Context, openBucket } from "./context.ts";
import { count, size } from "./output.ts";

/** Adds the command. */
export function addVerify(group: Command, context: Context): void {
  group.command("verify")
    .summary("Check that collections are whole, and mend what can be mended.")
    .description(
      "Reads every file of a collection, or of all: manifests, checksums, gzip, JSON lines, tweets that are there " +
        "more than once, what tells of the files. Exits with 1 where something is not as it should be.",
    )
    .argument("[collection-id]", "collection; all of them without it")
    .addOption(bucketOption())
    .option(
      "--repair",
      "clear what was never finished, and tell again what can be told: no tweet that is listed is touched",
      false,
    )
    .option("--json", "print JSON")
    .addHelpText("after", example("collection verify test_collection"))
    .action(async (collectionId, { bucket, repair, json }) => {
      const opened = await openBucket(context, { bucket });
      if (collectionId !== undefined) await opened.collections.loadJson(collectionId);
      const ids = collectionId === undefined
        ? await Array.fromAsync(opened.collections.list())
        : [collectionId];
      const all: Verified[] = [];
      for (const id of ids) {
        if (repair) await repaired(opened, id, context);
        const verified = await verifiedWith(opened, id, context);
        all.push(verified);
        if (!json) tell(verified, context);
      }
      if (json) context.output.json(all.map(toJson));
      const faults = all.flatMap((one) => one.faults);
      if (faults.length === 0) return;
      const { UserError } = await import("../errors.ts");
      const canBeMended = faults.some((fault) => fault.canBeMended);
      throw new UserError(`${many(faults.length, "fault")} found`, {
        hint: canBeMended
          ? "Mend what can be mended with: twarc-cloud collection verify --repair"
          : "They cannot be mended by this program: where the bucket keeps versions, look for an older one.",
      });
    });
}

async function verifiedWith(
  opened: Bucket,
  collectionId: string,
  context: Context,
): Promise<Verified> {
  const { verify } = await import("../bucket/verify.ts");
  const progress = await context.output.progress();
  try {
    const onFile = (key: string) => progress.show(`Reading ${key}`);
    return await verify(await optionsFor(opened, { collectionId, onFile }, context));
  } finally {
    progress.end();
  }
}

async function optionsFor(
  { store, settings }: Bucket,
  more: { collectionId: string; onFile: (key: string) => void },
  { clock }: Context,
): Promise<VerifyOptions> {
  const { processIsGone } = await import("../bucket/process.ts");
  const { isFolder } = await import("../store/store.ts");
  const isGone = isFolder(settings.bucket) ? processIsGone : () => false;
  return { store, clock, isGone, ...more };
}

/** Mends under the collection's lease. @throws LockedError while it is harvested. */
async function repaired(opened: Bucket, collectionId: string, context: Context): Promise<void> {
  const { takeLease } = await import("../bucket/lease.ts");
  const { thisProcess } = await import("../bucket/process.ts");
  const { repairCut, repairHarvests } = await import("../bucket/repair.ts");
  const { verify } = await import("../bucket/verify.ts");
  const { output, clock } = context;
  const options = await optionsFor(opened, { collectionId, onFile: () => {} }, context);
  const holder = { id: crypto.randomUUID(), ...thisProcess() };
  const { store, isGone } = options;
  const lease = await takeLease({ store, collectionId, holder, clock, isGone });
  try {
    const onMended = (what: string) => output.line(`${what}.`);
    const work = { ...options, lease, holder: holder.id, onMended };
    await repairCut(work);
    const { harvests } = await verify(options);
    await repairHarvests(work, harvests);
  } finally {
    await lease.release();
  }
}

function tell(verified: Verified, { output }: Context): void {
  const { collectionId, harvests, tweets, files, bytes, gaps, faults } = verified;
  for (const { key, says, canBeMended } of faults) {
    output.line(`${key}: ${says}${canBeMended ? " (--repair mends it)" : ""}`);
  }
  const state = faults.length === 0 ? "whole" : many(faults.length, "fault");
  const has = [
    many(harvests.length, "harvest"),
    `${many(tweets, "tweet")} in ${many(files, "file")} (${size(bytes)})`,
    ...(gaps > 0 ? [`${many(gaps, "span")} that streams missed`] : []),
  ];
  output.line(`${collectionId}: ${state}. ${has.join(", ")}`);
}

/** `1 file`, `2 files` */
function many(n: number, name: string): string {
  return `${count(n)} ${name}${n === 1 ? "" : "s"}`;
}

function toJson({ collectionId, harvests, faults, ...rest }: Verified): Record<string, unknown> {
  return {
    collection_id: collectionId,
    harvests: harvests.length,
    ...rest,
    faults: faults.map(({ key, says, canBeMended }) => ({ key, says, can_be_mended: canBeMended })),
  };
}
