/** The counts of a file's tweets: from the bytes of lines, where these are as the API sends them. */

import { AnswerTally } from "./answer_tally.ts";
import { toCommon } from "./common.ts";
import type { Post } from "./post.ts";
import { StatusTally } from "./status_tally.ts";
import type { Tally } from "./tally.ts";
import { TallyCounters } from "./tally_counters.ts";

/** Counts the tweets of a file. */
export class FileTally {
  readonly #counters = new TallyCounters();
  readonly #answers = new AnswerTally();
  readonly #statuses = new StatusTally();

  /** Counts a tweet. Hashtags, links and media of a retweet are those of the tweet that it repeats. */
  count(post: Post): void {
    this.#counters.next();
    const way = post.line.api === "2" ? this.#answers : this.#statuses;
    if (way.count(post, this.#counters)) return;
    this.#counters.addCommon(toCommon(post, { merge: true }));
  }

  /** Returns all counts. */
  toTally(): Tally {
    return this.#counters.toTally();
  }
}
