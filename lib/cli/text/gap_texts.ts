/** Formats gaps for a person. */

import type { ToldGap } from "../../bucket/gaps.ts";

/** Number of gaps that are listed; the others are in the files. */
const TOLD = 20;

/** Returns the newest gaps, a text each. */
export function gapTexts(gaps: ToldGap[]): string[] {
  return gaps.slice(-TOLD).map(({ from, to, why, asked_again, user_id }) => {
    const again = asked_again
      ? "; recent search will be requested for it, which has no retweets"
      : "";
    const whose = user_id === undefined ? "" : ` of user ${user_id}`;
    return `${from} to ${to}${whose}: ${why}${again}`;
  });
}
