/** Streams that were cut off: nobody has finalized their last harvest, or stopped them since. */

import { z } from "zod";
import { STREAM_WALK } from "../collection/walks.ts";
import { traitsFor } from "../collection/types/traits.ts";
import type { Store } from "../store/store.ts";
import { readCheckpoint } from "./checkpoint_state.ts";

const cutSchema = z.looseObject({ at: z.number(), isStopped: z.undefined().optional() });

/**
 * Returns whether a collection is a stream that was not stopped in good order, as far as its checkpoint shows: one that
 * is being harvested was not, either. @throws UserError if the checkpoint is damaged; OutsideError
 */
export async function isCutOff(store: Store, collectionId: string): Promise<boolean> {
  const state = await readCheckpoint(store, collectionId);
  if (!state || traitsFor(state.type).endsByItself) return false;
  return state.state !== "settled" || cutSchema.safeParse(state.positions[STREAM_WALK]).success;
}
