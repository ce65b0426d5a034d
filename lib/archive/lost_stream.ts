/** Finds the gaps that damaged files leave in a stream: from the last tweets before to the first ones after. */

import { harvestTime } from "../collection/layout.ts";
import type { RecordedGap } from "../bucket/gaps.ts";
import { idTime, isOlder, timeId } from "../twitter/bytes/ids.ts";
import { type FillOptions, Fills, type Lost, type StreamHarvest } from "./lost_fills.ts";
import { DAMAGED, type LostFinder } from "./lost_finder.ts";
import { LostSpans } from "./lost_spans.ts";

/** Tweets of each side of a damage that show where it begins and ends. */
const SIDE = 1_000;
/** Milliseconds that tweets of a stream may be late, so that they may be in the damaged part. */
const LATE_MS = 60_000;
const MINUTE_MS = 60_000;

/** A damage, with what came before and after it. */
interface Damage {
  /** Of the damaged harvests without an intact tweet between them, oldest first. */
  folders: string[];
  /** The id from which on tweets are missing, by what came before; and whether that was in the same harvest. */
  sinceId: string | undefined;
  isWithin: boolean;
  after: { count: number; oldest: string; newest: string } | undefined;
}

/** Options of LostOfStream. */
export interface LostStreamOptions extends FillOptions {
  /** In milliseconds since 1970. */
  now: number;
  /** Milliseconds that its tweets may be late. */
  lateMs: number;
  /** The folders of damaged harvests, oldest first. */
  damaged: string[];
}

/** Returns how late tweets of a stream may be, in milliseconds, where each connection begins with earlier ones. */
export function maxLateness({ backfillMinutes = 0 }: { backfillMinutes?: number }): number {
  return LATE_MS + backfillMinutes * MINUTE_MS;
}

/**
 * Returns the harvests from one on, with those before it whose tweets came so shortly before that later ones may be
 * older.
 */
function harvestsAround(harvests: StreamHarvest[], nth: number, lateMs: number): StreamHarvest[] {
  const first = harvests[nth];
  if (!first) return [];
  const earliest = collectedSpan(first, Infinity).from - lateMs;
  const before = harvests.slice(0, nth).findLastIndex((harvest) =>
    collectedSpan(harvest, Infinity).to < earliest
  );
  return harvests.slice(before + 1);
}

/** Finds what a damage took of a stream. */
export class LostOfStream implements LostFinder {
  readonly #options: LostStreamOptions;
  readonly #fills: Fills;
  readonly #infos: Map<string, StreamHarvest>;
  readonly #damages: Damage[] = [];
  /** Those of which what came after is not known yet. */
  #open: Damage[] = [];
  #folder = "";
  /** Whether a tweet of the current harvest was read. */
  #hasBegun = false;
  #last: string[] = [];

  private constructor(options: LostStreamOptions, fills: Fills) {
    this.#options = options;
    this.#fills = fills;
    this.#infos = new Map(options.harvests.map((harvest) => [harvest.folder, harvest]));
  }

