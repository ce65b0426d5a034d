/** What a stream sent, when and to which harvest; and what of it may be missing afterwards. */

import type { StoreTrouble } from "./plan.ts";

/** What is allowed besides the flush, in milliseconds: for a commit, and for what was on its way. */
const COMMIT_MS = 3_000;

/** A harvest as far as its stream goes. */
export class StreamHarvest {
  /** When it was killed or paused, by `performance.now()`. */
  cutAt: number | undefined;
  /** Set when nothing more is to be sent to it. */
  isQuiet = false;
  /** Set when its store misbehaved: a flush may have waited for as long. */
  storeTrouble: StoreTrouble | undefined;
  readonly flushMs: number;
  /** Tweets after which it ends by itself. */
  readonly most: number;
  readonly #sent = new Map<string, number>();

  constructor({ flushMs, most = Infinity }: { flushMs: number; most?: number }) {
    this.flushMs = flushMs;
    this.most = most;
  }

  /** Notes that a tweet went out to it, now. */
  note(id: string): void {
    this.#sent.set(id, performance.now());
  }

  /** Its tweets that are missing, and whether each may be. */
  missing(isThere: (id: string) => boolean, isOld: (id: string) => boolean): Missing[] {
    const fresh = [...this.#sent.keys()].filter((id) => !isOld(id));
    const beyond = new Set(fresh.slice(this.most));
    return [...this.#sent].filter(([id]) => !isThere(id)).map(([id, at]) => {
      const age = this.cutAt === undefined ? undefined : this.cutAt - at;
      const isInFlight = age !== undefined && age <= this.#allowance();
      return { id, age, why: beyond.has(id) ? "beyond" : isInFlight ? "in flight" : "lost" };
    });
  }

  /** Whether a tweet was sent to it. */
  has(id: string): boolean {
    return this.#sent.has(id);
  }

  #allowance(): number {
    const { kind, span } = this.storeTrouble ?? {};
    if (kind === undefined || span === undefined) return this.flushMs + COMMIT_MS;
    // The SDK's pauses between tries come on top.
    const away = kind === "gone" || kind.startsWith("stalled") ? 2 * span : 0;
    return this.flushMs + COMMIT_MS + away + 10_000;
  }
}

/** A tweet that was sent and is not there. */
export interface Missing {
  id: string;
  /** How long before the cut it was sent, in milliseconds. */
  age: number | undefined;
  /** `beyond` what was wanted; `in flight` when the harvester was cut off; or `lost`. */
  why: "beyond" | "in flight" | "lost";
}

/** What one cut of a stream cost. */
export interface Cut {
  flushSecs: number;
  tweets: number;
  /** How long before the cut the oldest of them was sent. */
  seconds: number;
  isStoreTroubled: boolean;
}

/** Tweets that are lost, and what each cut cost. */
export function accountOf(
  harvests: StreamHarvest[],
  isThere: (id: string) => boolean,
): { lost: string[]; cuts: Cut[] } {
  const lost: string[] = [];
  const cuts: Cut[] = [];
  for (const [n, harvest] of harvests.entries()) {
    const before = harvests.slice(0, n);
    const missing = harvest.missing(isThere, (id) => before.some((one) => one.has(id)));
    for (const { id, why, age } of missing) {
      if (why === "lost") {
        lost.push(
          `${id} of harvest ${n + 1}${
            age === undefined ? "" : `, ${Math.round(age)} ms before the cut`
          }`,
        );
      }
    }
    if (harvest.cutAt === undefined) continue;
    const inFlight = missing.filter(({ why }) => why === "in flight");
    cuts.push({
      flushSecs: harvest.flushMs / 1_000,
      tweets: inFlight.length,
      seconds: Math.max(0, ...inFlight.map(({ age = 0 }) => age / 1_000)),
      isStoreTroubled: harvest.storeTrouble !== undefined,
    });
  }
  return { lost, cuts };
}
