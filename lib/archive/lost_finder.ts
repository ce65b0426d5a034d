/** The port to what finds out what a damage took. */

import type { RecordedGap } from "../bucket/gaps.ts";

/** Why it is missing. */
export const DAMAGED = "A file that had it was damaged";

/** Reads harvests from the oldest to the newest, and finds what is lost of them. */
export interface LostFinder {
  begin(folder: string): Promise<void>;
  /** Takes in a line that can be read. */
  line(line: Uint8Array): void;
  /** Takes in that something cannot be read here. */
  damaged(): void;
  /** Returns what is lost, and the harvest that had it, apart from what is recorded of that. */
  finish(): Promise<{ folder: string; gap: RecordedGap }[]>;
}
