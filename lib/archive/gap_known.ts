/** Finds which tweets within gaps are there, however they came: those are not requested once more. */

import { OutsideError } from "../base/errors.ts";
import { listedFiles } from "../bucket/listing.ts";
import { tweetsFileTime } from "../format/file_name.ts";
import { isThere, type Store } from "../store/store.ts";
import { checkTweets } from "./file_check.ts";
import type { ListedGap } from "./gap_list.ts";
import { type IdSpan, IdSpans } from "./id_spans.ts";

/** Milliseconds by which the clock that named a file may be behind that of the API. */
const BEHIND_MS = 3_600_000;

/** A gap, the ids around it, and those in it that are there. */
interface Looked extends IdSpan {
  gap: ListedGap;
  known: Set<string>;
}

/**
 * Returns gaps with the ids in them that are there: late or repeated ones of a stream, those of a harvester that was
 * taken over, and what a search had brought before its position was lost. A damaged file counts as far as it can be
 * read, an altered one not at all.
 * @param idsOf Returns the ids around a gap.
 * @throws OutsideError where the store fails.
 */
export async function withPresent(
  { store, collectionId }: { store: Store; collectionId: string },
  gaps: ListedGap[],
  idsOf: (gap: ListedGap) => { sinceId: string; untilId?: string },
): Promise<ListedGap[]> {
  if (gaps.length === 0) return [];
  const all = gaps.map((gap): Looked => {
    const { sinceId, untilId = sinceId } = idsOf(gap);
    return { gap, sinceId, untilId, known: new Set(gap.known) };
  });
  const spans = new IdSpans(all);
  const earliest = gaps.reduce((least, { from }) => Math.min(least, Date.parse(from)), Infinity) -
    BEHIND_MS;
  for await (const { key } of listedFiles(store, collectionId)) {
    if (tweetsFileTime(key) < earliest) continue;
    for (const id of await readableIds(store, key, (id) => spans.around(id).length > 0)) {
      for (const { known } of spans.around(id)) known.add(id);
    }
  }
  return all.map(({ gap, known }) => known.size === 0 ? gap : { ...gap, known: [...known] });
}

/** Returns the wanted ids of a file. */
async function readableIds(
  store: Store,
  key: string,
  isWanted: (id: string) => boolean,
): Promise<string[]> {
  const ids: string[] = [];
  try {
    const { isAltered } = await checkTweets(store, key, (id) => {
      if (isWanted(id)) ids.push(id);
    });
    return isAltered ? [] : ids;
  } catch (error) {
    if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
    return [];
  }
}
