/** Formats gaps for a person. */

import type { ListedGap } from "../../archive/gap_list.ts";
import type { ToldGap } from "../../bucket/gaps.ts";

/** Number of gaps that are listed; the others are in the files. */
const TOLD = 20;

/** Formats a gap with its status. */
export function listedGapText(
  { from, to, status, why, user_id }: Pick<ListedGap, "from" | "to" | "status" | "why" | "user_id">,
): string {
  return `${from} to ${to}${whoseText(user_id)}: ${status}. ${why}`;
}

/** Returns the newest gaps with their status, a text each. */
export function newestGapTexts(gaps: Parameters<typeof listedGapText>[0][]): string[] {
  return gaps.slice(-TOLD).map(listedGapText);
}

/** Returns the newest gaps, a text each. */
export function gapTexts(gaps: ToldGap[]): string[] {
  return gaps.slice(-TOLD).map(({ from, to, why, asked_again, user_id }) => {
    const again = asked_again
      ? "; recent search will be requested for it, which has no retweets"
      : "";
    return `${from} to ${to}${whoseText(user_id)}: ${why}${again}`;
  });
}

function whoseText(userId: string | undefined): string {
  return userId === undefined ? "" : ` of user ${userId}`;
}
