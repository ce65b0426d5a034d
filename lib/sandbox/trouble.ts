/** Faults that the sandbox can simulate. */

import { UsageError } from "../base/errors.ts";

/** The kinds of trouble. */
export const TROUBLES = {
  "429": "rate limit used up, with headers",
  "429-bare": "429 without rate limit headers",
  "429-day": "429 because the requests of 24 hours are used up, with headers",
  "420": "too many connections or requests",
  "429-pace": "429 though requests are left: they came too quickly",
  "cap": "429 because the month's posts are used up",
  "credits": "402 because the credits are used up",
  "spend-cap": "403 because the spending limit of the billing cycle is reached",
  "401": "the keys are unknown",
  "403": "access is refused",
  "404": "there is no such address",
  "blocked": "a gateway's web page, with status 403",
  "500": "internal error",
  "503": "over capacity, as plain text",
  "html": "a web page in place of JSON, with status 200",
  "garbage": "bytes that are not JSON, with status 200",
  "cut": "the connection breaks in the middle of the answer, or of a status",
  "truncate": "the answer, or the stream, ends too early but cleanly",
  "stall": "nothing more is sent, and the connection stays open",
  "repeat": "the previous page is sent again",
  "disconnect": "the stream says that it ends, and ends",
} as const;
/** A kind of trouble. */
export type TroubleKind = keyof typeof TROUBLES;

/** One trouble, for requests whose path has `path` in it. */
export interface Trouble {
  kind: TroubleKind;
  path: string;
  /** Requests (on a stream: statuses) that succeed before. */
  after: number;
  /** How often it happens. */
  times: number;
}

/**
 * Returns a trouble as a person writes it: `KIND:PATH[:after=N][:times=N]`.
 * @throws UsageError
 */
export function parseTrouble(text: string): Trouble {
  const [kind = "", path = "", ...options] = text.split(":");
  const known = Object.keys(TROUBLES);
  const numbers = { after: 0, times: 1 };
  for (const option of options) {
    const [, name, digits] = /^(after|times)=(\d+)$/.exec(option) ?? [];
    if (name === "after" || name === "times") numbers[name] = Number(digits);
    else throw new UsageError(`${JSON.stringify(option)} is not after=N or times=N`);
  }
  if (!isKind(kind) || path === "") {
    throw new UsageError(`${JSON.stringify(text)} is not a valid trouble`, {
      hint: `Write KIND:PATH, as in 503:search/tweets:after=2:times=3; kinds: ${known.join(", ")}.`,
    });
  }
  return { kind, path, ...numbers };
}

function isKind(text: string): text is TroubleKind {
  return Object.hasOwn(TROUBLES, text);
}

/** The troubles still to come. */
export class Troubles {
  /** Those that happened, oldest first. */
  readonly met: TroubleKind[] = [];
  readonly #troubles: Trouble[] = [];

  constructor(troubles: Trouble[] = []) {
    this.#troubles.push(...troubles.map((trouble) => ({ ...trouble })));
  }

  /** Adds one. */
  add(trouble: Partial<Trouble> & Pick<Trouble, "kind" | "path">): void {
    this.#troubles.push({ after: 0, times: 1, ...trouble });
  }

  /** Removes all that are still to come. */
  clear(): void {
    this.#troubles.length = 0;
  }

  /** Returns the trouble that a request, or a status of a stream, meets now, if any. */
  next(path: string): TroubleKind | null {
    let met: TroubleKind | null = null;
    for (const trouble of this.#troubles) {
      if (!path.includes(trouble.path) || trouble.times === 0) continue;
      if (trouble.after > 0) {
        trouble.after--;
      } else if (met === null) {
        trouble.times--;
        met = trouble.kind;
      }
    }
    if (met) this.met.push(met);
    return met;
  }
}
