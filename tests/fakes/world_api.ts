/** A sandbox's world as a TwitterApi, without a network between. */

import type {
  Page,
  PageAt,
  StreamItem,
  TimelineState,
  TweetsFound,
  TwitterApi,
  UserAnswer,
} from "../../lib/twitter/api.ts";
import { type Status, userJson } from "../../lib/sandbox/corpus.ts";
import type { World } from "../../lib/sandbox/world.ts";

/** What a stream brings, in order; it ends after the last. */
export type StreamScript = StreamItem[];

/** A TwitterApi on a World; `before` may throw, or wait. */
export class WorldApi implements TwitterApi {
  readonly tellsAuthors: boolean = false;
  before: (call: string, signal: AbortSignal) => void | Promise<void> = () => {};
  /** The ids of the tweets that streams sent. */
  readonly sent: string[] = [];
  readonly #world: World;
  readonly #pageSize: number;
  readonly #script: StreamScript;

  constructor(
    world: World,
    { pageSize = 10, script = [] }: { pageSize?: number; script?: StreamScript } = {},
  ) {
    this.#world = world;
    this.#pageSize = pageSize;
    this.#script = script;
  }

  async timeline(userId: string, at: PageAt, signal: AbortSignal): Promise<Page | TimelineState> {
    await this.#begin(`timeline ${userId}`, signal);
    const state = this.#world.users.get(userId)?.state ?? "gone";
    if (state === "gone") return "not_found";
    if (state !== "open") return state;
    return this.#page(this.#world.timeline(userId, this.#wanted(at)));
  }

  async search(query: string, at: PageAt, signal: AbortSignal): Promise<Page> {
    await this.#begin("search", signal);
    return this.#page(this.#world.search(query, this.#wanted(at)));
  }

  async *stream(_filter: unknown, signal: AbortSignal): AsyncGenerator<StreamItem> {
    for (const item of this.#script) {
      await this.#begin("stream", signal);
      this.sent.push(...item.tweets.map(({ id }) => id));
      yield item;
    }
  }

  async *users(
    _by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncGenerator<UserAnswer[]> {
    await this.#begin("users", signal);
    yield names.map((asked): UserAnswer => {
      const user = this.#world.users.get(asked);
      if (!user || user.state === "gone") return { state: "not_found", asked };
      if (user.state === "suspended") return { state: "suspended", asked };
      return {
        state: user.state === "protected" ? "protected" : "found",
        asked,
        id: user.id,
        screenName: user.screenName,
        line: new TextEncoder().encode(userJson(user)),
      };
    });
  }

  async tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    await this.#begin("tweets", signal);
    const found = ids.flatMap((id) => this.#world.find(id) ?? []);
    const missing = ids.filter((id) => !this.#world.find(id));
    return {
      lines: found.map(({ status }) => status.bytes()),
      count: found.length,
      asked: ids.length,
      missing: missing.map((id) => ({ id, why: "not_found" })),
    };
  }

  async #begin(call: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.before(call, signal);
  }

  #wanted({ sinceId, untilId, limit }: PageAt) {
    return {
      count: Math.min(limit ?? this.#pageSize, this.#pageSize),
      sinceId: sinceId === undefined ? undefined : BigInt(sinceId),
      maxId: untilId === undefined ? undefined : BigInt(untilId) - 1n,
    };
  }

  #page(statuses: Status[]): Page {
    const [first] = statuses;
    const last = statuses.at(-1);
    if (!first || !last) return { lines: [], count: 0 };
    return {
      lines: statuses.map((status) => status.bytes()),
      count: statuses.length,
      newestId: `${first.id}`,
      oldestId: `${last.id}`,
      next: `${last.id}`,
    };
  }
}
