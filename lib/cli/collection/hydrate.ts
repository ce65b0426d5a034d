/** The command `twarc-cloud collection hydrate`: creates a collection from ids. */

import type { Traits } from "../../collection/types/traits.ts";
import type { Command } from "@commander-js/extra-typings";
import { basename } from "node:path";
import { bucketOption, spoolOption } from "../options.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { idFault } from "../../base/typed_ids.ts";
import type { BadLines, ListWanted } from "../collection_config/lists.ts";
import { columnOption, strictOption } from "../collection_config/names.ts";
import { addLimits, LIMITS_OF_RUNS } from "../limits.ts";
import { many } from "../output.ts";

/** Names of the column with tweet ids in tables; the best first. */
const ID_COLUMNS = [
  "tweet_id",
  "tweetid",
  "tweet_id_str",
  "status_id",
  "post_id",
  "id_str",
  "id",
  "url",
  "link",
];

/** Adds the command. */
export function addHydrate(group: Command, context: Context): void {
  const command = group.command("hydrate")
    .summary("Collect the tweets of a list of ids.")
    .description(
      "Creates a collection of the tweets whose ids are in a file, such as the output of `collection dehydrate` or a " +
        "shared data set, and starts to harvest it. The harvest's missing.jsonl accounts for " +
        "every id that is not available, with the reason. Run it again with the same file to continue.",
    )
    .argument(
      "<file>",
      "file with tweets' ids or addresses, one a line, or a table with a header; - for standard input",
    )
    .addOption(columnOption())
    .addOption(strictOption())
    .option("--id <id>", "an identifier for the collection (default: the file's name)")
    .addOption(bucketOption())
    .option("--profile <name>", "profile of the keys (default: main, or the only one)")
    .option(
      "--twarc-config-filepath <path>",
      "file with the keys (default: ~/.twarc, then that of twarc2)",
    )
    .option("--yes", "do not ask, whatever it costs", false)
    .addOption(spoolOption())
    .option("--wait", "follow the harvest until it ends, and exit with its outcome", false)
    .addHelpText("after", "\nExample:\n  twarc-cloud collection hydrate ids.txt --wait")
    .action(async (file, { id, bucket, spool, wait, column, strict, ...flags }) => {
      const { checkedId } = await import("../../collection/layout.ts");
      const collectionId = checkedId(id ?? idFromFile(file));
      const { BadLines } = await import("../collection_config/lists.ts");
      const bad = new BadLines();
      const ids = await readIds(file, { column, strict, bad }, context);
      const opened = await openBucket(context, { bucket, spool, makes: true });
      if (await hasIds(opened, collectionId, ids)) {
        context.output.note(`Collection ${collectionId} has these ids already: continuing it.`);
      } else if (!await addCollection(opened, { collectionId, ids, ...flags }, context)) {
        return;
      }
      await opened.identify();
      const { keepReadmeFor } = await import("./readme.ts");
      await keepReadmeFor(opened, collectionId);
      const { jobFor } = await import("./start.ts");
      const { harvestOnce } = await import("./attach.ts");
      const job = await jobFor(opened, collectionId, asksForList, { options: flags });
      await harvestOnce(opened, job, { wait }, context);
      const left = bad.error(
        "The others are collected.",
        "Hydrate these from a file of their own, under another --id.",
      );
      if (left) throw left;
    });
  addLimits(command, LIMITS_OF_RUNS);
}

/** Returns a collection's id from a file's name. */
function idFromFile(file: string): string {
  if (file === "-") return "hydrated";
  return basename(file).replace(/\.[A-Za-z]+$/, "").replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^[-.]+/, "");
}

/** Returns the parser of a list of tweet ids. @param now In milliseconds since 1970. */
function tweetList(column: string | undefined, now: number): ListWanted<string> {
  const read = (text: string) => {
    const id = /\/status(?:es)?\/(\d+)/.exec(text)?.[1] ?? text;
    const fault = idFault(id, now);
    return fault === null ? { value: id } : { fault };
  };
  return { columns: { known: ID_COLUMNS, named: column }, read };
}

