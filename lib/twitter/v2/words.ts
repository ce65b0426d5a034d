/**
 * The words of requests of version 2. X's own documents say "post" where they said "tweet" before (OpenAPI 2.167,
 * August 2026); the API accepts both, and responds in the words of the request.
 */

import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../base/errors.ts";
import type { Words } from "../../base/api_fields.ts";
import { findRefused, isListOfNames } from "../refused_names.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** The name of a requested object: its parameter, and the name. */
interface Asked {
  parameter: string;
  name: string;
}

/** A part of requests that the API refused, and that is no longer requested. */
export interface LeftOut {
  parameter: string;
  /** A field or an expansion; absent where the parameter as a whole is refused. */
  name?: string;
  /** The name that is requested instead, if any. */
  instead?: string;
}

const [OLD, NEW] = ["tweet.fields", "post.fields"] as const;

/**
 * The current names in X's document. Some fields have become expansions, which include the field as well; null for
 * removed names.
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

/** Requests in one kind of words, and leaves out names that the API does not know. */
export class Wording {
  readonly #words: Words;
  /** Names that were refused, by their parameter. */
  readonly #names = new Map<string, Set<string>>();
  /** Parameters that were refused as a whole. */
  readonly #parameters = new Set<string>();
  readonly #leftOut: LeftOut[] = [];

  constructor(words: Words = "tweet") {
    this.#words = words;
  }

  /** The parts that the API has refused so far. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /**
   * Returns the result of `send` for parameters, which are in the old words. Where the API refuses a field or an
   * expansion by its name, the request is repeated without that one: once for each name, which is left out from then
   * on.
   * @throws any other error of `send`.
   */
  async ask<T>(parameters: Parameters, send: (worded: Parameters) => Promise<T>): Promise<T> {
    for (;;) {
      const worded = this.inApiWords(parameters);
      try {
        return await send(worded);
      } catch (error) {
        const isRefusal = error instanceof ApiError && error.status === 400;
        const refused = isRefusal ? findRefused(error.said, worded) : [];
        if (refused.length === 0) throw error;
        for (const one of refused) this.#leaveOut(one);
      }
    }
  }

  /** Returns parameters in the words that the API accepts. */
  inApiWords(parameters: Parameters): Parameters {
    const lists = new Map<string, Set<string>>();
    for (const [parameter, text] of Object.entries(parameters)) {
      if (!isListOfNames(parameter)) continue;
      if (!lists.has(parameter)) lists.set(parameter, new Set());
      for (const name of text.split(",")) {
        const asked = this.#nameFor({ parameter, name });
        if (!asked) continue;
        const list = lists.get(asked.parameter) ?? new Set();
        lists.set(asked.parameter, list.add(asked.name));
      }
    }
    const others = Object.entries(parameters).filter(([name]) => !isListOfNames(name));
    const asked = [...lists].filter(([, names]) => names.size > 0)
      .map(([parameter, names]) => [this.#parameterFor(parameter), [...names].join(",")] as const)
      .filter(([parameter]) => !this.#parameters.has(parameter));
    return Object.fromEntries([...others, ...asked]);
  }

  /** Returns the name for a requested object; null where it is left out. */
  #nameFor(old: Asked): Asked | null {
    const renamed = NEW_NAMES[old.parameter]?.[old.name];
    const isNew = this.hasNewWords ? renamed !== undefined : this.#isRefused(old);
    const asked = isNew ? renamed ?? null : old;
    return asked === null || this.#isRefused(asked) ? null : asked;
  }

  #isRefused({ parameter, name }: Asked): boolean {
    return this.#names.get(parameter)?.has(name) ?? false;
  }

  /** Whether it uses the new words. */
  get hasNewWords(): boolean {
    const [wanted, other] = this.#words === "post" ? [NEW, OLD] : [OLD, NEW];
    const isOther = this.#parameters.has(wanted) && !this.#parameters.has(other);
    return (this.#words === "post") !== isOther;
  }

  #parameterFor(parameter: string): string {
    return parameter === OLD && this.hasNewWords ? NEW : parameter;
  }

  #leaveOut({ parameter: told, name }: { parameter: string; name?: string }): void {
    const parameter = told === NEW && name !== undefined ? OLD : told;
    const known = name === undefined ? this.#parameters : this.#names.get(parameter) ?? new Set();
    const refused = name ?? parameter;
    if (known.has(refused)) return;
    known.add(refused);
    if (name !== undefined) this.#names.set(parameter, known);
    const instead = this.#replacementFor(parameter, name);
    const what = name === undefined ? told : `${name} of ${told}`;
    if (instead === undefined) {
      log.warn("The API does not support {what}: it is left out", { what });
    } else {log.warn("The API does not support {what}: {instead} is requested instead", {
        what,
        instead,
      });}
    this.#leftOut.push({
      parameter: told,
      ...(name === undefined ? {} : { name }),
      ...(instead === undefined ? {} : { instead }),
    });
  }

  #replacementFor(parameter: string, name: string | undefined): string | undefined {
    if (name !== undefined) return this.#nameFor({ parameter, name })?.name;
    const other = parameter === OLD ? NEW : parameter === NEW ? OLD : undefined;
    return other !== undefined && !this.#parameters.has(other) ? other : undefined;
  }
}
