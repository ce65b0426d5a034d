/** Reports harvesters that should be alive and are not. */

import { ifOurs } from "../../base/errors.ts";
import { isLimitReason } from "../../collection/end_reasons.ts";
import type { Trouble } from "../../runner/local/kept.ts";
import { lastWord } from "../../base/visible.ts";
import type { Bucket, Context } from "../context.ts";

/**
 * Formats a trouble: `since 2026-01-02T03:04:05.000Z: The API is away. It is started again at 2026-01-02T03:05:05.000Z`
 */
export function troubleText(trouble: Trouble, collectionId: string): string {
  const { since, problem } = trouble;
  return `since ${since}: ${problem} ${thenText(trouble, collectionId)}`;
}

function thenText({ state, next, problem }: Trouble, collectionId: string): string {
  const id = lastWord(collectionId);
  if (state === "ended" && isLimitReason(problem)) {
    return `To continue, raise it: \`twarc-cloud collection-config download ${id}\``;
  }
  if (state === "ended") {
    return `Start it again with \`twarc-cloud collection filter-start ${id}\``;
  }
  return next
    ? `It is restarted at ${next}`
    : "It is restarted by itself within a minute, or else as soon as `twarc-cloud scheduler` runs";
}

/** Returns, by id, a text for collections whose harvester should be alive and is not, or keeps failing. */
export async function troubleTexts(
  opened: Bucket,
  { clock, output }: Context,
): Promise<Map<string, string>> {
  const { store, runner } = opened;
  const { holderIsGone } = await import("../../bucket/process.ts");
  const { keptInTrouble, troubleFor } = await import("../../runner/local/kept.ts");
  const texts = new Map<string, string>();
  const { documents } = opened.settings.runner === "local" ? await runner() : {};
  const look = { store, clock, isGone: holderIsGone };
  for await (const kept of documents ? keptInTrouble(documents, look) : []) {
    const { collection_id: id, state } = kept;
    const what = state === "ended" ? "ended" : "restarting";
    texts.set(id, ` (${what} ${troubleText(troubleFor(kept), id)})`);
  }
  const { listFailing, failingText } = await import("./failing.ts");
  for (const one of await listFailing(opened, output)) {
    texts.set(one.collectionId, ` (${failingText(one)})`);
  }
  return texts;
}

/** Number of collections whose last harvests are read concurrently. */
const WIDTH = 8;

/** Returns, by id, a text for collections whose last harvest removed users. */
export async function removalTexts(
  { store }: Pick<Bucket, "store">,
  ids: string[],
): Promise<Map<string, string>> {
  const { readLastHarvest } = await import("../../bucket/last_harvest.ts");
  const { removedText } = await import("./harvest_text.ts");
  const texts = new Map<string, string>();
  const look = async (id: string) => {
    // `verify` reports damage.
    const last = await readLastHarvest(store, id).catch(ifOurs(null));
    const { removed_users: users = [] } = last?.info ?? {};
    if (users.length === 0) return;
    const how = `\`twarc-cloud harvest last ${lastWord(id)}\``;
    texts.set(
      id,
      ` (its last harvest removed: ${removedText(users)}; how to keep such users: ${how})`,
    );
  };
  for (let start = 0; start < ids.length; start += WIDTH) {
    await Promise.all(ids.slice(start, start + WIDTH).map(look));
  }
  return texts;
}
