/** The positions of a harvest's walks, those of users packed: there may be a hundred thousand. */

import { Packed, type PackedCut } from "../base/packed.ts";
import { userOfWalk } from "../collection/walks.ts";
import { type LaterPosition, type Position, type Positions, toPosition } from "../source/source.ts";

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

  /** Returns a walk's position; undefined where it was not begun. */
  get(walk: string): Position | LaterPosition | undefined {
    if (isOfUser(walk)) return this.#ofUsers.get(walk);
    return Object.hasOwn(this.#few, walk) ? this.#few[walk] : undefined;
  }

  /** Sets a walk's position. */
  set(walk: string, position: Position | LaterPosition): void {
    if (isOfUser(walk)) this.#ofUsers.set(walk, toPosition(position));
    else this.#few[walk] = position;
  }

  /** Returns whether `holds` is true for all walks. */
  every(holds: (walk: string, position: Position) => boolean): boolean {
    for (const [walk, position] of this.#ofUsers) if (!holds(walk, position)) return false;
    return Object.entries(this.#madeFew()).every(([walk, position]) => holds(walk, position));
  }

  /** Returns the current positions, unaffected by later ones: those of users, and all others. */
  cut(): { few: Positions; ofUsers: PackedCut<Position> } {
    return { few: this.#madeFew(), ofUsers: this.#ofUsers.cut() };
  }

  #madeFew(): Positions {
    const few = Object.entries(this.#few);
    return Object.fromEntries(few.map(([walk, position]) => [walk, toPosition(position)]));
  }
}

function isOfUser(walk: string): boolean {
  return userOfWalk(walk) !== undefined;
}
