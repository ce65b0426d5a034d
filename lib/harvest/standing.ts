/** Where the walks of a harvest stand, those of users packed: there may be a hundred thousand. */

import { Packed, type PackedCut } from "../base/packed.ts";
import { userOfWalk } from "../collection/walks.ts";
import { type LaterPosition, type Position, positionOf, type Positions } from "../source/source.ts";

/** The positions of walks. */
export class Standing {
  readonly #few: Record<string, Position | LaterPosition> = {};
  readonly #ofUsers = new Packed<Position>();

  constructor(positions: Positions = {}) {
    for (const [walk, position] of Object.entries(positions)) this.set(walk, position);
  }

  /** How many walks have a position. */
  get size(): number {
    return Object.keys(this.#few).length + this.#ofUsers.size;
  }

  /** Where a walk stands; undefined where it was not begun. */
  get(walk: string): Position | LaterPosition | undefined {
    if (isOfUser(walk)) return this.#ofUsers.get(walk);
    return Object.hasOwn(this.#few, walk) ? this.#few[walk] : undefined;
  }

  /** Takes in where a walk stands. */
  set(walk: string, position: Position | LaterPosition): void {
    if (isOfUser(walk)) this.#ofUsers.set(walk, positionOf(position));
    else this.#few[walk] = position;
  }

  /** Whether all walks stand as `holds` wants it. */
  every(holds: (walk: string, position: Position) => boolean): boolean {
    for (const [walk, position] of this.#ofUsers) if (!holds(walk, position)) return false;
    return Object.entries(this.#madeFew()).every(([walk, position]) => holds(walk, position));
  }

  /** Where they stand now, whatever comes later: those of users, and all others. */
  cut(): { few: Positions; ofUsers: PackedCut<Position> } {
    return { few: this.#madeFew(), ofUsers: this.#ofUsers.cut() };
  }

  #madeFew(): Positions {
    const few = Object.entries(this.#few);
    return Object.fromEntries(few.map(([walk, position]) => [walk, positionOf(position)]));
  }
}

function isOfUser(walk: string): boolean {
  return userOfWalk(walk) !== undefined;
}
