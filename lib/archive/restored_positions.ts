/** Rebuilds the positions of walks from their tweets, for a lost checkpoint. */

import { userWalk } from "../collection/walks.ts";
import { isObject, type JsonObject } from "../base/json.ts";
import { parseTweetLine } from "../format/tweets.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import type { Plan, WalkSpan } from "../collection/types/rules.ts";
import { traitsFor } from "../collection/types/traits.ts";
import { idTime, isOlder, readIds } from "../twitter/bytes/ids.ts";

/** Number of a stream's last tweet ids that its next harvest knows, to skip repeated ones. */
const LAST = 1_000;

/** Ids that harvests' files contain, by walk. Memory grows with walks, not with tweets. */
export class Brought {
  readonly #plan: Plan;
  /** Whether the next harvest needs the last tweets' ids. */
  readonly #keepsLast: boolean;
  readonly #isWanted: (walk: string) => boolean;
  readonly #spans = new Map<string, WalkSpan>();
  #last: string[] = [];

  /** @param isWanted Selects walks that may be unfinished; all by default. */
  constructor(config: CollectionConfig, isWanted: (walk: string) => boolean = () => true) {
    this.#plan = planFor(config);
    this.#keepsLast = !traitsFor(config.type).canBeAskedAgain;
    this.#isWanted = isWanted;
  }

  /** Adds a line of tweets. */
  addLine(line: Uint8Array): void {
    const walk = walkOfLine(this.#plan, line);
    for (const id of readIds(line)) this.addId(walk, id);
  }

  /** Adds an id that a walk requested or collected. */
  addId(walk: string | null, id: string): void {
    if (walk === null || !this.#isWanted(walk)) return;
    const since = this.#plan.sinceId(walk);
    if (since !== undefined && !isOlder(since, id)) return;
    this.#widen(walk, { newest: id, oldest: id, tweets: 1 });
    if (!this.#keepsLast) return;
    this.#last.push(id);
    if (this.#last.length > 2 * LAST) this.#last = this.#last.slice(-LAST);
  }

  /** Adds the ids of other files. */
  add(other: Brought): void {
    for (const [walk, span] of other.#spans) this.#widen(walk, span);
    this.#last = [...this.#last, ...other.#last].slice(-LAST);
  }

  /** Whether it has as many last ids as a stream's next harvest is given. */
  get hasAllLast(): boolean {
    return this.#last.length >= LAST;
  }

  #widen(walk: string, { newest, oldest, tweets }: WalkSpan): void {
    const span = this.#spans.get(walk);
    this.#spans.set(walk, {
      newest: span && isOlder(newest, span.newest) ? span.newest : newest,
      oldest: span && isOlder(span.oldest, oldest) ? span.oldest : oldest,
      tweets: tweets + (span?.tweets ?? 0),
    });
  }

  /**
   * Returns the positions of walks that may be unfinished. A finished one that the configuration does not know of finds
   * nothing more below.
   */
  positions(): JsonObject {
    const found = [...this.#spans].flatMap(([walk, span]) => {
      const position = this.#plan.position?.(walk, span);
      return position === undefined ? [] : [[walk, position]];
    });
    return Object.fromEntries(found);
  }

  /**
   * Returns a stream's position.
   * @param began When its harvest began, in milliseconds since 1970, for one without tweets.
   * @param isStopped Whether it was stopped in good order, so that nothing is missing after it.
   */
  stream(began: number, isStopped: boolean): JsonObject {
    const { walk = "" } = this.#plan;
    const span = this.#spans.get(walk);
    const at = span ? Math.max(idTime(span.newest), began) : began;
    return { [walk]: { at, ids: this.#last.slice(-LAST), ...(isStopped ? { isStopped } : {}) } };
  }
}

/** Returns the walk that a line belongs to; null if unknown, or no longer in the configuration. */
export function walkOfLine({ walk, reading }: Plan, line: Uint8Array): string | null {
  if (walk !== undefined) return walk;
  const author = findAuthor(line);
  const isKnown = reading.kind === "timelines" && Object.hasOwn(reading.users, author ?? "");
  return isKnown && author !== null ? userWalk(author) : null;
}

/** Returns the author of a line's tweets; a line of version 2 is a page of one user's timeline. */
function findAuthor(line: Uint8Array): string | null {
  const { api, tweets: [first] } = parseTweetLine(line);
  const user = first?.json.user;
  const author = api === "2" ? first?.json.author_id : isObject(user) ? user.id_str : undefined;
  return typeof author === "string" ? author : null;
}
