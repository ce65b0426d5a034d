/** The reasons in harvest.json for which harvests end, and how each is recognized. */

/** The reason of a harvest that a person or the system stopped. */
export const STOP_REQUESTED = "A stop was requested";

/** The same in former versions. */
const FORMERLY = "It was told to stop";

/** Returns whether a harvest with this reason was stopped. */
export function isStopReason(reason: string | undefined): boolean {
  return reason === STOP_REQUESTED || reason === FORMERLY;
}

/** Returns the reason of a stream that ended at `max_records`. */
export function limitReason(most: number): string {
  return `It has reached max_records (${most})`;
}

/** Returns whether a stream with this reason ended at `max_records`. */
export function isLimitReason(reason: string): boolean {
  return reason.startsWith("It has reached max_records (");
}
