/** What is told of a harvester that is to be alive and is not. */

import type { Trouble } from "../runner/kept.ts";
import { lastWord } from "../visible.ts";
import type { Bucket, Context } from "./context.ts";

/** `since 2026-01-02T03:04:05.000Z: The API is away. It is started again at 2026-01-02T03:05:05.000Z` */
export function troubleText(trouble: Trouble, collectionId: string): string {
  const { since, problem } = trouble;
  return `since ${since}: ${problem} ${thenText(trouble, collectionId)}`;
}

function thenText({ state, next }: Trouble, collectionId: string): string {
  if (state === "ended") {
    return `Start it again with: twarc-cloud collection filter-start ${lastWord(collectionId)}`;
  }
  return next
    ? `It is started again at ${next}`
    : "It is started again by itself within a minute, or else as soon as `twarc-cloud scheduler` runs";
}

/** What stands behind the ids of collections whose harvester is to be alive and is not, or keeps failing, by their ids. */
export async function troubleTexts(
  opened: Bucket,
  { clock, output }: Context,
): Promise<Map<string, string>> {
  const { store, settings } = opened;
  const { goneIn } = await import("../bucket/process.ts");
  const { keptInTrouble, troubleOf } = await import("../runner/kept.ts");
  const texts = new Map<string, string>();
  for await (const kept of keptInTrouble(store, { clock, isGone: goneIn(settings.bucket) })) {
    const { collection_id: id, state } = kept;
    const what = state === "ended" ? "ended" : "restarting";
    texts.set(id, ` (${what} ${troubleText(troubleOf(kept), id)})`);
  }
  const { failingOf, failingText } = await import("./failing.ts");
  for (const one of await failingOf(opened, output)) {
    texts.set(one.collectionId, ` (${failingText(one)})`);
  }
  return texts;
}
