/** The ids that a walk has recorded, in constant memory: pages may overlap, repeat, or be out of order. */

import { isOlder } from "../twitter/bytes/ids.ts";
import { LastIds } from "./last_ids.ts";

/** Ids that are remembered one by one: more than any timeline has. */
const REMEMBERED = 5_000;

/** The ids that a walk has recorded. */
export class KnownIds {
  /** The newest id of the walk: higher ones are for the next one. */
  #newest: string | undefined;
  /** Every id from this one on counts as known: it was recorded too long ago to be remembered. */
  #from: string | undefined;
  readonly #ids = new LastIds(REMEMBERED);

  /** @param position The walk's position: what an earlier harvest recorded. */
  constructor({ newest, oldest }: { newest?: string | undefined; oldest?: string | undefined }) {
    this.#newest = newest;
    // A span that is searched has an end, and nothing recorded, before its first page.
    if (newest !== undefined) this.#from = oldest;
  }

  /** Returns whether the walk has still to record a tweet. */
  isWanted = (id: string): boolean => {
    if (this.#ids.has(id)) return false;
    if (this.#newest !== undefined && isOlder(this.#newest, id)) return false;
    return this.#from === undefined || isOlder(id, this.#from);
  };

  /** Adds the ids of a page that is recorded. */
  add(ids: string[], newest: string | undefined): void {
    this.#newest ??= newest;
    for (const id of ids) {
      const forgotten = this.#ids.has(id) ? undefined : this.#ids.add(id);
      if (forgotten === undefined) continue;
      if (this.#from === undefined || isOlder(forgotten, this.#from)) this.#from = forgotten;
    }
  }
}
