/** How much a collection would read, estimated before anything is collected. */

import { isProtectedWanted } from "../collection/config.ts";
import type { Plan, ReadingOf } from "../collection/types/rules.ts";
import { isLookUpDue } from "../collection/types/user_timeline.ts";
import { type CollectionConfig } from "../collection/types/registry.ts";
import { dollarsFor, type Prices, type Reads } from "../billing/prices.ts";
import { isoTime } from "../base/clock.ts";
import type { Bill, Counted, CountedSpan } from "../twitter/v2/bill.ts";
import { compareIds, idTime } from "../twitter/bytes/ids.ts";
import { FIRST_TWEET } from "../twitter/reach.ts";
import { searchPlace } from "../twitter/v2/place.ts";
import {
  LOOKUP_SIZE,
  MAX_QUERY,
  SEARCH_PAGE,
  searchPage,
  TIMELINE_PAGE,
} from "../twitter/v2/sizes.ts";

const DAY = 86_400_000;
/** A timeline goes back this far. */
const MAX_TIMELINE = 3_200;
/** Days on a page of the archive's counts. */
const ARCHIVE_DAYS = 31;
/** How far back counts go by default. */
const RECENT_DAYS = 7;

/** The reads of a harvest; for a stream, in the days that were counted. */
export interface Expected {
  posts: number;
  /** Users that it looks up, at most. */
  users: number;
  /** Whether there may be far fewer posts. */
  isAtMost: boolean;
  /** Whether there may be more: counts that end early leave some out. */
  isAtLeast: boolean;
  /** Requests that it takes; none for a stream. */
  requests: number;
  /** The posts over time, where counts show it. */
  spans: CountedSpan[];
  /** Remarks on these numbers. */
  notes: string[];
  /** The cost of the estimate itself. */
  asked: Reads;
}

/** Options of an estimate. */
export interface Asking {
  bill: Bill;
  /** In milliseconds since 1970. */
  now: number;
  prices: Prices;
  /** Dollars that the estimate may cost without confirmation. */
  cheap: number;
  /** Returns whether to go on at this cost. */
  isWorth: (dollars: number, for_: string) => Promise<boolean>;
  /** Called after each count. */
  onCall?: () => void;
  signal: AbortSignal;
}

/** The parts of a configuration, besides its queries, that affect how much is read. */
type Choice = Pick<CollectionConfig, "fields" | "protected">;

/** Returns the reads of hydrating: all ids at most, if none was deleted. */
export function expectedTweets({ count, areAsked }: ReadingOf<"ids">): Expected {
  const posts = areAsked ? 0 : count;
  const notes = posts > 0 ? [] : ["All of its ids have been requested."];
  const requests = Math.ceil(posts / LOOKUP_SIZE);
  return {
    posts,
    users: 0,
    isAtMost: true,
    isAtLeast: false,
    requests,
    spans: [],
    notes,
    asked: {},
  };
}

/** Returns the reads of a search. Null where the estimate would cost too much. */
export async function expectedSearch(
  { query, sinceId, span }: ReadingOf<"query">,
  { maxRecords: most, ...config }: Choice & Pick<Plan, "maxRecords">,
  asking: Asking,
): Promise<Expected | null> {
  const at = { ...span, ...(sinceId === undefined ? {} : { sinceId }) };
  const isArchive = at.archive === "all";
  const { gap } = searchPlace(at, asking.now);
  const days = daysBack(at, { now: asking.now, isArchive });
  const calls = isArchive ? Math.ceil(days / ARCHIVE_DAYS) : 1;
  const cost = dollarsFor(
    isArchive ? { archiveCounts: calls } : { recentCounts: calls },
    asking.prices,
  );
  if (!await asking.isWorth(cost, "counting the search's posts")) return null;
  const granularity = days > 2 ? "day" : "hour";
  const counted = await asking.bill.count(
    query,
    { ...at, granularity, onCall: asking.onCall },
    asking.signal,
  );
  const notes = [
    ...(gap ? [`${gap.why}: what is older than that and newer than since_id is lost.`] : []),
    ...missingNotes([counted]),
  ];
  if (most !== undefined && most < counted.posts) {
    notes.push(`Of ${counted.posts} posts, for a harvest ends at max_records.`);
  }
  const posts = Math.min(counted.posts, Math.max(most ?? Infinity, SEARCH_PAGE.least));
  const asked = isArchive ? { archiveCounts: counted.calls } : { recentCounts: counted.calls };
  const page = searchPage(at.archive, config.fields ?? {});
  const requests = Math.max(1, Math.ceil(posts / page.most));
  const isAtLeast = counted.missing !== undefined && posts === counted.posts;
  const { spans } = counted;
  return { posts, users: 0, isAtMost: false, isAtLeast, requests, spans, notes, asked };
}

