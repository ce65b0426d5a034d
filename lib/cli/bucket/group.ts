/** The commands `twarc-cloud bucket ...`: the identity of a bucket, and of its copies. */

import type { Command } from "@commander-js/extra-typings";
import type { Identity } from "../../bucket/identity.ts";
import type { BucketAsked, Settled } from "../../runner/local/recognised.ts";
import { type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";
import { many } from "../output.ts";

/** Completes the group. */
export function fillBucket(group: Command, context: Context): void {
  group.description("Show the identity of a bucket, and tell a copy from a bucket that has moved.");
  addShow(group, context);
  addNaming(group, IS_COPY, context);
  addNaming(group, HAS_MOVED, context);
}

function addShow(group: Command, context: Context): void {
  group.command("show")
    .summary("Show the identity of a bucket.")
    .description(
      "Shows the identity of a bucket, which is in twarc-cloud.json at its root: a copy has the same one.",
    )
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("bucket show"))
    .action(async ({ bucket, json }) => {
      const { output } = context;
      const { store, settings } = await openBucket(context, { bucket });
      const { readIdentity } = await import("../../bucket/identity.ts");
      const found = await readIdentity(store);
      if (json) return output.json(found?.identity ?? null);
      if (found) return await tell(found.identity, context);
      output.line(
        `Bucket ${settings.bucket.text} has no identity yet. It gets one from the first command that changes something in it.`,
      );
    });
}

async function tell(
  { id, title, created, place, copied_from }: Identity,
  { output }: Context,
): Promise<void> {
  const { placeText } = await import("../../store/place.ts");
  if (title !== undefined) output.line(`Title: ${title}`);
  output.line(`Id: ${id}`);
  output.line(`Since: ${created}`);
  if (place) output.line(`Place: ${placeText(place)}`);
  if (copied_from !== undefined) output.line(`Copied from: ${copied_from}`);
}

/** A command by which a person identifies a bucket that has another one's identity. */
interface Naming {
  name: "is-copy" | "has-moved";
  summary: string;
  description: string;
  example: string;
  /** Describes the bucket afterwards. */
  done: string;
  settle: (asked: BucketAsked, options: { title?: string }) => Promise<Settled>;
}

const IS_COPY: Naming = {
  name: "is-copy",
  summary: "Make a copy of a bucket independent.",
  description:
    "Makes a copy of a bucket an independent one, with an id of its own, while the other one continues. Its collections are " +
    "harvested only where they are started or scheduled here.",
  example: "bucket is-copy --bucket ./copy",
  done: "is an independent bucket now",
  settle: async (asked, options) =>
    await (await import("../../runner/local/recognised.ts")).isCopy(asked, options),
};

const HAS_MOVED: Naming = {
  name: "has-moved",
  summary: "Confirm that a bucket has moved here.",
  description:
    "Confirms that a bucket has moved here: its schedules on this machine continue here. If the other " +
    "one still exists, commands that would change it fail from now on.",
  example: "bucket has-moved --bucket ./new_place",
  done: "has moved here",
  settle: async (asked, options) =>
    await (await import("../../runner/local/recognised.ts")).hasMoved(asked, options),
};

function addNaming(group: Command, naming: Naming, context: Context): void {
  group.command(naming.name)
    .summary(naming.summary)
    .description(naming.description)
    .addOption(bucketOption())
    .option("--title <text>", "title of the bucket, for people")
    .addHelpText("after", example(naming.example))
    .action(async ({ bucket, title }) => {
      const asked = await bucketFor(bucket, context);
      const settled = await naming.settle(asked, title === undefined ? {} : { title });
      context.output.line(`Bucket ${asked.bucket.text} ${naming.done}.`);
      noteLocks(settled, context);
    });
}

async function bucketFor(text: string | undefined, context: Context): Promise<BucketAsked> {
  const { store, settings: { bucket, aws } } = await openBucket(context, { bucket: text });
  const { clock, env } = context;
  return { bucket, aws, env, store, clock };
}

function noteLocks({ locks }: Settled, { output }: Context): void {
  if (locks === 0) return;
  output.note(
    `Removed from the copy: ${
      many(locks, "lock")
    } of harvesters of the other bucket, which continue.`,
  );
}
