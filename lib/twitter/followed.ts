/** Protected timelines: the app may not read them, but the owner of the keys may, as a follower. */

import type { Page, TimelineState } from "./api.ts";
import type { SignedAs } from "./http/signer.ts";
import type { Transport } from "./http/transport.ts";

/**
 * Requests timelines as the app, whose limit is better, and protected ones as the user, where these are to be
 * collected.
 */
export class Followed {
  readonly #transport: Pick<Transport, "can">;
  readonly #isProtectedWanted: boolean;
  /** The users whose timelines the app may not read. */
  readonly #asUser = new Set<string>();

  constructor(transport: Pick<Transport, "can">, isProtectedWanted: boolean) {
    this.#transport = transport;
    this.#isProtectedWanted = isProtectedWanted;
  }

  /** Returns the result of `ask` for a page of a user's timeline. */
  async ask<T extends Page>(
    userId: string,
    ask: (as: readonly SignedAs[]) => Promise<T | TimelineState>,
  ): Promise<T | TimelineState> {
    if (this.#asUser.has(userId)) return await ask(["user"]);
    const asApp = this.#transport.can("app");
    const answer = await ask(["app", "user"]);
    const isRefused = answer === "protected" && this.#isProtectedWanted;
    if (!isRefused || !asApp || !this.#transport.can("user")) return answer;
    this.#asUser.add(userId);
    return await ask(["user"]);
  }
}
