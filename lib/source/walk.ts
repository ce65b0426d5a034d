/** One paged descent from the newest tweet to `since_id`, resumable after every page. */

import { z } from "zod";
import type { ConfigUpdate } from "../collection/changeset.ts";
import { ApiError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import type { Gap, Page, PageAt } from "../twitter/api.ts";
import { idTime, readIds } from "../twitter/bytes/ids.ts";
import { FIRST_TWEET } from "../twitter/reach.ts";
import { KnownIds } from "./known_ids.ts";
import { BudgetUsedUp } from "./meter.ts";
import { type PlacedBatch, type Position, unreadablePosition } from "./source.ts";

/** Pages without a tweet, each with a token for the next: the API has some, and they are not followed forever. */
const MOST_EMPTY = 100;

/** The position of an unfinished walk. */
const positionSchema = z.object({
  /** The newest id of the walk, which becomes since_id when it is complete. */
  newest: z.string().optional(),
  /** The oldest id that is recorded. */
  oldest: z.string().optional(),
  /** The token of the next page. */
  next: z.string().optional(),
  /** The since_id that it goes down to. */
  since: z.string().optional(),
  /** How many tweets were requested, and how many came, where the API limits them. */
  asked: z.number().optional(),
  came: z.number().optional(),
  /** Recorded ids, whatever the position of the walk. */
  known: z.array(z.string()).optional(),
});

/** How many tweets the API gives of a walk at most. */
export interface Reach {
  tweets: number;
  why: string;
}

/** Options of a walk. */
export interface WalkOptions {
  /** Its name, e.g. `user:12`. */
  name: string;
  /** Requests a page; null where nothing (more) may be read. BudgetUsedUp ends the walk where it is. */
  ask: (at: PageAt) => Promise<Page | null>;
  /** Its position; undefined or "whole" begins a new one. */
  from: Position | undefined;
  /** The end of the walk before. */
  sinceId?: string | undefined;
  /** The most tweets to collect; the walk then stops where it is, for the next harvest to go on. */
  most?: number | undefined;
  /**
   * Returns the gap below a walk that is complete with `most` tweets.
   * @param oldest The oldest tweet that came.
   */
  cut?: (oldest: string, sinceId: string | undefined) => Gap;
  /** Where the API limits the tweets: a walk that reaches the limit has a gap below. */
  reach?: Reach;
  /** Returns the change of the configuration when the walk is complete. */
  learn: (newestId: string) => ConfigUpdate;
}

/**
 * Yields the batches of a walk, one a page. since_id moves only with the last one, when all between it and the newest
 * tweet is recorded.
 * @throws ApiError where pages without a tweet do not end; the errors of `ask`.
 */
export async function* walk(options: WalkOptions): AsyncGenerator<PlacedBatch> {
  const { name, ask, most = Infinity } = options;
  const { since, known: there, ...position } = unfinishedPosition(options);
  const isThere = new Set(there);
  let { newest, oldest, next, asked = 0, came = 0 } = position;
  const known = new KnownIds(position);
  let empty = 0;
  for (let count = options.cut ? came : 0; count < most;) {
    const limit = Number.isFinite(most) ? { limit: most - count } : {};
    const page = await ask({
      ...(since ? { sinceId: since } : {}),
      ...(oldest ? { untilId: oldest } : {}),
      ...(next ? { next } : {}),
      isWanted: known.isWanted,
      ...(there ? { isThere: (id) => isThere.has(id) } : {}),
      ...limit,
    }).catch(unaffordable);
    if (page === "unaffordable") return;
    if (page) {
      count += page.count;
      came += page.count;
      asked += page.count > 0 || page.next ? page.asked ?? page.count : 0;
      newest ??= page.newestId;
      oldest = page.oldestId ?? oldest;
      next = page.next;
      known.add(page.ids ?? page.lines.flatMap(readIds), newest);
      empty = page.count > 0 || page.protected ? 0 : empty + 1;
    }
    const whole = page ? next === undefined : oldest === undefined;
    // Once, when its lower end is known: each page finds the API's reach a little higher.
    const counted = options.reach || options.cut ? { asked, came } : {};
    const gap = whole ? page?.gap ?? gapBelow({ since, oldest, asked, came }, options) : null;
    yield {
      walk: name,
      position: whole
        ? "whole"
        : toPosition({ newest, oldest, next, since, known: there, ...counted }),
      tweets: page?.lines ?? [],
      count: page?.count ?? 0,
      ...(gap ? { gap } : {}),
      ...(page?.isWellFormed ? { isWellFormed: true } : {}),
      ...(page?.protected ? { protected: { tweets: page.protected } } : {}),
      ...(whole && newest ? { update: options.learn(newest) } : {}),
    };
    if (whole || !page) return;
    // A page of recorded tweets has none that is new, and each of them comes once.
    if (empty >= MOST_EMPTY + isThere.size) throw endless(name, empty);
  }
  if (!options.cut || !newest || !oldest) return;
  yield {
    walk: name,
    position: "whole",
    tweets: [],
    count: 0,
    gap: options.cut(oldest, since),
    update: options.learn(newest),
  };
}

function endless(name: string, pages: number): ApiError {
  return new ApiError(`The API gave ${pages} pages in a row without a tweet for ${name}`, {
    status: 200,
    hint: "Collected tweets are safe. Start the harvest again later: it goes on from here.",
  });
}

function unaffordable(error: unknown): "unaffordable" {
  if (error instanceof BudgetUsedUp) return "unaffordable";
  throw error;
}

/** The API's reach is no round number: a few of the tweets in it are deleted, or withheld. */
const NEARLY = 0.97;
/** The tweets that the largest page of a timeline holds. */
const LARGEST_PAGE = 200;

/** Returns the gap below a walk that the API has ended at its reach; null for one that came down to its end. */
function gapBelow(
  { since, oldest, asked, came }: {
    since: string | undefined;
    oldest: string | undefined;
    asked: number;
    came: number;
  },
  { reach }: WalkOptions,
): Gap | null {
  if (!reach || oldest === undefined) return null;
  // Omitted tweets count for the reach: then pages are short before the last one, too.
  const isShort = asked - came > LARGEST_PAGE;
  const isCut = came >= reach.tweets * NEARLY || isShort && asked >= reach.tweets;
  const from = since === undefined ? Date.parse(FIRST_TWEET) : idTime(since);
  const to = idTime(oldest);
  return isCut && from < to ? { from, to, why: reach.why } : null;
}

function toPosition(position: Record<string, string | number | string[] | undefined>): Position {
  const members: JsonObject = {};
  for (const [key, value] of Object.entries(position)) {
    if (value !== undefined) members[key] = value;
  }
  return members;
}

function unfinishedPosition({ name, from, sinceId }: WalkOptions): z.infer<typeof positionSchema> {
  if (from === undefined || from === "whole") return { since: sinceId };
  const position = positionSchema.safeParse(from);
  if (position.success) return position.data;
  throw unreadablePosition(name, position.error);
}
