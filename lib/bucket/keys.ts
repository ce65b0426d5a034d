/** The keys of a collection: in its configuration, or held elsewhere under the name of a profile. */

import { z } from "zod";
import { KEY_NAMES, type TwitterKeys } from "../api_keys.ts";
import type { AwsAccess } from "../aws.ts";
import type { BucketRef } from "../bucket_ref.ts";
import { fingerprint, isObject } from "../collection/changeset.ts";
import type { ConfigKeys } from "../collection/config.ts";
import { AccessError, UserError } from "../errors.ts";
import { type JsonObject, jsonOrNull, parseJson } from "../json.ts";
import type { Collections } from "./collections.ts";

/** Configurations that are read at a time. */
const AT_ONCE = 16;

const keysSchema = z.partialRecord(z.enum(KEY_NAMES), z.string());

/** Where keys are held: in Parameter Store for a bucket of S3, in the files of twarc for a folder. */
export interface KeysPlace {
  bucket: BucketRef;
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
  if (bucket.kind === "folder") {
    const { keysPaths, readProfile } = await import("../twitter/keys.ts");
    return await readProfile(keysPaths({ env }), profile);
  }
  const { Parameters } = await import("../store/parameters.ts");
  const parameters = new Parameters(bucket.name, aws);
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

/** Other keys that are where a person's own are to go. */
export interface OtherKeys {
  /** The full name of the parameter. */
  parameter: string;
  /** The profile under whose name they are. */
  profile: string;
  theirs: string;
  mine: string;
  /** Since when they are there, in milliseconds since 1970. */
  since: number;
  /** Who put them there, as AWS names them, where that is known. */
  by: string | undefined;
}

/** Where a person's keys go. */
export interface KeysTarget extends Pick<KeysPlace, "bucket" | "aws"> {
  profile: string;
  /** Asked before other keys are replaced; false keeps them. */
  mayReplace: (other: OtherKeys) => Promise<boolean>;
}

/**
 * What a configuration has of keys: for a bucket of S3 the name of their profile, after they were put into Parameter
 * Store, encrypted; for a folder themselves.
 * @returns With the name of the parameter, where there is one; null where other keys are there, and stay.
 * @throws UserError, OutsideError
 */
export async function keptKeys(
  keys: TwitterKeys,
  { profile, bucket, aws, mayReplace }: KeysTarget,
): Promise<{ keys: JsonObject; parameter?: string } | null> {
  if (bucket.kind === "folder") return { keys: keysMember(keys) };
  const { Parameters } = await import("../store/parameters.ts");
  const parameters = new Parameters(bucket.name, aws);
  const name = parameterOf(profile);
  const parameter = parameters.nameOf(name);
  const kept = { keys: { profile }, parameter };
  const value = JSON.stringify(keys);
  const mine = fingerprintOf(value);
  let agreed = 0;
  for (;;) {
    const found = await parameters.find(name);
    if (found && fingerprintOf(found.value) === mine) return kept;
    if (!found && await parameters.create(name, value)) return kept;
    // Others may have changed them while the person thought about it.
    if (found?.version === agreed) break;
    if (!found) continue;
    const by = await parameters.writerOf(name, found.version);
    const theirs = fingerprintOf(found.value);
    const other = { parameter, profile, theirs, mine, since: found.at, by };
    if (!await mayReplace(other)) return null;
    agreed = found.version;
  }
  await parameters.put(name, value);
  return kept;
}

/** The collections whose configuration names a profile, of those that can be read. */
export async function collectionsOf(profile: string, collections: Collections): Promise<string[]> {
  const ids = await Array.fromAsync(collections.list());
  const found: string[] = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const uses = await Promise.all(
      ids.slice(i, i + AT_ONCE).map(async (id) => ({
        id,
        isUser: await usesProfile(id, profile, collections),
      })),
    );
    for (const { id, isUser } of uses) if (isUser) found.push(id);
  }
  return found;
}

async function usesProfile(
  id: string,
  profile: string,
  collections: Collections,
): Promise<boolean> {
  try {
    const { json: { keys, credentials } } = await collections.loadJson(id);
    const held = keys ?? credentials;
    return isObject(held) && held.profile === profile;
  } catch (error) {
    // What cannot be read harvests nothing either.
    if (error instanceof UserError && !(error instanceof AccessError)) return false;
    throw error;
  }
}

/** What tells keys from others and gives nothing away, in whatever order they are written. */
function fingerprintOf(value: string): string {
  const keys = keysSchema.safeParse(jsonOrNull(value)).data;
  return fingerprint(keys ? JSON.stringify(Object.entries(keys).toSorted()) : value);
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
