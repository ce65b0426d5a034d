/** The progress of a harvest, for its control server and its lock. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import { harvestInfo } from "../bucket/projection.ts";
import { isoTime } from "../base/clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { Waits } from "../base/waits.ts";
import type { Recorder } from "./recorder.ts";

/** The sources of a harvest's progress. */
export interface ProgressOptions {
  collectionId: string;
  checkpoint: Checkpoint;
  recorder: Recorder;
  waits: Waits;
}

/** Returns the fields of harvest.json so far, of the current harvest: the one before it may not be committed yet. */
export function toProgress(
  { collectionId, checkpoint: { state }, recorder, waits }: ProgressOptions,
): HarvestInfo {
  const { ahead, wasOpened, progress: { tweets, files, fileBytes, bytes, counts } } = recorder;
  const begun = ahead === undefined
    ? harvestInfo(state, collectionId)
    : { collection_id: collectionId, harvest_timestamp: isoTime(ahead), type: state.type };
  const { longest } = waits;
  const waiting = longest && { waiting: { for: longest.for, until: isoTime(longest.until) } };
  const arrived = { tweets, files, file_bytes: fileBytes, bytes_received: bytes };
  const streaming = wasOpened ? { streaming: true } : {};
  return { ...begun, ...counts, ...arrived, ...streaming, ...waiting };
}
