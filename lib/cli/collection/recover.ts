/** The command `twarc-cloud collection recover`: recovers what harvesters left on this machine. */

import type { Command } from "@commander-js/extra-typings";
import { lastWord } from "../../base/visible.ts";
import { bucketOption, example, spoolOption } from "../options.ts";
import type { Recovered } from "../../collection/recovered.ts";
import { type Context, openBucket } from "../context.ts";
import { many } from "../output.ts";

/** Adds the command. */
export function addRecover(group: Command, context: Context): void {
  group.command("recover")
    .summary("Recover tweets that a harvester left on this machine.")
    .description(
      "Uploads tweets of streams that are on this machine and in no harvest, such as those of a harvester " +
        "that was paused while another one took over; each tweet once. The next harvest on this machine does the same.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addOption(spoolOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection recover test_filter"))
    .action(async (collectionId, { bucket, spool, json }) => {
      const { collections, settings, store } = await openBucket(context, { bucket, acts: true });
      await collections.loadJson(collectionId);
      const { underLease } = await import("../harvest/lease.ts");
      const leased = { store, collectionId };
      const recovered = await underLease(
        leased,
        context,
        (lease, holder) =>
          context.recover({
            settings,
            store,
            collectionId,
            lease,
            holder,
            spool: spool ?? (context.env.TWARC_CLOUD_SPOOL || undefined),
          }),
      );
      const { isSearching: is_searching, ...rest } = recovered;
      if (json) context.output.json({ ...rest, is_searching });
      else tell(recovered, context);
      await checkLeft(recovered, collectionId);
    });
}

function tell({ tweets, harvest, left, living }: Recovered, { output }: Context): void {
  if (tweets === 0 && living.length > 0) return;
  if (tweets === 0 && left.length === 0) {
    return output.line("There is nothing to recover on this machine.");
  }
  const where = harvest === null ? "" : `, in the harvest of ${harvest}`;
  output.line(`${many(tweets, "tweet")} recovered${where}`);
}

/** Checks that nothing is left. @throws UserError or OutsideError if something is */
async function checkLeft(
  { left, living, isSearching }: Recovered,
  collectionId: string,
): Promise<void> {
  const { OutsideError, UserError } = await import("../../base/errors.ts");
  const [pid] = living;
  if (pid !== undefined) {
    throw new UserError(
      `Process ${
        living.join(", ")
      }, a harvester that has lost the collection, is alive, and perhaps paused`,
      {
        hint:
          "What it holds can be recovered once it has ended. If it is paused, resume it, which ends " +
          `it: kill -CONT ${pid}`,
      },
    );
  }
  if (left.length === 0) return;
  const what = `What harvesters left in ${left.join(", ")} cannot be recovered yet`;
  if (!isSearching) throw new OutsideError(`${what}, as it could not be stored: see above`);
  throw new UserError(`${what}, as a search for what the stream missed may bring the same`, {
    hint: "The next harvest on this machine ends the search, then takes it in: " +
      `twarc-cloud collection filter-start ${lastWord(collectionId)}`,
  });
}