  /** The folders of the harvests that it has to read. */
  get folders(): Set<string> {
    const { harvests, damaged, lateMs } = this.#options;
    const begin = [this.#fills.firstBeside(damaged), damaged[0]].flatMap((one) => one ?? []);
    const nth = harvests.findIndex(({ folder }) => begin.some((one) => one <= folder));
    return new Set(harvestsAround(harvests, nth, lateMs).map(({ folder }) => folder));
  }

  /** Opens it for all harvests of a collection. @throws UserError if a file is damaged; OutsideError */
  static async open(options: LostStreamOptions): Promise<LostOfStream> {
    return new LostOfStream(options, await Fills.open(options));
  }

  begin(folder: string): Promise<void> {
    this.#folder = folder;
    this.#hasBegun = false;
    this.#fills.begin(folder);
    return Promise.resolve();
  }

  line(line: Uint8Array): void {
    for (const id of this.#fills.takeFrom(line)) this.#add(id);
  }

  #add(id: string): void {
    this.#hasBegun = true;
    this.#last.push(id);
    if (this.#last.length > 2 * SIDE) this.#last = this.#last.slice(-SIDE);
    if (this.#open.length === 0) return;
    for (const damage of this.#open) {
      const { count = 0, oldest = id, newest = id } = damage.after ?? {};
      damage.after = {
        count: count + 1,
        oldest: isOlder(id, oldest) ? id : oldest,
        newest: isOlder(newest, id) ? id : newest,
      };
    }
    this.#open = this.#open.filter(({ after }) => after === undefined || after.count < SIDE);
  }

  noteDamage(): void {
    const damage = this.#damageHere();
    this.#fills.noteDamage(this.#folder, () => this.#findUntil(damage, this.#folder));
  }

  /** Returns the damage that goes on, or a new one. */
  #damageHere(): Damage {
    const last = this.#damages.at(-1);
    if (last && last.after === undefined) {
      if (last.folders.at(-1) !== this.#folder) last.folders.push(this.#folder);
      return last;
    }
    const damage = {
      folders: [this.#folder],
      sinceId: this.#sinceId(),
      isWithin: this.#hasBegun,
      after: undefined,
    };
    this.#damages.push(damage);
    this.#open.push(damage);
    return damage;
  }

  /** Returns the id from which on later tweets may be missing. */
  #sinceId(): string | undefined {
    const before = this.#last.slice(-SIDE);
    const [first] = before;
    if (first === undefined) return undefined;
    const newest = before.reduce((high, id) => isOlder(high, id) ? id : high, first);
    const late = timeId(idTime(newest) - this.#options.lateMs);
    const oldest = before.reduce((low, id) => isOlder(id, low) ? id : low, first);
    return before.length === SIDE && isOlder(late, oldest) ? oldest : late;
  }

  async finish(
    readAgain: (take: (line: Uint8Array) => void) => Promise<void>,
  ): Promise<{ folder: string; gap: RecordedGap }[]> {
    const spans = [
      ...this.#damages.flatMap((one) => this.#listSpans(one)),
      ...this.#fills.finish(),
    ];
    const lost = await new LostSpans(spans, this.#fills.recorded).lost(readAgain);
    return lost.map(({ folder, sinceId, untilId, known }) => ({
      folder,
      gap: {
        from: idTime(sinceId),
        to: idTime(untilId),
        why: DAMAGED,
        since_id: sinceId,
        until_id: untilId,
        lost: true,
        known,
      },
    }));
  }

  /** Returns what a damage took: all but the silence between its harvests. */
  #listSpans(damage: Damage): Lost[] {
    return damage.folders.flatMap((folder, i): Lost[] => {
      const begun = timeId(this.#coverageFor(folder).from - this.#options.lateMs);
      const { sinceId: before, isWithin = false } = i === 0 ? damage : {};
      const sinceId = before !== undefined && (isWithin || isOlder(begun, before)) ? before : begun;
      const untilId = i < damage.folders.length - 1
        ? above(this.#coverageFor(folder).to)
        : this.#findUntil(damage, folder);
      return isOlder(sinceId, untilId) ? [{ folder, sinceId, untilId }] : [];
    });
  }

  /** @param folder Of the last damaged harvest: its tweets came before its end. */
  #findUntil({ after }: Damage, folder: string): string {
    const end = above(this.#coverageFor(folder).to);
    if (after === undefined) return end;
    const { count, oldest, newest } = after;
    const late = timeId(idTime(oldest) + this.#options.lateMs);
    const until = count === SIDE && isOlder(newest, late) ? newest : late;
    return isOlder(end, until) ? end : until;
  }

  #coverageFor(folder: string): { from: number; to: number } {
    return collectedSpan(this.#infos.get(folder) ?? { folder, info: null }, this.#options.now);
  }
}

/** Returns the span in which a harvest collected, as far as known; in milliseconds since 1970. */
function collectedSpan(
  { folder, info }: StreamHarvest,
  now: number,
): { from: number; to: number } {
  const ends = [info?.harvest_end_timestamp, info?.covered?.to].flatMap((end) =>
    end === undefined ? [] : [Date.parse(end)]
  );
  return {
    from: info?.covered ? Date.parse(info.covered.from) : harvestTime(folder),
    to: ends.length > 0 ? Math.max(...ends) : now,
  };
}

/** Returns the first id above all tweets of a time, in milliseconds since 1970. */
function above(ms: number): string {
  return timeId(ms + 1);
}
