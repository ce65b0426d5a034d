/** Finds the collections that use keys which are kept elsewhere. */

import { chunks } from "../base/chunks.ts";
import { isObject } from "../base/json.ts";
import { AccessError, UserError } from "../base/errors.ts";
import type { Collections } from "./collections.ts";

/** Configurations that are read concurrently. */
const AT_ONCE = 16;

/** Returns the collections whose configuration names a profile, among those that can be read. */
export async function findProfileUsers(
  profile: string,
  collections: Collections,
): Promise<string[]> {
  const ids = await Array.fromAsync(collections.list());
  const found: string[] = [];
  for (const some of chunks(ids, AT_ONCE)) {
    const uses = await Promise.all(
      some.map(async (id) => ({
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
    // An unreadable configuration is not harvested either.
    if (error instanceof UserError && !(error instanceof AccessError)) return false;
    throw error;
  }
}
