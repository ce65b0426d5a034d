/**
 * The words in which version 2 is asked. X's own documents say "post" where they said "tweet" before (OpenAPI
 * 2.167, August 2026); the API takes both, and answers in the words that it was asked in.
 */

import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../base/errors.ts";
import type { Words } from "../../base/api_fields.ts";
import { isListOfNames, refusedIn } from "../refused_names.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** A name by which something is asked for: the parameter that it stands in, and the name. */
interface Asked {
  parameter: string;
  name: string;
}

/** What the API did not take, so that it is not asked for any more. */
export interface LeftOut {
  parameter: string;
  /** A field or an expansion; absent where the parameter as a whole is not taken. */
  name?: string;
  /** What is asked for in its place, where there is something. */
  instead?: string;
}

const [OLD, NEW] = ["tweet.fields", "post.fields"] as const;

/**
 * What X's document calls a name now. Some fields have become expansions, which bring the field as well; null for
 * what is not there any more.
 */
const NEW_NAMES: Record<string, Record<string, Asked | null>> = {
  [OLD]: {
    author_id: { parameter: "expansions", name: "author_id" },
    edit_history_tweet_ids: { parameter: "expansions", name: "edit_history_post_ids" },
    in_reply_to_user_id: { parameter: "expansions", name: "in_reply_to_user_id" },
    note_tweet: { parameter: OLD, name: "note_post" },
    referenced_tweets: { parameter: "expansions", name: "referenced_posts" },
  },
  expansions: {
    edit_history_tweet_ids: { parameter: "expansions", name: "edit_history_post_ids" },
    "referenced_tweets.id": { parameter: "expansions", name: "referenced_posts" },
    "referenced_tweets.id.attachments.media_keys": {
      parameter: "expansions",
      name: "referenced_posts.id.attachments.media_keys",
    },
    "referenced_tweets.id.author_id": {
      parameter: "expansions",
      name: "referenced_posts.id.author_id",
    },
  },
  "user.fields": { most_recent_tweet_id: null, pinned_tweet_id: null },
};

type Parameters = Record<string, string>;

/** Asks in one kind of words, and leaves out what the API says that it does not know. */
export class Wording {
  readonly #words: Words;
  /** Names that were refused, by the parameter that they stood in. */
  readonly #names = new Map<string, Set<string>>();
  /** Parameters that were refused as a whole. */
  readonly #parameters = new Set<string>();
  readonly #leftOut: LeftOut[] = [];

  constructor(words: Words = "tweet") {
    this.#words = words;
  }

  /** What the API did not take so far. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /**
   * Returns what `send` gives for parameters, which are in the old words. Where the API refuses a field or an expansion by
   * its name, it is asked again without that one: once for each name, which is not asked for any more.
   * @throws what `send` throws for any other reason.
   */
  async ask<T>(parameters: Parameters, send: (worded: Parameters) => Promise<T>): Promise<T> {
    for (;;) {
      const worded = this.worded(parameters);
      try {
        return await send(worded);
      } catch (error) {
        const isRefusal = error instanceof ApiError && error.status === 400;
        const refused = isRefusal ? refusedIn(error.said, worded) : [];
        if (refused.length === 0) throw error;
        for (const one of refused) this.#leaveOut(one);
      }
    }
  }

  /** Parameters in the words that the API takes. */
  worded(parameters: Parameters): Parameters {
    const lists = new Map<string, Set<string>>();
    for (const [parameter, text] of Object.entries(parameters)) {
      if (!isListOfNames(parameter)) continue;
      if (!lists.has(parameter)) lists.set(parameter, new Set());
      for (const name of text.split(",")) {
        const asked = this.#nameOf({ parameter, name });
        if (!asked) continue;
        const list = lists.get(asked.parameter) ?? new Set();
        lists.set(asked.parameter, list.add(asked.name));
      }
    }
    const others = Object.entries(parameters).filter(([name]) => !isListOfNames(name));
    const asked = [...lists].filter(([, names]) => names.size > 0)
      .map(([parameter, names]) => [this.#parameterOf(parameter), [...names].join(",")] as const)
      .filter(([parameter]) => !this.#parameters.has(parameter));
    return Object.fromEntries([...others, ...asked]);
  }

  /** Returns the name by which something is asked for; null where it is not. */
  #nameOf(old: Asked): Asked | null {
    const renamed = NEW_NAMES[old.parameter]?.[old.name];
    const isNew = this.hasNewWords ? renamed !== undefined : this.#isRefused(old);
    const asked = isNew ? renamed ?? null : old;
    return asked === null || this.#isRefused(asked) ? null : asked;
  }

  #isRefused({ parameter, name }: Asked): boolean {
    return this.#names.get(parameter)?.has(name) ?? false;
  }

  /** Whether it asks in the new words. */
  get hasNewWords(): boolean {
    const [wanted, other] = this.#words === "post" ? [NEW, OLD] : [OLD, NEW];
    const isOther = this.#parameters.has(wanted) && !this.#parameters.has(other);
    return (this.#words === "post") !== isOther;
  }

  #parameterOf(parameter: string): string {
    return parameter === OLD && this.hasNewWords ? NEW : parameter;
  }

  #leaveOut({ parameter: told, name }: { parameter: string; name?: string }): void {
    const parameter = told === NEW && name !== undefined ? OLD : told;
    const known = name === undefined ? this.#parameters : this.#names.get(parameter) ?? new Set();
    const refused = name ?? parameter;
    if (known.has(refused)) return;
    known.add(refused);
    if (name !== undefined) this.#names.set(parameter, known);
    const instead = this.#insteadOf(parameter, name);
    const what = name === undefined ? told : `${name} of ${told}`;
    if (instead === undefined) log.warn("The API does not take {what}: it is left out", { what });
    else {log.warn("The API does not take {what}: {instead} is asked for instead", {
        what,
        instead,
      });}
    this.#leftOut.push({
      parameter: told,
      ...(name === undefined ? {} : { name }),
      ...(instead === undefined ? {} : { instead }),
    });
  }

  #insteadOf(parameter: string, name: string | undefined): string | undefined {
    if (name !== undefined) return this.#nameOf({ parameter, name })?.name;
    const other = parameter === OLD ? NEW : parameter === NEW ? OLD : undefined;
    return other !== undefined && !this.#parameters.has(other) ? other : undefined;
  }
}
