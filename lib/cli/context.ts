/** The context of every command: given by main, opened when it is needed. */

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
import { type Output, shortenList } from "./output.ts";

/** A harvest in this process. */
export interface HarvestRun {
  settings: Settings;
  collectionId: string;
  /** The limits of the command line, which override the configuration's. */
  flags: HarvestFlags;
  shutdown: boolean;
  port: number;
  monitor: boolean;
  /** The folder for temporary files; by default one in the person's state folder. */
  spool: string | undefined;
}

/** A recovery of what harvesters left on this machine, under a collection's lease. */
export interface RecoverRun extends Pick<HarvestRun, "settings" | "collectionId" | "spool"> {
  store: Store;
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
}

/** The dependencies that main gives to the commands. */
export interface Context {
  output: Output;
  clock: Clock;
  env: Record<string, string | undefined>;
  /** Aborted when the person or the system asks the process to end. A command that does not use it ends at once. */
  readonly signal: AbortSignal;
  /** The command line that starts this program again. */
  self: readonly string[];
  /** Returns the same for a harvester of a bucket with this environment, with minimal permissions. */
  harvester: (settings: Settings, env: Context["env"]) => Promise<readonly string[]>;
  version: string;
  harvest: (run: HarvestRun) => Promise<void>;
  /** Registers an action for the end of the command, however it ends. */
  atEnd: (act: () => void) => void;
  /** Recovers what harvesters left on this machine. */
  recover: (run: RecoverRun) => Promise<Recovered>;
}

/** A bucket and the objects that work on it. */
export interface Bucket {
  settings: Settings;
  store: Store;
  collections: Collections;
  runner: () => Promise<Runner>;
  /** Gives the bucket its identity, if it has none. @throws UserError for a copy of another one */
  identify: (options?: { isEmptyToo?: boolean }) => Promise<void>;
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
 * Opens the bucket of a command.
 * @param flags.spool The folder for temporary files of harvesters that the command starts.
 * @param flags.makes Whether the command creates a bucket in a folder that does not exist.
 * @param flags.acts Whether the command changes something there, or starts or ends something that does: a copy of
 * another bucket is refused until the person has identified it.
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
  await noteUnknown(settings, context);
  const { checkThere, openStore, remarkOnName } = await import("../store/open.ts");
  const mistaken = await remarkOnName(settings.bucket);
  if (mistaken !== null) context.output.note(mistaken);
  if (!flags.makes) await checkThere(settings.bucket);
  const { Collections } = await import("../bucket/collections.ts");
  const { clock } = context;
  const env = flags.spool === undefined
    ? context.env
    : { ...context.env, ...await spoolEnv(flags.spool, settings) };
  const store = await openStore(settings.bucket, settings.aws);
  const collections = new Collections(store, clock);
  context.atEnd(() => {
    notePassedOver(store, context);
    noteUnnamed(collections, context);
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
  const identify = async ({ isEmptyToo = true } = {}) => {
    if (isIdentified) return;
    const { recogniseBucket: recognised } = await import("../runner/local/recognised.ts");
    const identity = await recognised({ bucket, aws, env, store, clock }, { isEmptyToo });
    if (!identity) return;
    isIdentified = true;
    const { bucketReadme } = await import("../bucket/readme_text.ts");
    const { keepReadme } = await import("../bucket/readme.ts");
    await keepReadme(store, "", bucketReadme(identity));
  };
  // A folder, perhaps a wrong one, gets its identity together with its first content.
  if (flags.acts || flags.makes && await isMade(bucket)) await identify({ isEmptyToo: false });
  return { settings, store, collections, runner, identify };
}

/** Notes settings that may be mistyped: they are ignored. */
async function noteUnknown({ unknown }: Settings, { output }: Context): Promise<void> {
  if (unknown.length === 0) return;
  const { INI_FILE, NAMES } = await import("../base/settings.ts");
  const { nearTo } = await import("../collection/near.ts");
  for (const name of unknown) {
    const [near] = nearTo(name, NAMES);
    if (near) output.note(`${name} in ${INI_FILE} is no setting, and is ignored: is it ${near}?`);
  }
}

/** Returns whether a bucket exists, as far as that is known without a request. */
async function isMade(bucket: BucketRef): Promise<boolean> {
  return bucket.kind !== "folder" || await Deno.stat(bucket.path).then(() => true, () => false);
}

/** Reports links that listings skipped and that were not reported yet. @returns Their number */
export function notePassedOver(store: Store, { output }: Pick<Context, "output">): number {
  const found = [...store.passedOver?.("").values() ?? []];
  const [first] = found;
  if (first) {
    const links = shortenList(found.map(({ message }) => message));
    output.note(`Skipped, and not read: ${links}. ${first.hint ?? ""}`);
  }
  return found.length;
}

/** Reports folders of collections whose names cannot be ids: no command takes them. */
function noteUnnamed({ folders: { unnamed } }: Collections, { output }: Context): void {
  if (unnamed.length === 0) return;
  output.note(
    `Left out: ${
      shortenList(unnamed.map((name) => JSON.stringify(name)))
    } in collections/, which cannot be a collection's id. ` +
      "Rename the folder, and the id in its collection.json, to make it one.",
  );
}

/** Returns the environment that sets the spool folder of harvesters on this machine. @throws UserError for others */
async function spoolEnv(spool: string, { bucket, runner }: Settings): Promise<Context["env"]> {
  if (runner === "local") return { TWARC_CLOUD_SPOOL: resolve(spool) };
  const { UserError } = await import("../base/errors.ts");
  throw new UserError(
    `--spool is for harvesters of this machine, but those of ${bucket.text} run on AWS`,
    {
      hint: "Leave it out: a container has its temporary files in /tmp.",
    },
  );
}
