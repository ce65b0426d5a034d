/** What happens to a collection whose harvests are real processes: all of it chosen by a seed beforehand. */

import type { Trouble, TroubleKind } from "../../lib/sandbox/trouble.ts";
import { Chance } from "./random.ts";
import { STORE_PROXY_FAULTS, type StoreProxyFault } from "./s3_proxy.ts";

/** How a harvest ends. */
export const ENDINGS = [
  "left alone",
  "kill -9",
  "SIGTERM",
  "/stop",
  "max_records",
  "SIGSTOP, unlocked, taken over, SIGCONT",
  "SIGSTOP, unlocked, SIGCONT beside the other",
  "SIGSTOP past the lease, taken over, SIGCONT",
  "SIGSTOP past the lease, SIGCONT beside the other",
] as const;
/** A way in which a harvest ends. */
export type Ending = typeof ENDINGS[number];

/** The types of collections. */
export const TYPES = ["user_timeline", "search", "filter"] as const;
/** Where a collection is. */
export const BUCKETS = ["folder", "S3"] as const;

/** What a proxy in front of S3 does to the requests from a certain one on. */
export interface StoreTrouble {
  kind: StoreProxyFault;
  /** The first request that meets it, of the harvest. */
  at: number;
  /** How many meet it; of "gone" and the stalls: milliseconds. */
  span: number;
}

/** One harvest. */
export interface Round {
  ending: Ending;
  /** What is counted until the ending happens: what the API answered or sent, or what S3 was asked. */
  counted: "API" | "S3";
  at: number;
  /** Milliseconds between what was counted last and the ending. */
  lateMs: number;
  trouble: Trouble | null;
  storeTrouble: StoreTrouble | null;
  /** Tweets that are posted before, or on a stream while it lasts. */
  posts: number;
  /** Milliseconds between two posts of a stream. */
  everyMs: number;
  /** Tweets that are wanted at most where max_records ends it. */
  maxRecords: number;
}

/** One collection. */
export interface Plan {
  number: number;
  type: typeof TYPES[number];
  api: "1.1" | "2";
  bucket: typeof BUCKETS[number];
  users: number;
  tweetsPerUser: number;
  /** Milliseconds that the API takes for an answer. */
  delayMs: number;
  /** Tweets that a stream sends once more when it is opened again. */
  replay: number;
  fillGaps: boolean;
  flushSecs: number;
  tweetsPerFile: number;
  rounds: Round[];
}

/** What may be chosen from. */
export interface Extent {
  /** Harvests of a collection in which something goes wrong. */
  rounds: number;
  /** Whether faults that are waited for longer than a few seconds may be chosen. */
  isLong: boolean;
}

const PATHS = {
  user_timeline: { "1.1": "user_timeline", "2": "/tweets" },
  search: { "1.1": "search/tweets", "2": "search/recent" },
  filter: { "1.1": "statuses/filter", "2": "search/stream" },
};

const QUICK_ANSWERS = ["cut", "cut", "429-pace", "repeat"] as const satisfies TroubleKind[];
const SLOW_ANSWERS = ["500", "503", "html", "garbage", "truncate", "429"] as const;
/** Waited for a minute or two. */
const SLOWEST_ANSWERS = ["429-bare", "420", "stall"] as const;
const ON_STREAMS = ["cut", "cut", "truncate", "disconnect"] as const;
const AT_OPENING = ["500", "503", "html", "garbage", "cut", "truncate"] as const;

/** The plan of a collection; the same for the same seed, number and extent. */
export function planOf(seed: number, number: number, { rounds, isLong }: Extent): Plan {
  const chance = new Chance(Math.imul(seed, 7_919) + number);
  // In turns, so that each combination has its share.
  const type = TYPES[number % 3] ?? "search";
  const api = Math.floor(number / 3) % 2 === 0 ? "1.1" : "2";
  const bucket = BUCKETS[Math.floor(number / 6) % 2] ?? "folder";
  const isStream = type === "filter";
  const plan = {
    number,
    type,
    api,
    bucket,
    users: chance.whole(1, 4),
    tweetsPerUser: isStream ? 0 : chance.whole(50, isLong ? 700 : 350),
    delayMs: chance.whole(0, 60),
    replay: chance.next() < 0.3 ? chance.whole(1, 30) : 0,
    fillGaps: api === "2" && isStream && isLong && chance.next() < 0.7,
    flushSecs: isLong ? chance.whole(1, 3) : 1,
    tweetsPerFile: chance.whole(20, 300),
  } as const;
  const made = { chance, isLong, plan };
  return { ...plan, rounds: Array.from({ length: rounds }, () => roundOf(made)) };
}

