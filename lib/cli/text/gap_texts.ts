/** Formats gaps for a person. */

import type { Json } from "../../base/json.ts";
import { traitsFor } from "../../collection/types/traits.ts";
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

/** Returns the newest gaps, a text each. @param type The collection's: only a stream's gaps are left to another API. */
export function gapTexts(gaps: ToldGap[], type: Json | undefined): string[] {
  const how = traitsFor(type).endsByItself
    ? "; a search for it follows"
    : "; recent search follows for it, which finds no retweets";
  return gaps.slice(-TOLD).map(({ from, to, why, asked_again, user_id }) => {
    const again = asked_again ? how : "";
    return `${from} to ${to}${whoseText(user_id)}: ${why}${again}`;
  });
}

function whoseText(userId: string | undefined): string {
  return userId === undefined ? "" : ` of user ${userId}`;
}
