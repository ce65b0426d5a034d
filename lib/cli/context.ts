/** What every command works with: given by main, opened when it is needed. */

import { resolve } from "node:path";
import type { BucketRef } from "../base/bucket_ref.ts";
import type { Lease } from "../bucket/lease.ts";
import type { Collections } from "../bucket/collections.ts";
import type { Clock } from "../base/clock.ts";
import type { Recovered } from "../collection/recovered.ts";
import type { HarvestFlags } from "../collection/limits.ts";
import type { Runner } from "../runner/runner.ts";
import type { Settings } from "../base/settings.ts";
import type { Store } from "../store/store.ts";
import { type Output, someOf } from "./output.ts";

/** A harvest that this very process is to do. */
export interface HarvestRun {
  settings: Settings;
  collectionId: string;
  /** The limits that the command line sets: what it does not, the configuration may. */
  flags: HarvestFlags;
  shutdown: boolean;
  port: number;
  monitor: boolean;
  /** The folder for temporary files; one in the person's state folder where none is named. */
  spool: string | undefined;
}

/** What harvesters left on this machine that is to be brought in, under a collection's lease. */
export interface RecoverRun extends Pick<HarvestRun, "settings" | "collectionId" | "spool"> {
  store: Store;
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
}

/** What main gives to the commands. */
export interface Context {
  output: Output;
  clock: Clock;
  env: Record<string, string | undefined>;
  /**
   * Aborted when the person or the system wants the process to end. A command that never looks at it
   * ends at once.
   */
  readonly signal: AbortSignal;
  /** The command line that starts this program again. */
  self: readonly string[];
  /** The same for a harvester of a bucket that has this environment, which may do no more than it has to. */
  harvester: (settings: Settings, env: Context["env"]) => Promise<readonly string[]>;
  version: string;
  harvest: (run: HarvestRun) => Promise<void>;
  /** Has something done when the command ends, however it does. */
  atEnd: (act: () => void) => void;
  /** Brings in what harvesters left on this machine. */
  recover: (run: RecoverRun) => Promise<Recovered>;
}

/** A bucket and what works on it. */
export interface Bucket {
  settings: Settings;
  store: Store;
  collections: Collections;
  runner: () => Promise<Runner>;
  /** Gives the bucket its identity, where it has none. @throws UserError for a copy of another one */
  identify: () => Promise<void>;
}

/** Reads the settings. @throws UserError */
export async function settingsFor(
  { env }: Context,
  { bucket }: { bucket?: string | undefined },
): Promise<Settings> {
  const { Settings } = await import("../base/settings.ts");
  return await Settings.load({ bucket, env });
}

/**
 * Opens the bucket that a command works on.
 * @param flags.spool The folder for temporary files of harvesters that the command starts.
 * @param flags.makes Whether the command makes a bucket that is not there, where that is a folder.
 * @param flags.acts Whether the command changes something there, or starts or ends what does: a copy of another bucket is
 *   refused then, until the person has said what it is.
 * @throws UserError
 */
export async function openBucket(
  context: Context,
  flags: {
    bucket?: string | undefined;
    spool?: string | undefined;
    makes?: boolean;
    acts?: boolean;
  },
): Promise<Bucket> {
  context.output.bucket ??= flags.bucket;
  const settings = await settingsFor(context, flags);
  const { checkThere, isFolderToo, openStore } = await import("../store/open.ts");
  const { text } = settings.bucket;
  if (await isFolderToo(settings.bucket)) {
    context.output.note(
      `${text} means a bucket of S3. For the folder ${text} here: --bucket ./${text}`,
    );
  }
  if (!flags.makes) await checkThere(settings.bucket);
  const { Collections } = await import("../bucket/collections.ts");
  const { clock } = context;
  const env = flags.spool === undefined
    ? context.env
    : { ...context.env, ...await spoolEnv(flags.spool, settings) };
  const store = await openStore(settings.bucket, settings.aws);
  context.atEnd(() => {
    notePassedOver(store, context);
    const remark = store.remark?.();
    if (remark?.isNew) context.output.note(remark.text);
  });
  const runner = async () => {
    const { openRunner } = await import("../runner/open.ts");
    const self = () => context.harvester(settings, env);
    return await openRunner({ bucket: settings.bucket, store, clock, settings, self, env });
  };
  const { bucket, aws } = settings;
  let isIdentified = false;
  const identify = async () => {
    if (isIdentified) return;
    const { recognised } = await import("../runner/local/recognised.ts");
    await recognised({ bucket, aws, env, store, clock });
    isIdentified = true;
  };
  // A folder that is not there yet gets its identity with what is first in it.
  if (flags.acts || flags.makes && await isMade(bucket)) await identify();
  return { settings, store, collections: new Collections(store, clock), runner, identify };
}

/** Returns whether a bucket is there, as far as that can be seen without asking it. */
async function isMade(bucket: BucketRef): Promise<boolean> {
  return bucket.kind === "s3" || await Deno.stat(bucket.path).then(() => true, () => false);
}

/** Names the links that listings passed over, and nobody has named; how many they were. */
export function notePassedOver(store: Store, { output }: Pick<Context, "output">): number {
  const found = [...store.passedOver?.("").values() ?? []];
  const [first] = found;
  if (first) {
    const links = someOf(found.map(({ message }) => message));
    output.note(`Passed over, and not read: ${links}. ${first.hint ?? ""}`);
  }
  return found.length;
}

/** Returns what says to harvesters of this machine where their temporary files are to be. @throws UserError for others */
async function spoolEnv(spool: string, { bucket, runner }: Settings): Promise<Context["env"]> {
  if (runner === "local") return { TWARC_CLOUD_SPOOL: resolve(spool) };
  const { UserError } = await import("../base/errors.ts");
  throw new UserError(
    `--spool is for harvesters of this machine, and those of ${bucket.text} run on AWS`,
    {
      hint: "Leave it out: a container has its temporary files in /tmp.",
    },
  );
}
