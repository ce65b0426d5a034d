/** The cuts that a harvest passes to its committer, and their losses. */

import type { Commit } from "../bucket/checkpoint_state.ts";
import type { CutFiles, SideCut } from "./cut_files.ts";
import type { JsonListCut } from "./json_list.ts";
import type { SegmentFile } from "./segment.ts";

/** Data to be stored and committed together, as it was at one moment of the harvest. */
export interface Cut {
  /**
   * When its harvest began or was to begin, in milliseconds since 1970: the cuts of a harvest follow those of the one
   * before.
   */
  began: number;
  /** When the harvest before it began, where a stream went on. */
  after?: number;
  /** Its files on this machine. */
  spool: CutFiles;
  /** From 1 on in each harvest. */
  number: number;
  /** When it was made, in milliseconds since 1970. */
  at: number;
  /** The first cut that it accounts for, where that is not its own: instead of pieces, or with a loss. */
  covers?: number;
  /** A piece of a segment, or the whole one instead of its pieces; absent where no tweets came. */
  tweets?: {
    /** From 1 on in each harvest. */
    segment: number;
    isWhole: boolean;
    file: SegmentFile;
  };
  /** The files beside the tweets, each as long as it was. */
  sides: SideCut[];
  /** Lists that are written whole each time that they have grown. */
  documents: ({ name: string } & JsonListCut)[];
  /** The commit of the checkpoint; its files are added. */
  commit: Commit;
  /** Set where nothing came but keep-alives of a stream: the next cut includes all of it. */
  isSilent?: true;
}

/** A loss of a stream. */
export interface Lost extends Pick<Cut, "began" | "spool"> {
  /** The number of its cut, the first cut that this one accounts for, and its segment. */
  number: number;
  covers: number;
  segment: number;
  /** When the tweets came, in milliseconds since 1970. */
  from: number;
  to: number;
  tweets: number;
}
