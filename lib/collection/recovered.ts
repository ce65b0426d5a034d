/** What a recovery says: from what brings in to what tells a person. */

/** What was brought in. */
export interface Recovered {
  /** How many tweets the bucket has now that no harvest had. */
  tweets: number;
  /** When the harvest began that has those which others had gone on before; null where there are none. */
  harvest: string | null;
  /** The folders of those that stay for now. */
  left: string[];
  /** Processes of this machine that have lost the collection, and are alive: what they hold stays with them. */
  living: number[];
  /** Whether they stay as a search for what the stream missed may bring the same. */
  isSearching: boolean;
}
