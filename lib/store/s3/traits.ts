/** What an S3-compatible store keeps of what S3 promises: found out once for a bucket, and noted in it. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { awsFailure } from "../../base/aws.ts";
import { AccessError, ConflictError, OutsideError } from "../../base/errors.ts";
import type { S3Store } from "./store.ts";
import type { When } from "../store.ts";

/** Where it is noted. */
export const TRAITS_KEY = ".twarc-cloud/store.json";

/** What is noted of a store. */
export const traitsSchema = z.object({
  format: z.literal(1),
  /** Whether a write holds to its condition: that nothing is there, or a version. */
  conditions: z.boolean(),
  /** Whether a deletion holds to the version that is to be there. */
  deletions: z.boolean(),
  /** Whether a write may come with a checksum. */
  checksums: z.boolean(),
});

/** What a store keeps of what S3 promises. */
export type Traits = z.output<typeof traitsSchema>;

/** How often a version is tried that does not fit: a try whose answer was lost has made it another one. */
const TRIES = 3;
/** A version that nothing has. */
const NOBODYS = '"00000000000000000000000000000000"';
const BODY = new TextEncoder().encode("twarc-cloud");

/** A bucket that is probed: as it is, and without checksums. */
export interface Probed {
  store: S3Store;
  plain: S3Store;
}

/** Returns whether an address is one of AWS's own. */
export function isAws(endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

/**
 * Finds out what a store keeps, by writing, replacing and deleting an object of its own.
 * @throws AccessError where it does not allow that; OutsideError where the store fails.
 */
export async function probed({ store, plain }: Probed): Promise<Traits> {
  const key = `.twarc-cloud/probe-${crypto.randomUUID()}`;
  const sha1 = createHash("sha1").update(BODY).digest("hex");
  const sums = await outcome(() => store.put(key, BODY)) === "done" &&
    await outcome(() => store.putWith(key, BODY, { sha1 })) === "done";
  const asked = sums ? store : plain;
  const put = (when: When) => outcome(() => asked.put(key, BODY, when));
  let fits: Outcome = "unmet";
  for (let tries = 0; tries < TRIES && fits === "unmet"; tries++) {
    fits = await put({ ifVersion: await asked.put(key, BODY) });
  }
  const conditions = fits === "done" && await put({ ifAbsent: true }) === "unmet" &&
    await put({ ifVersion: NOBODYS }) === "unmet";
  const deletion = await outcome(() => asked.delete(key, { ifVersion: NOBODYS }));
  // Where that is not allowed, the object stays: the bucket keeps all that was written.
  await outcome(() => asked.delete(key));
  return {
    format: 1,
    conditions,
    deletions: deletion === "unmet" || deletion === "forbidden",
    checksums: sums,
  };
}

/** What became of a request. */
type Outcome = "done" | "unmet" | "forbidden" | "unknown";

/** @throws what says nothing of the store: that it cannot be reached, or fails. */
async function outcome(ask: () => Promise<unknown>): Promise<Outcome> {
  try {
    await ask();
    return "done";
  } catch (error) {
    if (error instanceof ConflictError) return "unmet";
    if (isRefusal(error)) return "unknown";
    if (error instanceof AccessError) return "forbidden";
    throw error;
  }
}

/** Returns whether a store says that it does not know what was asked of it. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof OutsideError)) return false;
  const { status } = awsFailure(error.cause);
  return status === 501 || status === 400;
}

/** Returns what holds in a bucket whose store keeps less than S3, and what does not, for a person; null where all does. */
export function remarkOn(
  { conditions, deletions, checksums }: Traits,
  bucket: string,
): string | null {
  const lacking: string[] = [];
  if (!conditions) {
    lacking.push(
      "It does not hold writes to their conditions, or gives versions that never fit: what is there is looked at " +
        "before and a second after each such write instead. One harvester a collection then holds as long as no two " +
        "begin within a second, and of two people who change a collection in the same second one may undo the other",
    );
  } else if (!deletions) {
    lacking.push(
      "It does not hold deletions to their conditions: what is there is looked at before each instead",
    );
  }
  if (!checksums) {
    lacking.push(
      "It takes no checksums of S3: an MD5 goes with each object instead, and `collection verify` finds what is damaged",
    );
  }
  if (lacking.length === 0) return null;
  return `The store of bucket ${bucket} keeps less than S3 does. ${lacking.join(". ")}.`;
}
