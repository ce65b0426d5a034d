/** The command `twarc-cloud collection gaps`: lists gaps, and has them filled. */

import type { Command } from "@commander-js/extra-typings";
import type { ListedGap } from "../../archive/gap_list.ts";
import type { CollectionConfig } from "../../collection/types/registry.ts";
import { checkNotFrozen } from "../../collection/frozen.ts";
import { bucketOption, example } from "../options.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { count } from "../output.ts";
import { listedGapText } from "../text/gap_texts.ts";
import { startCommand } from "../../collection/commands.ts";

/** Adds the command. */
export function addGaps(group: Command, context: Context): void {
  group.command("gaps")
    .summary("List what a collection missed.")
    .description(
      "Lists the spans that harvests missed, with their status: open, due (the next harvest requests it), filled " +
        "(it was requested; search finds no retweets for a stream's gaps), or beyond the reach of the API.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option(
      "--fill",
      "have the next harvest request open gaps, up to max_records more; in version 2 these posts are billed",
      false,
    )
    .option("--json", "print JSON")
    .addHelpText("after", example("collection gaps test_collection --fill"))
    .action(async (collectionId, { bucket, fill, json }) => {
      const opened = await openBucket(context, { bucket, acts: fill });
      const keys = fill ? "needed" : "optional";
      const { config } = await opened.collections.load(collectionId, { keys });
      if (fill) checkNotFrozen(collectionId, config);
      const asked = fill ? await fillGaps(opened, config, context) : [];
      const gaps = await listGaps(opened, config, context);
      if (json) return context.output.json(gaps.map(({ folder: _, known: __, ...gap }) => gap));
      tell(gaps, context);
      if (fill) tellFill(asked, { gaps, config }, context);
    });
}

async function listGaps(
  { store }: Bucket,
  config: CollectionConfig,
  { clock }: Context,
): Promise<ListedGap[]> {
  const { readCheckpoint } = await import("../../bucket/checkpoint_state.ts");
  const { gapLook } = await import("../../archive/gap_fill.ts");
  const { listGaps } = await import("../../archive/gap_list.ts");
  const { positions = {} } = await readCheckpoint(store, config.id) ?? {};
  return await listGaps(store, config.id, gapLook(config, positions, clock.now()));
}

/** Has the gaps filled, under the collection's lease. @throws LockedError while the collection is harvested. */
async function fillGaps(
  { store }: Bucket,
  config: CollectionConfig,
  context: Context,
): Promise<ListedGap[]> {
  const { fillGaps } = await import("../../archive/gap_fill.ts");
  const { underLease } = await import("../harvest/lease.ts");
  const { clock } = context;
  const leased = { store, collectionId: config.id };
  return await underLease(
    leased,
    context,
    (lease, holder) => fillGaps({ store, clock, config, lease, holder }),
  );
}

function tell(gaps: ListedGap[], { output }: Context): void {
  if (gaps.length === 0) return output.line("No gaps.");
  for (const gap of gaps) output.line(listedGapText(gap));
}

function tellFill(
  asked: ListedGap[],
  { gaps, config }: { gaps: ListedGap[]; config: CollectionConfig },
  { output }: Context,
): void {
  if (asked.length === 0) {
    output.note("No gap is open: nothing more is requested.");
    const isDue = gaps.some(({ status }) => status === "due");
    if (isDue) output.note(`What is due is requested by the next harvest: ${startCommand(config)}`);
    return;
  }
  const spans = asked.length === 1 ? "1 span is" : `${count(asked.length)} spans are`;
  output.note(`${spans} requested by the next harvest: ${startCommand(config)}`);
}
