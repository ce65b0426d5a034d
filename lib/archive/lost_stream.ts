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
  /** Of the damaged harvests without an intact tweet between them, oldest first. */
  folders: string[];
  before: string[];
  after: string[];
}

/** A span that was lost, by the ids around it. */
interface Lost {
  folder: string;
  sinceId: string;
  untilId: string;
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

  noteDamage(): void {
    const last = this.#damages.at(-1);
    if (last?.after.length === 0) {
      if (last.folders.at(-1) !== this.#folder) last.folders.push(this.#folder);
      return;
    }
    this.#damages.push({
      folders: [this.#folder],
      before: this.#last.slice(-SIDE),
      after: [],
    });
  }

  async finish(): Promise<{ folder: string; gap: RecordedGap }[]> {
    const spans: Lost[] = [];
    for (const damage of this.#damages) {
      for (const span of await this.#spansOf(damage)) spans.push(span);
    }
    const intact = new Set(this.#damages.flatMap(({ before, after }) => [...before, ...after]));
    const found: { folder: string; gap: RecordedGap }[] = [];
    for (const { folder, ...span } of joinLosses(spans)) {
      const recorded = await gapsIn(this.#store, `${folder}${FILES.gaps}`);
      const lost = recorded.filter((gap) => gap.lost);
      for (const { sinceId = "0", untilId } of lackingIn({ ...span, ...NOWHERE }, lost)) {
        found.push({
          folder,
          gap: {
            from: idTime(sinceId),
            to: idTime(untilId),
            why: DAMAGED,
            since_id: sinceId,
            until_id: untilId,
            lost: true,
            known: [...intact].filter((id) => isOlder(sinceId, id) && isOlder(id, untilId)),
          },
        });
      }
    }
    return found;
  }

  /** Returns what a damage took: all but the silence between its harvests. */
  async #spansOf(damage: Damage): Promise<Lost[]> {
    const spans: Lost[] = [];
    let sinceId = sinceOf(damage);
    for (const [i, folder] of damage.folders.entries()) {
      const next = damage.folders[i + 1];
      const untilId = next === undefined
        ? await this.#untilOf(damage, folder)
        : above((await this.#coverageOf(folder)).to);
      if (isOlder(sinceId, untilId)) spans.push({ folder, sinceId, untilId });
      if (next !== undefined) sinceId = timeId((await this.#coverageOf(next)).from - LATE_MS);
    }
    return spans;
  }

  /** @param folder Of the last damaged harvest: its tweets came before its end. */
  async #untilOf({ after }: Damage, folder: string): Promise<string> {
    const end = above((await this.#coverageOf(folder)).to);
    if (after.length === 0) return end;
    const oldest = after.reduce((low, id) => isOlder(id, low) ? id : low);
    const late = timeId(idTime(oldest) + LATE_MS);
    const newest = after.reduce((high, id) => isOlder(high, id) ? id : high);
    const until = after.length === SIDE && isOlder(newest, late) ? newest : late;
    return isOlder(end, until) ? end : until;
  }

  /** Returns the span in which a harvest collected, as far as known; in milliseconds since 1970. */
  async #coverageOf(folder: string): Promise<{ from: number; to: number }> {
    const found = await this.#store.get(`${folder}${FILES.harvest}`);
    const json = jsonOrNull(found?.bytes);
    const info = harvestInfoSchema.safeParse(json).data;
    const ends = [info?.harvest_end_timestamp, info?.covered?.to].flatMap((end) =>
      end === undefined ? [] : [Date.parse(end)]
    );
    return {
      from: info?.covered ? Date.parse(info.covered.from) : harvestTime(folder),
      to: ends.length > 0 ? Math.max(...ends) : this.#now,
    };
  }
}

/** Returns the first id above all tweets of a time, in milliseconds since 1970. */
function above(ms: number): string {
  return timeId(ms + 1);
}

/** Returns spans in order, with those that overlap joined: each tweet is requested once. */
function joinLosses(spans: Lost[]): Lost[] {
  const all: Lost[] = [];
  for (const span of spans.toSorted((a, b) => isOlder(a.sinceId, b.sinceId) ? -1 : 1)) {
    const last = all.at(-1);
    if (!last || !isOlder(span.sinceId, last.untilId)) all.push({ ...span });
    else if (isOlder(last.untilId, span.untilId)) last.untilId = span.untilId;
  }
  return all;
}

const NOWHERE = { folder: "", walk: "", newer: 0 };

function sinceOf({ folders: [folder = ""], before }: Damage): string {
  if (before.length === 0) return timeId(harvestTime(folder));
  const newest = before.reduce((high, id) => isOlder(high, id) ? id : high);
  const late = timeId(idTime(newest) - LATE_MS);
  const oldest = before.reduce((low, id) => isOlder(id, low) ? id : low);
  return before.length === SIDE && isOlder(late, oldest) ? oldest : late;
}
