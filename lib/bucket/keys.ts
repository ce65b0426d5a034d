/** The keys of a collection: in its configuration, or held elsewhere under the name of a profile. */

import { z } from "zod";
import { KEY_NAMES, type TwitterKeys } from "../api_keys.ts";
import type { AwsAccess } from "../aws.ts";
import type { ConfigKeys } from "../collection/config.ts";
import { UserError } from "../errors.ts";
import { type JsonObject, parseJson } from "../json.ts";
import { isFolder, s3Name } from "../store/store.ts";

const keysSchema = z.partialRecord(z.enum(KEY_NAMES), z.string());

/** Where keys are held: in Parameter Store for a bucket of S3, in the files of twarc for a folder. */
export interface KeysPlace {
  bucket: string;
  aws: AwsAccess;
  env: Record<string, string | undefined>;
}

/**
 * A collection's keys themselves.
 * @throws UserError where the profile that the configuration names is not there.
 */
export async function heldKeys(
  { profile, ...keys }: ConfigKeys,
  { bucket, aws, env }: KeysPlace,
): Promise<TwitterKeys> {
  if (profile === undefined) return keys;
  if (isFolder(bucket)) {
    const { keysPaths, readProfile } = await import("../twitter/keys.ts");
    return await readProfile(keysPaths({ env }), profile);
  }
  const { Parameters } = await import("../store/parameters.ts");
  const parameters = new Parameters(s3Name(bucket), aws);
  const name = parameterOf(profile);
  const held = await parameters.get(name);
  if (held === null) {
    throw new UserError(`There are no keys in the parameter ${parameters.nameOf(name)}`, {
      hint: `Put them there with: twarc-cloud collection-config keys --profile ${profile}`,
    });
  }
  const parsed = keysSchema.safeParse(parseJson(held, parameters.nameOf(name)));
  if (parsed.success) return parsed.data;
  throw new UserError(`The parameter ${parameters.nameOf(name)} has no keys`, {
    cause: parsed.error,
  });
}

/**
 * What a configuration has of keys: for a bucket of S3 the name of their profile, after they were put into Parameter
 * Store, encrypted; for a folder themselves.
 * @returns With the name of the parameter, where there is one.
 * @throws UserError, OutsideError
 */
export async function keptKeys(
  keys: TwitterKeys,
  { profile, bucket, aws }: { profile: string } & Pick<KeysPlace, "bucket" | "aws">,
): Promise<{ keys: JsonObject; parameter?: string }> {
  if (isFolder(bucket)) return { keys: keysMember(keys) };
  const { Parameters } = await import("../store/parameters.ts");
  const parameters = new Parameters(s3Name(bucket), aws);
  await parameters.put(parameterOf(profile), JSON.stringify(keys));
  return { keys: { profile }, parameter: parameters.nameOf(parameterOf(profile)) };
}

/** Keys as a configuration has them: those that are there. */
export function keysMember(keys: TwitterKeys): JsonObject {
  const members = Object.entries(keys).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return Object.fromEntries(members);
}

/** The name of a profile's parameter. @throws UserError for a name that no parameter can have. */
function parameterOf(profile: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(profile)) return `keys/${profile}`;
  throw new UserError(`${JSON.stringify(profile)} cannot be the name of a parameter in AWS`, {
    hint: "Name the profile with letters, digits, '_', '-' and '.' only.",
  });
}
