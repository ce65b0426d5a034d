/** The endpoints of version 2 for numbers: how many posts match a query, and how many were read. */

import { type Clock, isoTime } from "../../base/clock.ts";
import { publishedAt, type Status } from "../corpus.ts";
import type { Ledger } from "../ledger.ts";
import type { Parameters } from "../v1/routes.ts";
import { invalid, readSpan, type V2Route } from "./routes.ts";
import type { World } from "../world.ts";

const DAY = 86_400_000;
const GRANULARITIES: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: DAY };
/** Days on a page of the archive's counts. */
const PAGE_DAYS = 31;
/** Posts that a project may read in a month. */
const CAP = 3_000_000;

/** Options of these endpoints. */
export interface CountsOptions {
  clock: Clock;
  ledger: Ledger;
}

/** Returns the endpoint at a path, if it is one of these. */
export function countsRoute(path: string, options: CountsOptions): V2Route | undefined {
  const [methods, appOnly] = [["GET"], true];
  switch (path) {
    case "/2/tweets/counts/recent":
    case "/2/tweets/counts/all": {
      const isArchive = path.endsWith("all");
      return {
        methods,
        appOnly,
        answer: (world, parameters) => counts(world, parameters, { ...options, isArchive }),
      };
    }
    case "/2/usage/tweets":
      return { methods, appOnly, answer: (_world, parameters) => usage(parameters, options) };
    default:
      return undefined;
  }
}

/** https://docs.x.com/x-api/posts/counts/introduction */
function counts(
  world: World,
  parameters: Parameters,
  { clock, isArchive }: CountsOptions & { isArchive: boolean },
): Response {
  const size = GRANULARITIES[parameters.get("granularity") ?? "hour"];
  if (size === undefined) return invalid("`granularity` is not minute, hour or day");
  const wanted = readSpan(parameters);
  if (wanted instanceof Response) return wanted;
  let found: Status[];
  try {
    found = world.search(parameters.get("query") ?? "", { ...wanted, count: Infinity });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return invalid(`There were errors processing your request: ${error.message}`);
  }
  // Like the sandbox's search, it goes back to the oldest post, and not seven days only.
  const oldest = found.length > 0 ? publishedAt(found.at(-1)?.id ?? 0n) : Infinity;
  const usual = clock.now() - (isArchive ? 30 : 7) * DAY;
  const { sinceId, maxId } = wanted;
  const start = sinceId === undefined ? Math.min(oldest, usual) : publishedAt(sinceId + 1n);
  const whole = { start, end: maxId === undefined ? clock.now() : publishedAt(maxId + 1n) };
  const { span, next } = isArchive
    ? selectPage(whole, parameters.get("next_token"))
    : { span: whole, next: undefined };
  const isLast = span.end === whole.end;
  const shown = found.map(({ id }) => publishedAt(id)).filter((ms) =>
    ms >= span.start && (ms < span.end || isLast)
  );
  return Response.json({
    data: buckets(shown, span, size),
    meta: { total_tweet_count: shown.length, ...(next ? { next_token: next } : {}) },
  });
}

interface Span {
  start: number;
  end: number;
}

/** Newest first, as the archive is paged. */
function selectPage(whole: Span, token: string | undefined): { span: Span; next?: string } {
  const end = token === undefined ? whole.end : parseInt(token, 36);
  const start = Math.max(whole.start, end - PAGE_DAYS * DAY);
  const span = { start, end };
  return start > whole.start ? { span, next: start.toString(36) } : { span };
}

/** Oldest first; only the first and the last may be shorter than the others. */
function buckets(times: number[], { start, end }: Span, size: number): Record<string, unknown>[] {
  const all = [];
  for (let from = start; from < end;) {
    const to = Math.min((Math.floor(from / size) + 1) * size, end);
    const [first, isLast] = [from, to === end];
    const tweets = times.filter((ms) => ms >= first && (ms < to || isLast));
    all.push({ end: isoTime(to), start: isoTime(from), tweet_count: tweets.length });
    from = to;
  }
  return all;
}

/** https://docs.x.com/x-api/usage/introduction */
function usage(parameters: Parameters, { ledger }: CountsOptions): Response {
  const days = Number(parameters.get("days") ?? 7);
  if (!(days >= 1 && days <= 90)) return invalid("`days` is not between 1 and 90");
  const fields = parameters.get("usage.fields")?.split(",") ?? [];
  const daily = ledger.daysBack(days).filter(({ posts }) => posts > 0)
    .map(({ day, posts }) => ({ date: `${day}T00:00:00.000Z`, usage: `${posts}` }));
  return Response.json({
    data: {
      cap_reset_day: 1,
      project_cap: `${CAP}`,
      project_id: "1369785403853424",
      project_usage: `${ledger.postsOfMonth}`,
      ...(fields.includes("daily_project_usage")
        ? { daily_project_usage: { project_id: "1369785403853424", usage: daily } }
        : {}),
    },
  });
}
