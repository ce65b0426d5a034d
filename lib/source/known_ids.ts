/** Which tweets a walk has recorded, in flat memory: pages may overlap, come again, or be out of order. */

import { isOlder } from "../twitter/bytes/ids.ts";
import { LastIds } from "./last_ids.ts";

/** Ids that are remembered one by one: more than any timeline has. */
const REMEMBERED = 5_000;

/** The ids that a walk has recorded. */
export class KnownIds {
  /** The newest id of the walk: what is above it is for the next one. */
  #newest: string | undefined;
  /** Everything from this id on counts as known: it was recorded too long ago to be remembered. */
  #from: string | undefined;
  readonly #ids = new LastIds(REMEMBERED);

  /** @param position Where the walk stands: what a harvest before recorded. */
  constructor({ newest, oldest }: { newest?: string | undefined; oldest?: string | undefined }) {
    this.#newest = newest;
    // A span that is searched has an end, and nothing recorded, before its first page.
    if (newest !== undefined) this.#from = oldest;
  }

  /** Whether the walk has still to record a tweet. */
  isWanted = (id: string): boolean => {
    if (this.#ids.has(id)) return false;
    if (this.#newest !== undefined && isOlder(this.#newest, id)) return false;
    return this.#from === undefined || isOlder(id, this.#from);
  };

  /** Takes in the ids of a page that is recorded. */
  add(ids: string[], newest: string | undefined): void {
    this.#newest ??= newest;
    for (const id of ids) {
      const forgotten = this.#ids.has(id) ? undefined : this.#ids.add(id);
      if (forgotten === undefined) continue;
      if (this.#from === undefined || isOlder(forgotten, this.#from)) this.#from = forgotten;
    }
  }
}