/** What a round is chosen with. */
interface Choice {
  chance: Chance;
  isLong: boolean;
  plan: Omit<Plan, "rounds">;
}

function roundOf(choice: Choice): Round {
  const { chance, plan: { bucket, type } } = choice;
  const isStream = type === "filter";
  const ending = endingOf(choice);
  const counted = bucket === "S3" && chance.next() < 0.5 ? "S3" : "API";
  const at = counted === "S3" ? chance.whole(1, 50) : chance.whole(1, isStream ? 80 : 15);
  return {
    ending,
    counted,
    at,
    lateMs: chance.next() < 0.5 ? 0 : chance.whole(1, 400),
    trouble: ending === "max_records" && isStream ? null : troubleOf(choice),
    storeTrouble: bucket === "S3" && chance.next() < 0.6 ? storeTroubleOf(choice) : null,
    posts: isStream ? chance.whole(at, at + 60) : chance.whole(0, 40),
    everyMs: chance.whole(1, 60),
    maxRecords: chance.whole(1, isStream ? 60 : 400),
  };
}

function endingOf({ chance, isLong, plan: { type, fillGaps, replay } }: Choice): Ending {
  const n = chance.next();
  // On a stream, what else than the posts is sent would count as well.
  const hasMost = type === "search" || (type === "filter" && !fillGaps && replay === 0);
  if (n < 0.35) return "kill -9";
  if (n < 0.5) return "SIGTERM";
  if (n < 0.6) return "/stop";
  if (n < 0.72 && hasMost) return "max_records";
  if (n < 0.8) return "SIGSTOP, unlocked, taken over, SIGCONT";
  // A lock that somebody removes may not be missed for 20 s, in which two harvesters take the stream from each other.
  if (n < 0.84 && type !== "filter") return "SIGSTOP, unlocked, SIGCONT beside the other";
  if (n < 0.87 && isLong) return "SIGSTOP past the lease, taken over, SIGCONT";
  if (n < 0.9 && isLong) return "SIGSTOP past the lease, SIGCONT beside the other";
  return type === "filter" ? "kill -9" : "left alone";
}

function troubleOf({ chance, isLong, plan: { type, api } }: Choice): Trouble | null {
  if (chance.next() < 0.3) return null;
  const path = PATHS[type][api];
  const times = chance.whole(1, 2);
  if (type === "filter") {
    if (isLong && chance.next() < 0.3) {
      return { kind: chance.of(AT_OPENING), path: "connect", after: 0, times: 1 };
    }
    if (isLong && chance.next() < 0.03) return { kind: "stall", path, after: 5, times: 1 };
    return { kind: chance.of(ON_STREAMS), path, after: chance.whole(0, 60), times };
  }
  const after = chance.whole(0, 8);
  if (isLong && chance.next() < 0.04) {
    return { kind: chance.of(SLOWEST_ANSWERS), path, after, times: 1 };
  }
  const kinds: readonly [TroubleKind, ...TroubleKind[]] = isLong && chance.next() < 0.6
    ? SLOW_ANSWERS
    : QUICK_ANSWERS;
  return { kind: chance.of(kinds), path, after, times };
}

function storeTroubleOf({ chance, isLong }: Choice): StoreTrouble {
  const kind = chance.of(STORE_PROXY_FAULTS);
  const at = chance.whole(1, 45);
  switch (kind) {
    case "gone":
      return { kind, at, span: longOutage(chance, isLong) };
    case "stalled before":
    case "stalled after":
      // The AWS SDK waits for a minute.
      return { kind, at, span: isLong && chance.next() < 0.1 ? 65_000 : chance.whole(100, 2_000) };
    default:
      return { kind, at, span: chance.whole(1, 4) };
  }
}

/** Milliseconds; now and then longer than the SDK goes on asking, and than the lease lasts. */
function longOutage(chance: Chance, isLong: boolean): number {
  if (!isLong) return chance.whole(100, 1_500);
  return chance.next() < 0.1 ? 100_000 : chance.whole(500, 8_000);
}
