/** Tweets of version 2 from files: responses as they were sent, each tweet with its included objects. */

import { z } from "zod";
import type { Json } from "../../base/json.ts";
import { items, member, type Span } from "../../twitter/bytes/raw_json.ts";
import type { SandboxUser } from "../user.ts";

const decoder = new TextDecoder();

/** A tweet of version 2 as it was sent. */
export interface SentTweet {
  id: string;
  authorId: string;
  /** Its text, for searches. */
  says: string;
  /** The object's own text. */
  text: string;
  /** The objects that were included for it. */
  includes: () => Included[];
  /** The problems that were reported for the objects that it refers to. */
  errors: () => string[];
}

/** An object that was included: a user, a tweet, a medium, a poll or a place. */
export interface Included {
  /** `users`, `tweets`, `media`, `polls`, `places`. */
  kind: string;
  /** Its id or media key. */
  key: string;
  text: string;
  /** The texts by which tweets refer to it. */
  names: string[];
  /** The texts by which it refers to others. */
  refers: Set<string>;
}

const tweetSchema = z.object({
  id: z.string().regex(/^\d+$/),
  text: z.string(),
  author_id: z.string().default("0"),
});
const userSchema = z.object({
  id: z.string().regex(/^\d+$/),
  name: z.string(),
  username: z.string(),
  protected: z.boolean().default(false),
});
const namesSchema = z.object({
  id: z.string().optional(),
  media_key: z.string().optional(),
  username: z.string().optional(),
});
const problemSchema = z.looseObject({
  value: z.string().optional().catch(undefined),
  resource_id: z.string().optional().catch(undefined),
});

/** Returns the tweets and users of a line that is a response with tweets; null for any other line. */
export function sentTweets(
  line: Uint8Array,
): { tweets: SentTweet[]; users: SandboxUser[] } | null {
  try {
    const data = member(line, "data");
    if (!data) return null;
    const page = new Page(line);
    const spans = line[data.start] === 0x5b ? [...items(line, data.start)] : [data];
    return { tweets: spans.map((span, i) => page.tweet(span, i === 0)), users: page.users };
  } catch (error) {
    // Not a response with tweets: a v1.1 line, users, counts, or no JSON.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** One response: its included objects, by the texts that refer to them. */
class Page {
  readonly users: SandboxUser[] = [];
  readonly #line: Uint8Array;
  readonly #included = new Map<string, Included[]>();
  readonly #problems: { text: string; about: string[] }[];
  readonly #mentioned = new Set<string>();

  constructor(line: Uint8Array) {
    this.#line = line;
    const includes = member(line, "includes");
    for (const { key: kind = "", start } of includes ? items(line, includes.start) : []) {
      for (const span of items(line, start)) this.#include(kind, span);
    }
    const errors = member(line, "errors");
    this.#problems = [...errors ? items(line, errors.start) : []].map((span) => {
      const text = this.#text(span);
      const { value, resource_id } = problemSchema.parse(JSON.parse(text));
      return { text, about: [value, resource_id].filter((name) => name !== undefined) };
    });
  }

  /** @param isFirst Whether it is the first tweet, which gets the problems that no tweet refers to. */
  tweet(span: Span, isFirst: boolean): SentTweet {
    const text = this.#text(span);
    const json: Json = JSON.parse(text);
    const { id, author_id, text: says } = tweetSchema.parse(json);
    const refers = collectTexts(json);
    for (const name of refers) this.#mentioned.add(name);
    return {
      id,
      authorId: author_id,
      says,
      text,
      includes: () => this.#includedFor(refers),
      errors: () => this.#problemsFor(refers, isFirst),
    };
  }

  #text({ start, end }: Span): string {
    return decoder.decode(this.#line.subarray(start, end));
  }

  #include(kind: string, span: Span): void {
    const text = this.#text(span);
    const json: Json = JSON.parse(text);
    const { id, media_key, username } = namesSchema.parse(json);
    const names = [id, media_key, username].filter((name) => name !== undefined);
    const one = { kind, key: id ?? media_key ?? "", text, names, refers: collectTexts(json) };
    for (const name of names) {
      this.#included.set(name, [...this.#included.get(name) ?? [], one]);
    }
    if (kind === "users") this.users.push(parseUser(text));
  }

  /** Returns the objects that a tweet refers to, and those that these refer to. */
  #includedFor(refers: Set<string>): Included[] {
    const found = new Set<Included>();
    const add = (names: Iterable<string>) => {
      for (const name of names) {
        for (const one of this.#included.get(name) ?? []) {
          if (found.has(one)) continue;
          found.add(one);
          add(one.refers);
        }
      }
    };
    add(refers);
    return [...found];
  }

  #problemsFor(refers: Set<string>, isFirst: boolean): string[] {
    const all = new Set([
      ...refers,
      ...this.#includedFor(refers).flatMap((one) => [...one.refers]),
    ]);
    return this.#problems.filter(({ about }) =>
      about.some((name) => all.has(name)) ||
      (isFirst && !about.some((name) => this.#mentioned.has(name)))
    ).map(({ text }) => text);
  }
}

function parseUser(text: string): SandboxUser {
  const user = userSchema.parse(JSON.parse(text));
  const state = user.protected ? "protected" : "open";
  return { id: user.id, screenName: user.username, name: user.name, state, sent: text };
}

/** Returns every text inside a value: all references to other objects are among them. */
function collectTexts(value: Json, found = new Set<string>()): Set<string> {
  if (typeof value === "string") found.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) collectTexts(inner, found);
  }
  return found;
}