/** Returns remarks on counts that end early. */
function missingNotes(all: Counted[]): string[] {
  return all.flatMap(({ missing }) =>
    missing
      ? [
        `The API's counts end early: posts from ${isoTime(missing.from)} to ${
          isoTime(missing.to)
        } are not in these numbers.`,
      ]
      : []
  );
}

/** Returns how many days a search goes back. */
function daysBack(
  { startTime, sinceId }: { startTime?: string; sinceId?: string },
  { now, isArchive }: { now: number; isArchive: boolean },
): number {
  const first = isArchive ? Date.parse(FIRST_TWEET) : now - RECENT_DAYS * DAY;
  const starts = [
    ...(sinceId === undefined ? [] : [idTime(sinceId)]),
    ...(startTime === undefined ? [] : [Date.parse(startTime)]),
  ];
  const start = starts.reduce((latest, at) => Math.max(latest, at), first);
  return Math.max(now - start, 0) / DAY;
}

/**
 * Returns the reads of the users' timelines: for new users by the number of posts that they ever wrote, for users
 * with a since_id by counts since then, one by one where that is cheap.
 */
export async function expectedTimelines(
  { users: all, lookUpEvery: every, exclude }: ReadingOf<"timelines">,
  config: Choice,
  asking: Asking,
): Promise<Expected> {
  const users = Object.entries(all);
  const fresh = users.filter(([, user]) => user.since_id === undefined).map(([id]) => id);
  const known = users.flatMap(([id, { since_id: sinceId }]) => sinceId ? [{ id, sinceId }] : []);
  const recent = known.filter(({ sinceId }) => searchPlace({ sinceId }, asking.now).gap === null);
  const each = dollarsFor({ users: fresh.length, recentCounts: recent.length }, asking.prices);
  const groups = groupUsers(recent, each <= asking.cheap ? 1 : Infinity);
  const parts: Reads = { users: fresh.length, recentCounts: groups.length };
  const cost = dollarsFor(parts, asking.prices);
  const isAsked = await asking.isWorth(cost, "asking how much the users wrote");
  const old = known.length - recent.length;
  const silent = known.filter(({ id }) =>
    isLookUpDue(all[id]?.looked_up, { every, now: asking.now })
  );
  const expected: Expected = {
    posts: 0,
    users: silent.length,
    isAtMost: false,
    isAtLeast: false,
    requests: users.length,
    spans: [],
    notes: users.length > 0 ? [] : ["It has no users yet."],
    asked: isAsked ? parts : {},
  };
  if (isAsked) {
    await addFresh(fresh, expected, { ...asking, isProtectedWanted: isProtectedWanted(config) });
    await addKnown(groups, expected, asking);
  }
  const bounded = isAsked ? old : users.length;
  if (bounded > 0) {
    expected.posts += bounded * MAX_TIMELINE;
    expected.requests += bounded * (MAX_TIMELINE / TIMELINE_PAGE.most - 1);
    expected.isAtMost = true;
    expected.notes.push(
      isAsked
        ? `${bounded} users have a since_id that is older than seven days, which counts do not reach: ` +
          `bounded by the ${MAX_TIMELINE} posts that a timeline goes back.`
        : `Bounded by the ${MAX_TIMELINE} posts that a timeline goes back, for each user.`,
    );
  }
  if (exclude.length > 0) {
    expected.isAtMost = true;
    expected.notes.push(`It leaves out ${exclude.join(" and ")}, which are counted here.`);
  }
  return expected;
}

