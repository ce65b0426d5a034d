/** Finds the gaps that damaged files leave in a stream: from the last tweets before to the first ones after. */

import { FILES, harvestTime } from "../collection/layout.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { jsonOrNull } from "../base/json.ts";
import { gapsIn, type RecordedGap } from "../bucket/gaps.ts";
import type { Store } from "../store/store.ts";
import { idsIn, idTime, isOlder, timeId } from "../twitter/bytes/ids.ts";
import { filledIn } from "./gap_list.ts";
import { lackingIn } from "./holes.ts";
import { DAMAGED, type LostFinder } from "./lost_finder.ts";

/** Tweets that are remembered on each side of a damage. */
const SIDE = 1_000;
/** Milliseconds that tweets of a stream may be late, so that they may be in the damaged part. */
const LATE_MS = 60_000;

/** A damage, with what came before and after it. */
interface Damage {
  folder: string;
  before: string[];
  after: string[];
}

/** Finds what a damage took of a stream. */
export class LostOfStream implements LostFinder {
  readonly #store: Store;
  readonly #now: number;
  readonly #damages: Damage[] = [];
  #folder = "";
  /** Spans that the current harvest requested again: tweets in them came late. */
  #asked: { since: string; until: string }[] = [];
  #last: string[] = [];

  /** @param now In milliseconds since 1970. */
  constructor(store: Store, now: number) {
    this.#store = store;
    this.#now = now;
  }

  async begin(folder: string): Promise<void> {
    this.#folder = folder;
    this.#asked = (await filledIn(this.#store, folder)).map((span) => ({
      since: span.since_id ?? timeId(span.from),
      until: span.until_id ?? timeId(span.to),
    }));
  }

  line(line: Uint8Array): void {
    for (const id of idsIn(line)) {
      const isLate = this.#asked.some(({ since, until }) =>
        isOlder(since, id) && isOlder(id, until)
      );
      if (!isLate) this.#add(id);
    }
  }

  #add(id: string): void {
    this.#last.push(id);
    if (this.#last.length > 2 * SIDE) this.#last = this.#last.slice(-SIDE);
    for (const { after } of this.#damages) if (after.length < SIDE) after.push(id);
  }

  damaged(): void {
    if (this.#damages.at(-1)?.after.length === 0) return;
    const before = this.#last.slice(-SIDE);
    this.#damages.push({ folder: this.#folder, before, after: [] });
  }

  async finish(): Promise<{ folder: string; gap: RecordedGap }[]> {
    const found: { folder: string; gap: RecordedGap }[] = [];
    for (const damage of this.#damages) {
      const { folder, before, after } = damage;
      const span = { sinceId: sinceOf(damage), untilId: await this.#untilOf(damage) };
      if (!isOlder(span.sinceId, span.untilId)) continue;
      const known = await gapsIn(this.#store, `${folder}${FILES.gaps}`);
      const lost = known.filter((gap) => gap.lost);
      for (const { sinceId = "0", untilId } of lackingIn({ ...span, ...NOWHERE }, lost)) {
        const isIn = (id: string) => isOlder(sinceId, id) && isOlder(id, untilId);
        found.push({
          folder,
          gap: {
            from: idTime(sinceId),
            to: idTime(untilId),
            why: DAMAGED,
            since_id: sinceId,
            until_id: untilId,
            lost: true,
            known: [...before, ...after].filter(isIn),
          },
        });
      }
    }
    return found;
  }

  async #untilOf({ folder, after }: Damage): Promise<string> {
    if (after.length === 0) return timeId(await this.#endOf(folder));
    const oldest = after.reduce((low, id) => isOlder(id, low) ? id : low);
    const late = timeId(idTime(oldest) + LATE_MS);
    const newest = after.reduce((high, id) => isOlder(high, id) ? id : high);
    return after.length === SIDE && isOlder(newest, late) ? newest : late;
  }

  /** Returns when a harvest ended, as far as known. */
  async #endOf(folder: string): Promise<number> {
    const found = await this.#store.get(`${folder}${FILES.harvest}`);
    const json = jsonOrNull(new TextDecoder().decode(found?.bytes));
    const end = harvestInfoSchema.safeParse(json).data?.harvest_end_timestamp;
    return end === undefined ? this.#now : Date.parse(end);
  }
}

const NOWHERE = { folder: "", walk: "", newer: 0 };

function sinceOf({ folder, before }: Damage): string {
  if (before.length === 0) return timeId(harvestTime(folder));
  const newest = before.reduce((high, id) => isOlder(high, id) ? id : high);
  const late = timeId(idTime(newest) - LATE_MS);
  const oldest = before.reduce((low, id) => isOlder(id, low) ? id : low);
  return before.length === SIDE && isOlder(late, oldest) ? oldest : late;
}
