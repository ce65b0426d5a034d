/** Reports older versions of objects in a store with versioning. */

import { isoTime } from "../../base/clock.ts";
import type { Purged } from "../../store/store.ts";
import type { Context } from "../context.ts";
import { count } from "../output.ts";

const DAY = 86_400_000;

/** Reports the number of deleted older versions; until when others may stay, and how to delete them sooner. */
export function tellPurged(
  { deleted, left }: Purged,
  { output, clock }: Pick<Context, "output" | "clock">,
): void {
  if (deleted > 0) output.note(`${count(deleted)} older versions of such files were deleted, too.`);
  if (!left) return;
  output.note(
    `S3 may keep older versions of them ${
      howLong(left.days, clock.now())
    }: AWS does not allow to ` +
      "delete them. To delete them sooner, attach the current policy of infra/person.tf " +
      "(s3:ListBucketVersions, s3:DeleteObjectVersion), and run this command again.",
  );
}

/** Returns how long undeletable older versions stay, for programs: days, `for ever`, or `unknown`. */
export function keptFor(days: number | null): number | string {
  return days === null ? "unknown" : days === Infinity ? "for ever" : days;
}

function howLong(days: number | null, now: number): string {
  if (days === null) return "for as long as the bucket's rules say, which is 30 days with infra/";
  if (days === Infinity) return "for ever: no rule of the bucket deletes them";
  return `until ${dayAfter(days, now)}, by the bucket's rules`;
}

/** Returns the day on which an expiration rule deletes an object that becomes an older version now: `2026-02-01`. */
export function dayAfter(days: number, now: number): string {
  // S3 counts whole days, up to the next midnight.
  return isoTime(now + (days + 1) * DAY).slice(0, 10);
}
