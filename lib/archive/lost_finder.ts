/** The port for finding gaps that damaged files leave. */

import type { RecordedGap } from "../bucket/gaps.ts";

/** The reason of such gaps. */
export const DAMAGED = "A file that had it was damaged";

/** Reads harvests from the oldest to the newest, and finds what is lost. */
export interface LostFinder {
  begin(folder: string): Promise<void>;
  /** Handles a readable line. */
  line(line: Uint8Array): void;
  /** Handles an unreadable place. */
  noteDamage(): void;
  /**
   * Returns the gaps with their harvests' folders; some may be recorded already.
   * @param readAgain Calls `take` with each readable line once more.
   */
  finish(
    readAgain: (take: (line: Uint8Array) => void) => Promise<void>,
  ): Promise<{ folder: string; gap: RecordedGap }[]>;
}
