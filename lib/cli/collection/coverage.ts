/** The command `twarc-cloud collection coverage`, and the record of starts and stops. */

import type { Command } from "@commander-js/extra-typings";
import type { Deed } from "../../bucket/coverage.ts";
import type { Covered } from "../../archive/coverage.ts";
import { OutsideError } from "../../base/errors.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";

/** Adds the command. */
export function addCoverage(group: Command, context: Context): void {
  const { output } = context;
  group.command("coverage")
    .summary("Show which spans of time a collection covers.")
    .description(
      "Shows each span since a collection began: harvested; silent on purpose (it was stopped, or its schedule was " +
        "ended), by whom and why; missed; beyond the reach of the API; or not asked for yet. What a single account's " +
        "timeline is missing is in `collection gaps`.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--calendar", "print a line a month, with a sign a day", false)
    .option("--json", "print JSON")
    .addHelpText("after", example("collection coverage test_collection"))
    .action(async (collectionId, { bucket, calendar, json }) => {
      const opened = await openBucket(context, { bucket });
      const { spans, since } = await read(opened, collectionId, context);
      if (json) return output.json(spans);
      if (spans.length === 0) {
        return output.line(
          "Nothing is recorded yet: coverage is recorded from the first harvest on.",
        );
      }
      const { calendarLines, coverageLines } = await import("../text/coverage_text.ts");
      const lines = calendar ? calendarLines(spans, since) : coverageLines(spans);
      for (const line of lines) output.line(line);
    });
}

/** Reads the coverage. @returns The spans, and the time of the first record. */
async function read(
  { store, collections }: Bucket,
  id: string,
  { clock }: Context,
): Promise<{ spans: Covered[]; since: number }> {
  const { config } = await collections.load(id, { keys: "optional" });
  const { readCheckpoint } = await import("../../bucket/checkpoint_state.ts");
  const { readCoverage } = await import("../../bucket/coverage.ts");
  const { gapLook } = await import("../../archive/gap_fill.ts");
  const { listGaps } = await import("../../archive/gap_list.ts");
  const { listCoverage } = await import("../../archive/coverage.ts");
  const now = clock.now();
  const state = await readCheckpoint(store, id);
  const records = await readCoverage(store, id);
  const look = gapLook(config, state?.positions ?? {}, now);
  const gaps = await listGaps(store, id, look);
  const { covered } = state?.state === "harvesting" ? state.counts : {};
  const running = covered && { from: Date.parse(covered.from), to: state?.at ?? now };
  const traits = traitsFor(config.type);
  const spans = listCoverage({ records, gaps, traits, now, reach: look.reach, running });
  return { spans, since: Date.parse(records[0]?.at ?? "") || now };
}

/** Returns the person and machine for a record: `name@host`. */
export function findPerson({ env }: Pick<Context, "env">): string {
  const user = env.USER ?? env.LOGNAME ?? env.USERNAME;
  return `${user ? `${user}@` : ""}${Deno.hostname()}`;
}

/** Records a person's act on a collection; failing to record it does not undo it. */
export async function noteDeed(
  { store }: Bucket,
  collectionId: string,
  deed: Deed,
  context: Context,
): Promise<void> {
  const { clock, output } = context;
  const { recordDeed } = await import("../../bucket/coverage.ts");
  const by = findPerson(context);
  try {
    await recordDeed({ store, clock, collectionId }, { by, ...deed });
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    output.note(`This could not be recorded in coverage.jsonl: ${error.message}`);
  }
}
