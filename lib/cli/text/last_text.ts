/** Summarizes a collection's last harvest. */

import type { Collections } from "../../bucket/collections.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import { many } from "../output.ts";

/** Returns a summary such as `complete, 1,234 tweets, begun at 2026-11-28T10:00:00.000Z`, or why it cannot be read. */
export async function lastText(collections: Collections, id: string): Promise<string> {
  try {
    const last = await collections.lastHarvest(id);
    if (!last) return "none yet";
    const { outcome = "done", tweets, harvest_timestamp: began } = last.info;
    return `${outcome}, ${many(tweets, "tweet")}, begun at ${began}`;
  } catch (error) {
    if (error instanceof TwarcCloudError) return error.message;
    throw error;
  }
}
