/** Where the walks of a collection stand, as the tweets tell that they brought: for a checkpoint that is lost. */

import { userOfWalk, userWalk } from "../collection/walks.ts";
import { isObject, type JsonObject } from "../base/json.ts";
import { parseTweetLine } from "../format/tweets.ts";
import type { CollectionConfig } from "../collection/config.ts";
import { idsIn, idTime, isOlder } from "../twitter/bytes/ids.ts";

/** Ids of a stream's last tweets that its next harvest knows, when they are sent once more. */
const LAST = 1_000;

/** What was brought of one walk: it goes down from the newest tweet, and leaves nothing out. */
interface Span {
  newest: string;
  oldest: string;
  tweets: number;
}

/** What the whole files of harvests brought, walk by walk. Memory grows with walks, not with tweets. */
export class Brought {
  readonly #config: CollectionConfig;
  readonly #isWanted: (walk: string) => boolean;
  readonly #spans = new Map<string, Span>();
  #last: string[] = [];

  /** @param isWanted Whether a walk may be unfinished; all may, unless said. */
  constructor(config: CollectionConfig, isWanted: (walk: string) => boolean = () => true) {
    this.#config = config;
    this.#isWanted = isWanted;
  }

  /** Takes in a line of tweets. */
  addLine(line: Uint8Array): void {
    const walk = walkOf(this.#config, line);
    for (const id of idsIn(line)) this.addId(walk, id);
  }

  /** Takes in an id that a walk has asked for, or brought. */
  addId(walk: string | null, id: string): void {
    if (walk === null || !this.#isWanted(walk)) return;
    const since = sinceOf(this.#config, walk);
    if (since !== undefined && !isOlder(since, id)) return;
    this.#widen(walk, { newest: id, oldest: id, tweets: 1 });
    if (this.#config.type !== "filter") return;
    this.#last.push(id);
    if (this.#last.length > 2 * LAST) this.#last = this.#last.slice(-LAST);
  }

  /** Takes in what other files brought. */
  add(other: Brought): void {
    for (const [walk, span] of other.#spans) this.#widen(walk, span);
    this.#last = [...this.#last, ...other.#last].slice(-LAST);
  }

  #widen(walk: string, { newest, oldest, tweets }: Span): void {
    const span = this.#spans.get(walk);
    this.#spans.set(walk, {
      newest: span && isOlder(newest, span.newest) ? span.newest : newest,
      oldest: span && isOlder(span.oldest, oldest) ? span.oldest : oldest,
      tweets: tweets + (span?.tweets ?? 0),
    });
  }

  /**
   * The positions of walks that may not be whole. One that is whole, and of which the configuration has not learned
   * that, finds nothing more below.
   */
  positions(): JsonObject {
    const found = [...this.#spans].map(([walk, { newest, oldest, tweets }]) => {
      if (this.#config.type === "hydrate") return [walk, newest];
      const since = sinceOf(this.#config, walk);
      const reach = this.#config.type === "user_timeline" ? { asked: tweets, came: tweets } : {};
      return [walk, { newest, oldest, ...(since === undefined ? {} : { since }), ...reach }];
    });
    return Object.fromEntries(found);
  }

  /**
   * Where a stream stands.
   * @param began When its harvest began, in milliseconds since 1970, for one that brought nothing.
   * @param isStopped Whether it was stopped in good order: nothing is missing after it.
   */
  stream(began: number, isStopped: boolean): JsonObject {
    const span = this.#spans.get("stream");
    const at = span ? Math.max(idTime(span.newest), began) : began;
    return { stream: { at, ids: this.#last.slice(-LAST), ...(isStopped ? { isStopped } : {}) } };
  }
}

/** The walk that brought a line; null where nobody knows, or the configuration has it no more. */
function walkOf(config: CollectionConfig, line: Uint8Array): string | null {
  if (config.type === "search") return "search";
  if (config.type === "hydrate") return "hydrate";
  if (config.type === "filter") return "stream";
  const author = authorOf(line);
  return author !== null && Object.hasOwn(config.users, author) ? userWalk(author) : null;
}

/** Who wrote the tweets of a line: of version 2 a page of a timeline, which are all by one. */
function authorOf(line: Uint8Array): string | null {
  const { api, tweets: [first] } = parseTweetLine(line);
  const user = first?.json.user;
  const author = api === "2" ? first?.json.author_id : isObject(user) ? user.id_str : undefined;
  return typeof author === "string" ? author : null;
}

/** Down to which tweet a walk goes, or up from which one; undefined for all. */
function sinceOf(config: CollectionConfig, walk: string): string | undefined {
  switch (config.type) {
    case "user_timeline":
      return config.users[userOfWalk(walk) ?? ""]?.since_id;
    case "search":
      return config.search.since_id;
    case "hydrate":
      return config.hydrate.since_id;
    case "filter":
      return undefined;
  }
}
