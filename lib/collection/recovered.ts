/** The result of a recovery, for messages. */

/** Facts about a recovery. */
export interface Recovered {
  /** Number of recovered tweets that no harvest had. */
  tweets: number;
  /** When the harvest began that contains those of interrupted harvests; null if there are none. */
  harvest: string | null;
  /** The folders that are left for now. */
  left: string[];
  /** Processes of this machine that have lost the collection and still run: they keep their tweets. */
  living: number[];
  /** Whether they are left because a search of the stream's gaps may find the same tweets. */
  isSearching: boolean;
}
