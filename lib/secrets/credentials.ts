/** The keys of a collection: in its configuration, or stored elsewhere under the name of a profile. */

import { z } from "zod";
import { KEY_NAMES, type TwitterKeys } from "../base/api_keys.ts";
import type { AwsAccess } from "../base/aws.ts";
import type { BucketRef } from "../base/bucket_ref.ts";
import type { RunnerKind } from "../base/settings.ts";
import type { SecretStore } from "./secret_store.ts";
import { keysPaths, readProfile, TwarcFiles } from "./twarc_files.ts";
import { fingerprint } from "../collection/changeset.ts";
import type { ConfigKeys } from "../collection/config.ts";
import { UserError } from "../base/errors.ts";
import { type JsonObject, jsonOrNull, parseJson } from "../base/json.ts";

const keysSchema = z.partialRecord(z.enum(KEY_NAMES), z.string());

/**
 * The place of keys: in Parameter Store for harvesters of ECS, in the person's files for those of this machine.
 */
export interface KeysPlace {
  runner: RunnerKind;
  bucket: BucketRef;
  aws: AwsAccess;
  env: Record<string, string | undefined>;
}

/**
 * Returns a collection's keys themselves. Harvesters of this machine read from Parameter Store any that the person's
 * files do not have.
 * @throws UserError where the profile that the configuration names does not exist.
 */
export async function heldKeys(
  { profile, ...keys }: ConfigKeys,
  { runner, bucket, aws, env }: KeysPlace,
): Promise<TwitterKeys> {
  if (profile === undefined) return keys;
  if (runner === "local") {
    const paths = keysPaths({ env });
    const isHere = await new TwarcFiles(paths).get(secretName(profile)) !== null;
    if (isHere || bucket.kind === "folder") return await readProfile(paths, profile);
  }
  const { ParameterStore } = await import("./parameter_store.ts");
  const parameters = new ParameterStore(bucket.name, aws);
  const name = parameterName(profile);
  const held = await parameters.get(name);
  if (held === null) {
    throw new UserError(`The parameter ${parameters.nameFor(name)} does not exist`, {
      hint: `Store the keys there with: twarc-cloud collection-config keys --profile ${profile}`,
    });
  }
  const parsed = keysSchema.safeParse(parseJson(held, parameters.nameFor(name)));
  if (parsed.success) return parsed.data;
  throw new UserError(`The parameter ${parameters.nameFor(name)} has no keys`, {
    cause: parsed.error,
  });
}

/** Other keys, stored where a person's own would go. */
export interface OtherKeys {
  /** The full name of the parameter. */
  parameter: string;
  /** The profile under whose name they are. */
  profile: string;
  theirs: string;
  mine: string;
  /** Since when they are stored, in milliseconds since 1970. */
  since: number;
  /** The person who stored them, as AWS names them, where that is known. */
  by: string | undefined;
}

/** The place for a person's keys. */
export interface KeysTarget extends KeysPlace {
  profile: string;
  /** Called before other keys are replaced; false keeps them. */
  mayReplace: (other: OtherKeys) => Promise<boolean>;
}

/**
 * Stores keys, and returns the members of a configuration that refer to them: for a bucket of S3 the name of their
 * profile, once they are in Parameter Store, encrypted, or for harvesters of this machine in the person's files; for
 * a folder the keys themselves.
 * @returns With the name of the parameter, where there is one; null where other keys are stored, and stay.
 * @throws UserError, OutsideError
 */
export async function keptKeys(
  keys: TwitterKeys,
  { profile, runner, bucket, aws, env, mayReplace }: KeysTarget,
): Promise<{ keys: JsonObject; parameter?: string } | null> {
  if (bucket.kind === "folder") return { keys: keysMember(keys) };
  if (runner === "local") {
    await keepHere(keys, profile, new TwarcFiles(keysPaths({ env })));
    return { keys: { profile } };
  }
  const { ParameterStore } = await import("./parameter_store.ts");
  const parameters = new ParameterStore(bucket.name, aws);
  const name = parameterName(profile);
  const parameter = parameters.nameFor(name);
  const kept = { keys: { profile }, parameter };
  const value = JSON.stringify(keys);
  const mine = makeFingerprint(value);
  let agreed = 0;
  for (;;) {
    const found = await parameters.find(name);
    if (found && makeFingerprint(found.value) === mine) return kept;
    if (!found && await parameters.put(name, value, { ifAbsent: true })) return kept;
    // Another process may have changed them while the person decided.
    if (found?.version === agreed) break;
    if (!found) continue;
    const by = await parameters.findWriter(name, found.version);
    const theirs = makeFingerprint(found.value);
    const other = { parameter, profile, theirs, mine, since: found.at, by };
    if (!await mayReplace(other)) return null;
    agreed = found.version;
  }
  await parameters.put(name, value);
  return kept;
}

/** Returns a fingerprint that distinguishes keys and discloses nothing, in whatever order they are written. */
function makeFingerprint(value: string): string {
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

/** Stores keys in the person's files under the name of a profile. @throws UserError where other keys are there. */
async function keepHere(
  keys: TwitterKeys,
  profile: string,
  files: Pick<SecretStore, "get" | "put">,
): Promise<void> {
  const value = JSON.stringify(keys);
  if (await files.put(secretName(profile), value, { ifAbsent: true })) return;
  const there = await files.get(secretName(profile));
  if (there !== null && makeFingerprint(there) === makeFingerprint(value)) return;
  throw new UserError(
    `Your profile ${profile} has other keys, which harvests on this machine would use`,
    {
      hint: "Store these under another name: twarc-cloud configure --profile NAME",
    },
  );
}

/** Returns the name of a profile's secret. */
function secretName(profile: string): string {
  return `keys/${profile}`;
}

/** Returns the name of a profile's parameter. @throws UserError for a name that no parameter can have. */
function parameterName(profile: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(profile)) return secretName(profile);
  throw new UserError(`${JSON.stringify(profile)} cannot be the name of a parameter in AWS`, {
    hint: "Name the profile with letters, digits, '_', '-' and '.' only.",
  });
}
