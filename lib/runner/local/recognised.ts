/** Checks the identity of a bucket before a command changes it; commands that only read do not need it. */

import type { AwsAccess } from "../../base/aws.ts";
import type { BucketRef } from "../../base/bucket_ref.ts";
import type { Clock } from "../../base/clock.ts";
import { TwarcCloudError, UserError } from "../../base/errors.ts";
import { lastWord } from "../../base/visible.ts";
import {
  changeIdentity,
  type FoundIdentity,
  type Identity,
  madeIdentity,
  newIdentity,
  readIdentity,
} from "../../bucket/identity.ts";
import { type FoundLock, readLock, unlock } from "../../bucket/lock.ts";
import { holderIsGone } from "../../bucket/process.ts";
import { COLLECTIONS, idOfFolder } from "../../collection/layout.ts";
import { findPlace, type Place, placeText } from "../../store/place.ts";
import type { Store } from "../../store/store.ts";
import { findFolder, type Known, knownBuckets, remember, seenElsewhere } from "./known.ts";

/** The bucket, and the person who uses it. */
export interface BucketAsked {
  bucket: BucketRef;
  aws: AwsAccess;
  env: Record<string, string | undefined>;
  store: Store;
  clock: Clock;
}

/** The facts that a bucket is recognised by. */
interface Facts {
  found: FoundIdentity | null;
  here: Place;
  known: Known[];
}

async function readFacts({ bucket, aws, env, store }: BucketAsked): Promise<Facts> {
  const [found, here, known] = await Promise.all([
    readIdentity(store),
    findPlace(bucket, aws),
    knownBuckets(env),
  ]);
  return { found, here, known };
}

/**
 * Ensures that a bucket is not an undeclared copy of another one, gives it an identity where it has none, and records
 * its place.
 * @param options.isEmptyToo Whether a bucket without collections gets an identity: it may be a wrong folder.
 * @returns Its identity; null where it has none and may not get one.
 * @throws UserError for a copy, or a bucket that has moved.
 */
export async function recogniseBucket(
  asked: BucketAsked,
  { isEmptyToo = false } = {},
): Promise<Identity | null> {
  const { store, clock } = asked;
  const facts = await readFacts(asked);
  const { found, here } = facts;
  const seen = found && seenElsewhere(found.identity, facts);
  if (seen) throw copyOrMoved(asked.bucket.text, seen);
  const mayMake = async () => isEmptyToo || await hasCollections(store);
  const identity = found?.identity ??
    (await mayMake() ? await madeIdentity(store, { clock, place: here }) : null);
  if (identity) await rememberHere(identity, facts, asked);
  return identity;
}

async function hasCollections(store: Store): Promise<boolean> {
  for await (const _ of store.list(COLLECTIONS, { folders: true })) return true;
  return false;
}

/** Records the place of a bucket. Where that fails, the place in the bucket is checked the next time. */
async function rememberHere(
  { id }: Identity,
  { here, known }: Facts,
  { bucket, env }: BucketAsked,
): Promise<void> {
  const isFolder = bucket.kind === "folder";
  const folder = findFolder(bucket, { id: isFolder ? id : null, here, known, env });
  try {
    await remember({ folder, id, place: here }, { known });
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
  }
}

function copyOrMoved(text: string, seen: Place): UserError {
  const name = lastWord(text);
  return new UserError(
    `Bucket ${text} has the identity of the one that was at ${
      placeText(seen)
    }: it is a copy, or has moved`,
    {
      hint: `If the other one goes on: \`twarc-cloud bucket is-copy --bucket ${name}\`. ` +
        `If this one takes its place: \`twarc-cloud bucket has-moved --bucket ${name}\`.`,
    },
  );
}

/** Optional members that a person sets. */
type Titled = Pick<Identity, "title">;

/** A changed identity, and the locks that were removed for it. */
export interface Settled {
  identity: Identity;
  /** How many locks of the other bucket's harvesters there were. */
  locks: number;
}

/**
 * Makes a copy a bucket of its own: it has a new id, and no locks of the other one's harvesters.
 * @throws UserError where it has no identity.
 */
export async function isCopy(asked: BucketAsked, change: Titled): Promise<Settled> {
  const { store, clock } = asked;
  const facts = await readFacts(asked);
  const found = withIdentity(facts.found, asked);
  // Before the id: cut in between, it is a copy still.
  const locks = await removeLocks(asked, () => true);
  for await (const { key } of store.list("runner/")) await store.delete(key);
  const copied_from = found.identity.id;
  const copied = { ...change, ...newIdentity(clock), copied_from, place: facts.here };
  const identity = await changeIdentity(store, found, copied);
  await rememberHere(identity, facts, asked);
  return { identity, locks };
}

/**
 * Declares that a bucket has moved from its former place: its schedules on this machine move with it.
 * @throws UserError where it has no identity.
 */
export async function hasMoved(asked: BucketAsked, change: Titled): Promise<Settled> {
  const { store } = asked;
  const facts = await readFacts(asked);
  const found = withIdentity(facts.found, asked);
  const locks = await removeLocks(asked, isOfThisMachine);
  const identity = await changeIdentity(store, found, { ...change, place: facts.here });
  const before = facts.known.filter(({ id }) => id === identity.id);
  for (const { folder } of before) {
    await remember({ folder, id: identity.id, place: facts.here }, facts);
  }
  if (before.length === 0) await rememberHere(identity, facts, asked);
  return { identity, locks };
}

/**
 * Returns whether a copied lock is of a process of this machine, which harvests the bucket that this one was copied
 * from.
 */
function isOfThisMachine({ document }: FoundLock): boolean {
  return document !== null && holderIsGone(document) !== null;
}

async function removeLocks(
  { store, clock }: BucketAsked,
  isWanted: (lock: FoundLock) => boolean,
): Promise<number> {
  let count = 0;
  const folders = await Array.fromAsync(store.list(COLLECTIONS, { folders: true }));
  for (const { key } of folders) {
    const id = idOfFolder(key);
    const lock = id === null ? null : await readLock(store, id, { clock, isGone: holderIsGone });
    if (id === null || !lock || !isWanted(lock)) continue;
    if (await unlock(store, id) !== undefined) count++;
  }
  return count;
}

function withIdentity(found: FoundIdentity | null, { bucket }: BucketAsked): FoundIdentity {
  if (found) return found;
  throw new UserError(`Bucket ${bucket.text} has no identity yet, so it is not known as a copy`, {
    hint: "It gets one from the first command that changes something in it.",
  });
}
