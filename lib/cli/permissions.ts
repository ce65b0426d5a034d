/** The Deno permissions that each command needs; others are dropped before it begins. */

import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { BucketRef } from "../base/bucket_ref.ts";
import type { AwsSettings } from "../base/settings.ts";

/**
 * The program's permissions, as flags of Deno: `deno.json`, the container and the release repeat them, which
 * `tests/release_test.ts` checks.
 */
export const PERMISSIONS: readonly string[] = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname,osRelease,homedir",
  "--allow-run",
];

/** Permissions that can be dropped: starting programs, and writing files. */
const POWERS = ["run", "write"] as const;
type Power = (typeof POWERS)[number];

type Env = Record<string, string | undefined>;

/**
 * The permissions of each command. `run`: it starts a harvester, or checks whether the process that holds a lock lives,
 * for which Deno requires the same. A command that is not listed drops nothing.
 */
export const NEEDS: Readonly<Record<string, readonly Power[]>> = {
  "help": [],
  "install": ["write"],
  "configure": ["write"],
  "collection-config template": ["write"],
  "collection-config download": ["write"],
  "collection-config update": ["write"],
  "collection-config keys": ["write"],
  "collection-config estimate": [],
  "collection-config screennames": ["write"],
  "collection-config screenname-files": ["write"],
  "collection-config userids": ["write"],
  "collection-config userid-files": ["write"],
  "collection-config split": ["run", "write"],
  "collection-config changes": ["write"],
  "collection list": ["run"],
  "collection add": ["write"],
  "collection keys": ["run", "write"],
  "collection once": ["run", "write"],
  "collection schedule": ["run", "write"],
  "collection scheduled": [],
  "collection stop": ["run", "write"],
  "collection filter-start": ["run", "write"],
  "collection filter-stop": ["run", "write"],
  "collection download": ["write"],
  "collection dehydrate": [],
  "collection cat": [],
  "collection export": ["write"],
  "collection stats": ["write"],
  "collection report": ["write"],
  "collection hydrate": ["run", "write"],
  "collection compliance": ["run", "write"],
  "collection verify": ["run", "write"],
  "collection gaps": ["run", "write"],
  "collection coverage": [],
  "collection names": [],
  "collection rename": ["run", "write"],
  "collection copy": ["run", "write"],
  "collection move": ["run", "write"],
  "collection freeze": ["run", "write"],
  "collection unfreeze": ["run", "write"],
  "collection redact-keys": ["run", "write"],
  "collection recover": ["run", "write"],
  "harvest list": ["run"],
  "harvest running": ["run"],
  "harvest last": [],
  "harvest run": ["run", "write"],
  "harvest keep": ["run", "write"],
  "harvest unlock": ["run", "write"],
  "harvest logs": [],
  "bucket show": [],
  "bucket is-copy": ["run", "write"],
  "bucket has-moved": ["run", "write"],
  "scheduler": ["run", "write"],
  "sandbox": [],
  "demo": ["run", "write"],
};

/** Returns a command's name as it is typed, without the program's: `collection list`. */
export function commandName(command: CommandUnknownOpts): string {
  const { parent } = command;
  return parent?.parent ? `${commandName(parent)} ${command.name()}` : command.name();
}

/**
 * Drops the permissions that a command does not need, for the life of this process. With AWS, whose configuration may
 * name a program for credentials or keep tokens in files, all are kept.
 */
export async function narrow(command: CommandUnknownOpts, env: Env): Promise<void> {
  const needs = NEEDS[commandName(command)];
  if (!needs || await mayNeedAll(command, env)) return;
  for (const power of POWERS) if (!needs.includes(power)) await giveUp(power);
}

/** Drops a permission, for the life of this process. */
export async function giveUp(power: Power): Promise<void> {
  await Deno.permissions.revoke({ name: power });
}

/** Returns whether the credentials for a bucket may come from a program, or from files that are renewed. */
export function credentialsMayRun(
  { bucket, aws }: { bucket: BucketRef; aws: AwsSettings },
  env: Env,
): boolean {
  if (bucket.kind === "folder") return false;
  if (aws.accessKey) return false;
  const isGiven = env.AWS_ACCESS_KEY_ID || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ||
    env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  return Boolean(env.AWS_PROFILE) || !isGiven;
}

async function mayNeedAll(command: CommandUnknownOpts, env: Env): Promise<boolean> {
  const { Settings } = await import("../base/settings.ts");
  const { bucket } = command.opts();
  try {
    const named = typeof bucket === "string" ? bucket : undefined;
    return credentialsMayRun(await Settings.load({ bucket: named, env }), env);
  } catch {
    // The command reports what is wrong with them.
    return true;
  }
}
