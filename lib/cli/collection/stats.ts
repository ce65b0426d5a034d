/** The command `twarc-cloud collection stats`: shows statistics of a collection, with a chart. */

import type { Command } from "@commander-js/extra-typings";
import { join } from "node:path";
import type { DayCount } from "../../export/day_chart.ts";
import type { Counted, Tally } from "../../export/tally.ts";
import type { ListedGap } from "../../archive/gap_list.ts";
import type { HarvestFacts } from "../../archive/harvest_facts.ts";
import { bucketOption, example } from "../options.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { count, many, shortenList } from "../output.ts";

/** Number of most frequent names that are shown, and that are in `--json`. */
const [SHOWN, IN_JSON] = [8, 100];

/** Facts about a collection. */
export interface Facts {
  tally: Tally;
  /** Every day from the first tweet to the last one, or to the end of a later gap. */
  days: DayCount[];
  gaps: ListedGap[];
  harvests: HarvestFacts;
  /** Files that cannot be read completely. */
  damaged: string[];
}

/** Adds the command. */
export function addStats(group: Command, context: Context): void {
  group.command("stats")
    .summary("Show statistics of a collection.")
    .description(
      "Counts tweets by day, harvest, user, language, hashtag, link, kind and media, as recorded: one that " +
        "was recorded again counts again. The counts of each file are kept in your cache, so that the next run is fast.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--svg <file>", "draw tweets by day into a file")
    .option("--json", "print JSON")
    .addHelpText("after", example("collection stats test_collection --svg days.svg"))
    .action(async (collectionId, { bucket, svg, json }) => {
      const opened = await openBucket(context, { bucket });
      const facts = await readFacts(opened, collectionId, context);
      const { output } = context;
      if (svg !== undefined) {
        const { toSvg } = await import("../../export/day_chart.ts");
        const { writeWhole } = await import("../../export/output_file.ts");
        await writeWhole(svg, toSvg(facts.days, { title: `Tweets of ${collectionId} by day` }));
        output.note(`Drawn to ${svg}`);
      }
      if (json) output.json(await toJson(collectionId, facts));
      else for (const line of await formatLines(facts, output.columns)) output.line(line);
      await checkWhole(collectionId, facts);
    });
}

/**
 * Reads the facts about a collection.
 * @param tables The counts that are wanted; all by default.
 * @throws UserError if there is none
 */
export async function readFacts(
  { store, collections }: Pick<Bucket, "store" | "collections">,
  id: string,
  { clock, env, output, signal }: Context,
  tables?: readonly Counted[],
): Promise<Facts> {
  const { json } = await collections.loadJson(id);
  const { checkConfig } = await import("../../collection/config.ts");
  const { readCheckpoint } = await import("../../bucket/checkpoint_state.ts");
  const { gapLook } = await import("../../archive/gap_fill.ts");
  const { listGaps } = await import("../../archive/gap_list.ts");
  const { readHarvestFacts } = await import("../../archive/harvest_facts.ts");
  const { cacheFolder } = await import("../../base/folders.ts");
  const { ifOurs } = await import("../../base/errors.ts");
  const { toDays } = await import("../../export/day_chart.ts");
  const { countTweets } = await import("../../export/tallies.ts");
  const progress = await output.progress();
  const { tally, damaged } = await countTweets(store, id, {
    cache: join(cacheFolder({ env }), "tallies"),
    signal,
    ...(tables ? { tables } : {}),
    onFile: ({ files, tweets }) =>
      progress.show(`${many(files, "file")}, ${many(tweets, "tweet")}`),
  }).finally(() => progress.end());
  const { positions = {} } = await readCheckpoint(store, id).catch(ifOurs(null)) ?? {};
  const gaps = await listGaps(
    store,
    id,
    gapLook(checkConfig(json, { keys: "optional" }), positions, clock.now()),
  );
  const missed = gaps.filter(({ status }) => status !== "filled")
    .map(({ from, to }) => ({
      from: Date.parse(from),
      to: Math.min(Date.parse(to), clock.now()),
    }));
  const harvests = await readHarvestFacts(store, id);
  return { tally, days: toDays(tally.days, missed), gaps, harvests, damaged };
}

/** Checks that all tweets were counted. @throws UserError if files are damaged */
export async function checkWhole(id: string, { damaged }: Facts): Promise<void> {
  if (damaged.length === 0) return;
  const { UserError } = await import("../../base/errors.ts");
  const { verifyHint } = await import("../../bucket/documents.ts");
  throw new UserError(`Not all could be counted, as files are damaged: ${shortenList(damaged)}`, {
    hint: verifyHint(id),
  });
}

async function toJson(id: string, { tally, days, gaps, harvests, damaged }: Facts) {
  const { topCounts } = await import("../../export/tally.ts");
  const most = (counts: Record<string, number>) => Object.fromEntries(topCounts(counts, IN_JSON));
  return {
    collection_id: id,
    tweets: tally.tweets,
    days: days.map(({ day, tweets, isGap }) => ({ day, tweets, gap: isGap })),
    days_unknown: tally.days.unknown ?? 0,
    harvests: harvests.harvests.map(({ harvest_timestamp, tweets, outcome }) => ({
      harvest_timestamp,
      tweets,
      outcome,
    })),
    kinds: tally.kinds,
    languages: most(tally.languages),
    users: topCounts(tally.users, IN_JSON).map(([id, tweets]) => ({
      id,
      screen_name: tally.handles[id] ?? null,
      tweets,
    })),
    users_all: Object.keys(tally.users).length,
    hashtags: most(tally.hashtags),
    links: most(tally.links),
    media: tally.media,
    user_changes: harvests.userChanges,
    gaps: gaps.length,
    damaged,
  };
}

async function formatLines(facts: Facts, columns: number): Promise<string[]> {
  const { daysWithTweets, toSparkline } = await import("../../export/day_chart.ts");
  const { topCounts } = await import("../../export/tally.ts");
  const { tally, days, gaps, harvests: { harvests, userChanges } } = facts;
  if (tally.tweets === 0) return ["No tweets."];
  const [line, missed] = toSparkline(days, columns);
  const made = daysWithTweets(days);
  const rankingLine = (
    what: string,
    counts: Record<string, number>,
    name = (key: string) => key,
  ) => {
    const most = topCounts(counts, SHOWN).map(([key, n]) => `${name(key)} ${count(n)}`);
    const more = Object.keys(counts).length - most.length;
    if (most.length === 0) return [];
    return [`${what}: ${most.join(", ")}${more > 0 ? ` and ${count(more)} more` : ""}`];
  };
  const newest = harvests.slice(-SHOWN).map(({ harvest_timestamp, tweets }) =>
    `${harvest_timestamp} ${count(tweets)}`
  );
  return [
    `Tweets: ${count(tally.tweets)}${made ? `, made from ${made.first} to ${made.last}` : ""}`,
    line,
    ...missed === "" ? [] : [missed, `^ Partly missed: ${many(gaps.length, "gap")} in all.`],
    ...newest.length > 0
      ? [`Harvests: ${count(harvests.length)}. The newest: ${newest.join(", ")}`]
      : [],
    ...rankingLine("Kinds", tally.kinds),
    ...rankingLine("Users", tally.users, (id) => tally.handles[id] ?? id),
    ...rankingLine("Languages", tally.languages),
    ...rankingLine("Hashtags", tally.hashtags, (tag) => `#${tag}`),
    ...rankingLine("Links", tally.links),
    ...rankingLine("Media", tally.media),
    ...rankingLine("Changes of users", userChanges, (change) => change.replaceAll("_", " ")),
  ];
}