/** Reads the ids in a file, sorted and unique; invalid lines are listed. @throws UserError */
async function readIds(
  file: string,
  { column, strict, bad }: { column: string | undefined; strict: boolean; bad: BadLines },
  { clock, output }: Context,
): Promise<BigUint64Array> {
  const { readValues } = await import("../collection_config/lists.ts");
  const { IdList } = await import("../../bucket/id_list.ts");
  const list = new IdList();
  for await (const id of readValues([file], tweetList(column, clock.now()), { bad, output })) {
    list.add(id);
  }
  const ids = list.takeSorted();
  bad.tell(output);
  const error = strict || ids.length === 0
    ? bad.error("Nothing was collected.", "Correct them and run it again.")
    : null;
  if (error) throw error;
  if (ids.length > 0) return ids;
  const { UserError } = await import("../../base/errors.ts");
  throw new UserError(`There is no id in ${file === "-" ? "standard input" : file}`, {
    hint: "Expected one id, or one tweet's address, on each line.",
  });
}

/** Returns whether the collection exists already, with the same ids. */
async function hasIds(
  { store }: Bucket,
  collectionId: string,
  ids: BigUint64Array,
): Promise<boolean> {
  const { collectionKeys } = await import("../../collection/layout.ts");
  const { parseIds } = await import("../../bucket/id_list.ts");
  const keys = collectionKeys(collectionId);
  const found = await store.get(keys.config) && await store.get(keys.ids);
  if (!found) return false;
  const known = parseIds(found.bytes, keys.ids);
  return known.length === ids.length && known.every((id, i) => id === ids[i]);
}

/** A collection to create. */
interface Wanted {
  collectionId: string;
  ids: BigUint64Array;
  profile?: string | undefined;
  twarcConfigFilepath?: string | undefined;
  yes: boolean;
}

/** Returns whether a harvest requests the items of a list, once. */
function asksForList({ endsByItself, asksOnlyForNewer }: Traits): boolean {
  return endsByItself && !asksOnlyForNewer;
}

/**
 * Adds the collection. @returns False if the person declines the cost
 * @throws UserError
 */
async function addCollection(
  { store, collections, settings }: Bucket,
  { collectionId, ids, profile, twarcConfigFilepath, yes }: Wanted,
  context: Context,
): Promise<boolean> {
  const { findProfile } = await import("../../secrets/twarc_files.ts");
  const { keepKeys, keyFiles } = await import("../profiles.ts");
  const { checkedNewId, collectionKeys } = await import("../../collection/layout.ts");
  const { idText } = await import("../../bucket/id_list.ts");
  const keys = collectionKeys(checkedNewId(collectionId));
  const found = await findProfile(await keyFiles(twarcConfigFilepath, context), profile);
  const isNew = !await store.get(keys.config);
  if (isNew && !await isWorth(ids.length, { yes, context })) return false;
  // Agreeing to the cost is not agreeing to replace others' keys.
  const kept = await keepKeys(found, { settings, yes: false }, context);
  if (!kept) return false;
  // Store the ids first: without them the collection could never be harvested.
  if (isNew) await store.put(keys.ids, idText(ids));
  const { hydrateConfig } = await import("../../collection/types/hydrate.ts");
  await collections.add(hydrateConfig({ id: collectionId, keys: kept.keys, ids: ids.length }));
  context.output.line("Collection added.");
  return true;
}

/** Reports the cost, and asks if it is more than cents. @throws UserError if nobody can be asked. */
async function isWorth(
  ids: number,
  { yes, context: { output } }: { yes: boolean; context: Context },
): Promise<boolean> {
  const { CHEAP, dollarsFor, dollarText, PRICES } = await import("../../billing/prices.ts");
  const { LOOKUP_SIZE } = await import("../../twitter/v2/sizes.ts");
  const dollars = dollarsFor({ posts: ids }, PRICES);
  const price =
    `${many(ids, "id")} ${ids === 1 ? "costs" : "cost"} at most ${
      dollarText(dollars)
    } by the prices of ` +
    `${PRICES.date}: unavailable tweets are free`;
  output.note(`${price} (${many(Math.ceil(ids / LOOKUP_SIZE), "request")}).`);
  if (yes || dollars <= CHEAP) return true;
  const answer = await output.confirm("Collect them?");
  if (answer !== null) {
    if (!answer) output.note("Cancelling");
    return answer;
  }
  const { UserError } = await import("../../base/errors.ts");
  throw new UserError(price, { hint: "Continue with --yes." });
}
