/** The profiles of keys that a person has, for the commands that name one. */

import { isObject } from "../collection/changeset.ts";
import type { JsonObject } from "../json.ts";
import type { Context } from "./context.ts";

/** The files in which keys are looked for: the one that is named, or those of twarc and twarc2. */
export async function keyFiles(named: string | undefined, { env }: Context): Promise<string[]> {
  const { keysPaths } = await import("../twitter/keys.ts");
  return named === undefined ? keysPaths({ env }) : [named];
}

/** Lists the profiles that there are, and where each is. */
export async function tellProfiles(named: string | undefined, context: Context): Promise<void> {
  const { listProfiles } = await import("../twitter/keys.ts");
  const paths = await keyFiles(named, context);
  const profiles = await listProfiles(paths);
  if (profiles.length === 0) context.output.note(`There are no keys in ${paths.join(" or ")}.`);
  for (const { name, path, keys } of profiles) {
    context.output.line(`${name}  ${path}  (${Object.keys(keys).join(", ") || "no keys"})`);
  }
}

/** Says where keys are safer, when they are in the configuration of a collection in S3. */
export async function hintAtKeys(
  { keys, credentials }: JsonObject,
  bucket: string,
  { output }: Context,
): Promise<void> {
  const { isFolder } = await import("../store/store.ts");
  const inline = keys ?? credentials;
  if (isFolder(bucket) || !isObject(inline) || "profile" in inline) return;
  output.note(
    "Its keys are in the bucket, in collection.json. `twarc-cloud collection-config keys` and then " +
      "`collection-config update` put them into Parameter Store, encrypted.",
  );
}