/** Adds users without a harvest so far: all that they wrote, as far back as a timeline goes. */
async function addFresh(
  ids: string[],
  expected: Expected,
  { bill, signal, isProtectedWanted }: Asking & { isProtectedWanted: boolean },
): Promise<void> {
  const counts = await bill.postCounts(ids, signal);
  const open = counts.filter((user) => !user.isProtected);
  for (const { posts } of open) {
    const wanted = Math.min(posts, MAX_TIMELINE);
    expected.posts += wanted;
    expected.requests += Math.max(0, Math.ceil(wanted / TIMELINE_PAGE.most) - 1);
    if (wanted === 0) expected.users++;
  }
  expected.asked = { ...expected.asked, users: counts.length };
  const silent = ids.length - open.length;
  if (silent > 0) {
    expected.notes.push(
      `${silent} ${
        silent === 1 ? "user is" : "users are"
      } protected, suspended or not found, and counted as nothing` +
        (isProtectedWanted ? ", though the keys' owner may follow protected ones." : "."),
    );
  }
}

/** Adds users with a since_id: their posts by counts since the oldest since_id of their group. */
async function addKnown(
  groups: Known[][],
  expected: Expected,
  { bill, onCall, signal }: Asking,
): Promise<void> {
  for (const group of groups) {
    const [oldest] = group;
    if (!oldest) continue;
    const query = group.map(({ id }) => from(id)).join(OR);
    const wanted = { sinceId: oldest.sinceId, granularity: "day", onCall } as const;
    const counted = await bill.count(query, wanted, signal);
    expected.posts += counted.posts;
    expected.requests += Math.floor(counted.posts / TIMELINE_PAGE.most);
    expected.isAtLeast ||= counted.missing !== undefined;
    expected.notes.push(...missingNotes([counted]));
  }
  if (groups.length === 0) return;
  expected.notes.push("Users with a since_id are counted since then; counts leave retweets out.");
  if (groups.some((group) => group.length > 1)) {
    expected.isAtMost = true;
    expected.notes.push("They are counted in groups, from the oldest since_id of a group on.");
  }
}

interface Known {
  id: string;
  sinceId: string;
}

const OR = " OR ";

function from(id: string): string {
  return `from:${id}`;
}

/** Groups users by since_id, at most `most` and as many as fit into a query: the since_ids of a group are close. */
function groupUsers(users: Known[], most: number): Known[][] {
  const groups: Known[][] = [];
  let length = Infinity;
  const sorted = users.toSorted((a, b) => compareIds(a.sinceId, b.sinceId));
  for (const user of sorted) {
    const more = OR.length + from(user.id).length;
    if (length + more > MAX_QUERY || (groups.at(-1)?.length ?? 0) >= most) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(user);
    length += more;
  }
  return groups;
}

/** Returns what a stream would have delivered in the last seven days. Null where the estimate would cost too much. */
export async function expectedStream(
  queries: string[],
  asking: Asking,
): Promise<Expected | null> {
  const cost = dollarsFor({ recentCounts: queries.length }, asking.prices);
  if (!await asking.isWorth(cost, `counting ${queries.length} queries`)) return null;
  const all: Counted[] = [];
  for (const query of queries) {
    const wanted = { granularity: "day", onCall: asking.onCall } as const;
    all.push(await asking.bill.count(query, wanted, asking.signal));
  }
  const notes = [
    "By the last seven days. Counts leave retweets out, which streams have.",
    ...missingNotes(all),
  ];
  if (queries.length > 1) notes.push("A post that several rules match is counted with each.");
  return {
    posts: all.reduce((sum, { posts }) => sum + posts, 0),
    users: 0,
    isAtMost: false,
    isAtLeast: all.some(({ missing }) => missing !== undefined),
    requests: 0,
    spans: sumSpans(all),
    notes,
    asked: { recentCounts: all.reduce((sum, { calls }) => sum + calls, 0) },
  };
}

/** Returns the spans of consecutive counts, each of which begins a little later. */
function sumSpans([first, ...others]: Counted[]): CountedSpan[] {
  return (first?.spans ?? []).map((span, i) => ({
    ...span,
    posts: others.reduce((sum, { spans }) => sum + (spans[i]?.posts ?? 0), span.posts),
  }));
}
