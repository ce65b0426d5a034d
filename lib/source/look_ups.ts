/** Look-ups of users by their ids, in which a refused user does not cost the others of a call. */

import { getLogger } from "@logtape/logtape";
import { chunks } from "../base/chunks.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import type { TwitterApi, UserAnswer } from "../twitter/api.ts";
import { MAX_REFUSED, mayBeOfOne } from "../twitter/refused_batch.ts";
import { LOOKUP_SIZE } from "../twitter/v2/sizes.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The look-ups of one harvest. */
export class LookUps {
  readonly #api: Pick<TwitterApi, "users">;
  #hasAnswered = false;
  /** Refusals since the last response. */
  #refused = 0;

  constructor(api: Pick<TwitterApi, "users">) {
    this.#api = api;
  }

  /**
   * Yields the answers for users; none for one whom the API refuses.
   * @throws the API's errors that concern all users.
   */
  async *of(ids: Iterable<string>, signal: AbortSignal): AsyncGenerator<UserAnswer[]> {
    for (const some of chunks(ids, LOOKUP_SIZE)) yield* this.#lookUpHalves(some, signal);
  }

  /** Requests users; where they are refused together, the halves, down to the refused one. */
  async *#lookUpHalves(ids: string[], signal: AbortSignal): AsyncGenerator<UserAnswer[]> {
    try {
      const answers = await Array.fromAsync(this.#api.users("id", ids, signal));
      this.#hasAnswered = true;
      this.#refused = 0;
      yield answers.flat();
      return;
    } catch (error) {
      // Keys that were never accepted may be invalid.
      const isOfKeys = error instanceof UserError && !this.#hasAnswered;
      if (isOfKeys || !mayBeOfOne(error) || ++this.#refused > MAX_REFUSED) throw error;
      if (ids.length === 1) {
        const [id] = ids;
        log.warn("User {id} could not be looked up: {problem}", {
          id,
          problem: errorMessage(error),
        });
        return;
      }
    }
    const half = Math.ceil(ids.length / 2);
    for (const some of [ids.slice(0, half), ids.slice(half)]) {
      yield* this.#lookUpHalves(some, signal);
    }
  }
}
