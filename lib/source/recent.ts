/** The ids of the tweets that came last. */

import { isOlder } from "../twitter/bytes/ids.ts";
import { LastIds } from "./last_ids.ts";

/** Ids that are remembered, so that a tweet that is sent again is known. */
const REMEMBERED = 20_000;

/** Ids, of which the oldest are forgotten when they become too many. */
export class Recent {
  /** The highest of all; ids are times. */
  highest: string | undefined;
  readonly #ids = new LastIds(REMEMBERED);

  constructor(ids: string[]) {
    for (const id of ids) this.add(id);
  }

  /** Whether it is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    if (this.highest === undefined || isOlder(this.highest, id)) this.highest = id;
    this.#ids.add(id);
    return true;
  }

  /** Those that came last, oldest first. */
  newest(count: number): string[] {
    return this.#ids.newest(count);
  }
}
