/** The person's profiles of keys, for commands that name one. */

import { isObject, type JsonObject } from "../base/json.ts";
import type { OtherKeys } from "../secrets/credentials.ts";
import type { Profile } from "../secrets/twarc_files.ts";
import type { Settings } from "../base/settings.ts";
import { type Context, openBucket } from "./context.ts";
import type { Output } from "./output.ts";

/** Returns the files to search for keys: the named one, or those of twarc and twarc2. */
export async function keyFiles(named: string | undefined, { env }: Context): Promise<string[]> {
  const { keysPaths } = await import("../secrets/twarc_files.ts");
  return named === undefined ? keysPaths({ env }) : [named];
}

/** Lists the profiles and their files. */
export async function tellProfiles(named: string | undefined, context: Context): Promise<void> {
  const { listProfiles } = await import("../secrets/twarc_files.ts");
  const paths = await keyFiles(named, context);
  const profiles = await listProfiles(paths);
  if (profiles.length === 0) context.output.note(`No keys were found in ${paths.join(" or ")}.`);
  for (const { name, path, keys } of profiles) {
    context.output.line(`${name}  ${path}  (${Object.keys(keys).join(", ") || "no keys"})`);
  }
}

/** Suggests a safer place for keys that are in the configuration of a collection in S3. */
export function hintAtKeys(
  { keys, credentials }: JsonObject,
  { bucket, runner }: Pick<Settings, "bucket" | "runner">,
  { output }: Context,
): void {
  const inline = keys ?? credentials;
  if (bucket.kind === "folder" || !isObject(inline) || "profile" in inline) return;
  output.note(
    "Its keys are in the bucket, in collection.json. `twarc-cloud collection-config keys` and then " +
      `\`collection-config update\` put them into ${saferPlace({ runner })}.`,
  );
}

/** Returns where keys of a collection in S3 are better kept, by where its harvesters run. */
export function saferPlace({ runner }: Pick<Settings, "runner">): string {
  return runner === "local" ? "a file of your own" : "Parameter Store, encrypted";
}

/**
 * Stores a person's keys where a collection finds them; null if other keys are there and are kept. @throws UserError,
 * OutsideError
 */
export async function keepKeys(
  { name: profile, keys }: Profile,
  { settings, yes }: { settings: Settings; yes: boolean },
  context: Context,
): Promise<{ keys: JsonObject; parameter?: string } | null> {
  const { findProfileUsers } = await import("../bucket/profile_users.ts");
  const { keptKeys } = await import("../secrets/credentials.ts");
  const mayReplace = async (other: OtherKeys) => {
    const { collections } = await openBucket(context, { bucket: settings.bucket.text });
    const users = await findProfileUsers(other.profile, collections);
    return await confirmReplacing(other, { users, yes, output: context.output });
  };
  return await keptKeys(keys, { profile, ...settings.place, env: context.env, mayReplace });
}

/** Shows whose keys are there and which collections use them, and asks. @throws UserError if nobody can be asked. */
async function confirmReplacing(
  { parameter, theirs, mine, since, by }: OtherKeys,
  { users, yes, output }: { users: string[]; yes: boolean; output: Output },
): Promise<boolean> {
  const { isoTime } = await import("../base/clock.ts");
  const { count, shortenList } = await import("./output.ts");
  const putBy = by ? `, stored by ${by}` : "";
  const what =
    `Other keys are in the parameter ${parameter}: ${theirs} since ${isoTime(since)}${putBy}` +
    ` (yours are ${mine})`;
  const run = users.length === 1 ? "1 collection uses" : `${count(users.length)} collections use`;
  const whose = users.length === 0
    ? "No collection of the bucket uses them"
    : `${run} them: ${shortenList(users)}`;
  if (yes) {
    output.note(`${what}. ${whose}. Yours replace them.`);
    return true;
  }
  const answer = await output.confirm(`${what}. ${whose}. Replace them?`);
  if (answer === null) {
    const { UserError } = await import("../base/errors.ts");
    throw new UserError(`${what}. ${whose}`, {
      hint: "Keep yours in a profile of your own: `twarc-cloud configure --profile NAME`, then " +
        "`twarc-cloud collection-config keys --profile NAME`. To replace theirs for every collection: " +
        "`twarc-cloud collection-config keys --yes`.",
    });
  }
  if (!answer) output.note("Cancelling");
  return answer;
}
