/** The promises of S3 that an S3-compatible store keeps: probed once for a bucket, and recorded in it. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { awsFailure } from "../../base/aws.ts";
import { AccessError, ConflictError, OutsideError } from "../../base/errors.ts";
import type { S3Store } from "./store.ts";
import type { When } from "../store.ts";

/** The key of the record. */
export const TRAITS_KEY = ".twarc-cloud/store.json";

/** The recorded traits of a store. */
export const traitsSchema = z.object({
  format: z.literal(1),
  /** Whether writes keep their condition: that nothing is there, or a version. */
  conditions: z.boolean(),
  /** Whether deletions keep the condition on a version. */
  deletions: z.boolean(),
  /** Whether writes may have a checksum. */
  checksums: z.boolean(),
});

/** The promises of S3 that a store keeps. */
export type Traits = z.output<typeof traitsSchema>;

/** How often a version that does not match is retried: a try with a lost response has changed it. */
const TRIES = 3;
/** A version of no object. */
const NOBODYS = '"00000000000000000000000000000000"';
const BODY = new TextEncoder().encode("twarc-cloud");

/** A bucket to probe: as it is, and without checksums. */
export interface Probed {
  store: S3Store;
  plain: S3Store;
}

/** Returns whether an address is one of AWS's own. */
export function isAws(endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

/**
 * Probes a store, by writing, replacing and deleting an object of its own.
 * @throws AccessError where it does not allow that; OutsideError where the store fails.
 */
export async function probeTraits({ store, plain }: Probed): Promise<Traits> {
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

/** The outcome of a request. */
type Outcome = "done" | "unmet" | "forbidden" | "unknown";

/** @throws errors that show no trait: the store cannot be reached, or fails. */
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

/** Returns whether a store reports that it does not support a request. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof OutsideError)) return false;
  const { status } = awsFailure(error.cause);
  return status === 501 || status === 400;
}

/** Returns the limits of a bucket whose store keeps fewer promises than S3, for a person; null where it keeps all. */
export function remarkOn(
  { conditions, deletions, checksums }: Traits,
  bucket: string,
): string | null {
  const lacking: string[] = [];
  if (!conditions) {
    lacking.push(
      "It ignores the conditions of writes, or returns versions that never match: instead, the object is checked " +
        "before and a second after each such write. Only one harvester runs for a collection as long as no two " +
        "begin within a second, and of two people who change a collection in the same second one may undo the other",
    );
  } else if (!deletions) {
    lacking.push(
      "It ignores the conditions of deletions: instead, the object is checked before each",
    );
  }
  if (!checksums) {
    lacking.push(
      "It does not support S3's checksums: instead, an MD5 is sent with each object, and `collection verify` finds damage",
    );
  }
  if (lacking.length === 0) return null;
  return `The store of bucket ${bucket} keeps less than S3 does. ${lacking.join(". ")}.`;
}
