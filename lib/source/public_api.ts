/** An API of public tweets only: those of protected accounts are left out, and counted. */

import type { Clock } from "../base/clock.ts";
import type {
  Confirm,
  MissingTweet,
  Page,
  PageAt,
  SearchSpan,
  StreamItem,
  StreamTweet,
  StreamWanted,
  TimelineChoice,
  TimelineState,
  TweetsFound,
  TwitterApi,
  UserAnswer,
} from "../twitter/api.ts";
import { readIds } from "../twitter/bytes/ids.ts";
import { isOfProtected, publicPart } from "../twitter/public_part.ts";

/** The reason why a tweet that the API returns is not recorded. */
const NOT_PUBLIC = 'Its author is protected, and "protected" is not "collect"';

/** A TwitterApi without the tweets of protected accounts, though the owner of the keys may follow them. */
export class PublicApi implements TwitterApi {
  readonly tellsAuthors: boolean;
  readonly time?: Clock;
  readonly #api: TwitterApi;

  constructor(api: TwitterApi) {
    this.#api = api;
    this.tellsAuthors = api.tellsAuthors;
    if (api.time) this.time = api.time;
  }

  async timeline(
    userId: string,
    at: PageAt & TimelineChoice,
    signal: AbortSignal,
  ): Promise<Page | TimelineState> {
    const page = await this.#api.timeline(userId, at, signal);
    if (typeof page === "string") return page;
    if (page.isPublic) return page;
    const isProtected = page.author
      ? page.author.state === "protected"
      : page.lines.some(isOfProtected);
    return isProtected ? "protected" : publicPage(page);
  }

  async search(query: string, at: PageAt & SearchSpan, signal: AbortSignal): Promise<Page> {
    return publicPage(await this.#api.search(query, at, signal));
  }

  async *stream(
    wanted: StreamWanted,
    signal: AbortSignal,
    confirm?: Confirm,
  ): AsyncGenerator<StreamItem> {
    for await (const item of this.#api.stream(wanted, signal, confirm)) yield publicItem(item);
  }

  users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncIterable<UserAnswer[]> {
    return this.#api.users(by, names, signal);
  }

  async tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    const found = await this.#api.tweets(ids, signal);
    const { lines, count, left } = publicLines(found);
    if (left === 0) return found;
    const kept = new Set(lines.flatMap(readIds));
    const hidden = found.lines.flatMap(readIds).filter((id) => !kept.has(id));
    const missing = hidden.map((id): MissingTweet => ({
      id,
      why: "protected",
      detail: NOT_PUBLIC,
    }));
    return { ...found, lines, count, missing: [...found.missing, ...missing], protected: left };
  }
}

/** Returns a page without tweets that are not public; its position in the walk is unchanged. */
function publicPage(page: Page): Page {
  if (page.isPublic) return page;
  const { ids: _, ...others } = page;
  const { lines, count, left } = publicLines(page);
  return left === 0 ? page : { ...others, lines, count, protected: left };
}

function publicItem(item: StreamItem): StreamItem {
  const tweets: StreamTweet[] = [];
  let hidden = 0;
  for (const tweet of item.tweets) {
    if (tweet.isPublic) {
      tweets.push(tweet);
      continue;
    }
    const { line, left } = publicPart(tweet.line, 1);
    hidden += left;
    if (line) tweets.push(left === 0 ? tweet : { ...tweet, line });
  }
  return hidden === 0 ? item : { ...item, tweets, protected: hidden };
}

/** Returns the public lines that count for some tweets together: one line for all of them, or one each. */
function publicLines({ lines, count }: Pick<Page, "lines" | "count">) {
  const found = { lines: [] as Uint8Array[], count: 0, left: 0 };
  for (const one of lines) {
    const part = publicPart(one, lines.length === 1 ? count : 1);
    found.count += part.count;
    found.left += part.left;
    if (part.line) found.lines.push(part.line);
  }
  return found;
}
