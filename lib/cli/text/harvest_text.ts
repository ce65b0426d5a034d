/** Formats a harvest for the commands that show one. */

import type { Json } from "../../base/json.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { listGaps, searchesLeft, type ToldGap } from "../../bucket/gaps.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { type LastHarvest, parseHarvestId } from "../../bucket/last_harvest.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import { bucketLocation, type BucketRef } from "../../base/bucket_ref.ts";
import type { Store } from "../../store/store.ts";
import { lastWord } from "../../base/visible.ts";
import type { Context } from "../context.ts";
import { waitText } from "./progress.ts";
import { gapTexts } from "./gap_texts.ts";
import { count, FEW, many, shortenList, size } from "../output.ts";

/** Number of lines that are shown of a long list; the others are in the files. */
const SHOWN = 20;

/** Formats a harvest as the documents do; of the two commands only `last` has commas in the tweets. */
export function infoLine(
  info: HarvestInfo,
  { bucket, tweets }: { bucket: string; tweets: string },
): string {
  return `${info.collection_id} => Bucket: ${bucket}. Harvest timestamp: ${info.harvest_timestamp}. ` +
    `Tweets: ${tweets}. Files: ${count(info.files)} (${size(info.file_bytes)})`;
}

/** Returns where a harvest's files are, and how to download them if they are not on this machine. */
export function placeLines(
  { collection_id: id, harvest_timestamp: began }: HarvestInfo,
  bucket: BucketRef,
): string[] {
  const folder = harvestLocation({ id, began }, bucket);
  if (bucket.kind === "folder") return [`Files are in ${folder}`];
  return [`Files are in ${folder}`, `Copy them here with: ${downloadCommand(id)}`];
}

function downloadCommand(id: string): string {
  return `twarc-cloud collection download ${lastWord(id)}`;
}

/** Returns the location of a harvest's folder for other programs: a path, or an address of S3. */
export function harvestLocation(
  { id, began }: { id: string; began: string },
  bucket: BucketRef,
): string {
  return `${bucketLocation(bucket)}/${collectionKeys(id).harvest(parseHarvestId(began))}`;
}

/**
 * Returns the users whom a harvest removed from the collection, and how to keep such users; none if it removed none.
 */
export function removedLines(
  { collection_id: id, removed_users: users = [] }: HarvestInfo,
): string[] {
  if (users.length === 0) return [];
  const who = users.length === 1 ? "1 user was" : `${count(users.length)} users were`;
  const states = [...new Set(users.map(({ why }) => why))];
  const last = lastWord(id);
  return [
    `${who} removed from the collection: ${removedText(users)}`,
    ...users.length > FEW ? [`All of them: twarc-cloud harvest last --json ${last}`] : [],
    `To keep such users, remove ${states.join(" and ")} from delete_users_for: ` +
    `\`twarc-cloud collection-config download ${last}\`, edit collection.json, then ` +
    "`twarc-cloud collection-config update`.",
  ];
}

/** Returns the first few removed users, each with its state. */
export function removedText(users: NonNullable<HarvestInfo["removed_users"]>): string {
  return shortenList(users.map(({ id, screen_name: name, why }) => {
    const user = name === undefined ? id : `@${name} (${id})`;
    return `${user} ${why.replace("_", " ")}`;
  }));
}

/**
 * Returns the changes of users, with those who cannot be read first, and their names where known.
 * @param removed The users whom the harvest removed: their names may have been found by then.
 */
export function changeLines(
  changes: LastHarvest["userChanges"],
  removed: HarvestInfo["removed_users"] = [],
): string[] {
  if (changes.length === 0) return ["No user changes."];
  const isName = ({ change }: (typeof changes)[number]) => change.startsWith("screen name");
  // A user's name may have been found only after a change.
  const named = [...removed.map(({ id: user_id, ...user }) => ({ user_id, ...user })), ...changes];
  const names = new Map(
    named.flatMap(({ user_id, screen_name }) => screen_name ? [[user_id, screen_name]] : []),
  );
  const userText = ({ user_id, screen_name = names.get(user_id) }: (typeof changes)[number]) =>
    screen_name === undefined ? user_id : `${user_id} (${screen_name})`;
  const sorted = [...changes.filter((one) => !isName(one)), ...changes.filter(isName)];
  return someLines(
    sorted.map((one) => {
      const { change, was, old_screen_name: old } = one;
      return `User ${userText(one)}: ${change}` +
        (was === undefined ? "" : ` from ${was.replace("_", " ")}`) +
        (old === undefined ? "" : ` from ${old}`);
    }),
    "user_changes.json",
  );
}

/** Returns the first lines of a list, and how many more are in a file. */
function someLines(lines: string[], file: string): string[] {
  const more = lines.length - SHOWN;
  return more > 0 ? [...lines.slice(0, SHOWN), `and ${count(more)} more (see ${file})`] : lines;
}

/** Reports billed reads. */
export async function tellBilled({ billed }: HarvestInfo, { output }: Context): Promise<void> {
  if (!billed) return;
  const { billedText } = await import("./usage.ts");
  output.line(`Billed: ${billedText(billed)}`);
}

/** The gaps of the harvest's stream, and the number of pending searches for them. */
export interface Missed {
  missed: ToldGap[];
  searches_left: number;
}

/** No gaps. */
export const NOTHING: Missed = { missed: [], searches_left: 0 };

/** Returns the gaps of a harvest. If they cannot be read, that is noted and the command goes on. */
export async function missedBy(
  store: Store,
  info: HarvestInfo,
  { output }: Context,
): Promise<Missed> {
  const { collection_id: id, harvest_timestamp: began, gaps } = info;
  try {
    return {
      missed: gaps ? await listGaps(store, id, began) : [],
      searches_left: await searchesLeft(store, id),
    };
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`The gaps could not be read: ${error.message}`);
    return NOTHING;
  }
}

/** Reports other facts about a harvest. */
export function tellTroubles(
  info: HarvestInfo,
  { missed, searches_left }: Missed,
  { output }: Context,
): void {
  if (info.waiting) output.line(`It is ${waitText(info.waiting)}`);
  if (info.outcome && info.outcome !== "failed" && (info.reason || info.outcome !== "complete")) {
    output.line(`Outcome: ${info.outcome}${info.reason ? `. ${info.reason}` : ""}`);
  }
  for (const line of leftOutLines(info)) output.line(line);
  if (info.gaps) output.line(`Gaps: ${count(info.gaps)} (see gaps.jsonl)`);
  for (const gap of gapTexts(missed, info.type)) output.line(`  ${gap}`);
  if (searches_left > 0) {
    output.line(
      `Searches for gaps left to this harvest or the next: ${searches_left}`,
    );
  }
}

/** Returns what a harvest left out, or collected for another: why, and what happens next. */
export function leftOutLines(info: HarvestInfo): string[] {
  const { undelivered = 0, missing = {}, unavailable = [], left_out = [], late = [] } = info;
  return [
    ...undelivered > 0 ? [`Matching tweets that were not delivered: ${count(undelivered)}`] : [],
    ...protectedLines(info),
    ...Object.entries(missing).map(([why, n]) =>
      `Ids that are not available: ${count(n)} ${why} (see missing.jsonl)`
    ),
    ...someLines(unavailable.map(unavailableText), "harvest.json"),
    ...removedLines(info),
    ...left_out.map(({ parameter, name, instead }) => {
      const what = name === undefined ? parameter : `${name} of ${parameter}`;
      const then = instead === undefined ? "" : `, ${instead} was requested instead`;
      return `The API rejected ${what}${then}`;
    }),
    ...late.map(({ harvest_timestamp, from, to, tweets }) =>
      `Tweets of the harvest of ${harvest_timestamp} that could be stored only now: ` +
      `${count(tweets)} (from ${from} to ${to})`
    ),
  ];
}

function unavailableText(
  { id, screen_name, why }: NonNullable<HarvestInfo["unavailable"]>[number],
): string {
  const name = screen_name === undefined ? "" : ` (${screen_name})`;
  return `User ${id}${name} could not be read, the next harvest retries: ${why}`;
}

/** Returns the protected content that was left out. */
function protectedLines({ protected: left }: HarvestInfo): string[] {
  if (!left) return [];
  const { tweets, users } = left;
  const texts = [
    ...users > 0 ? [many(users, "timeline")] : [],
    ...tweets > 0 ? [many(tweets, "tweet")] : [],
  ];
  return [`Left out, from protected accounts: ${texts.join(", ")}`];
}

/** Returns a collection's last harvest, for programs. */
export function lastJson(
  { info, userChanges }: LastHarvest,
  { missed, bucket }: { missed: Missed; bucket: BucketRef },
) {
  const { collection_id: id, harvest_timestamp: began } = info;
  const location = harvestLocation({ id, began }, bucket);
  return { ...info, location, user_changes: userChanges, ...missed };
}

/** Shows a collection's last harvest; if it failed, that and the reason first. */
export async function tellLast(
  { info, userChanges }: LastHarvest,
  { bucket, missed, type }: { bucket: BucketRef; missed: Missed; type: Json | undefined },
  context: Context,
): Promise<void> {
  const { output } = context;
  if (info.outcome === "failed") {
    output.line(
      `The last harvest of ${info.collection_id} failed: ${
        info.reason ?? "no reason was recorded"
      }`,
    );
  }
  output.line(infoLine(info, { bucket: bucket.text, tweets: count(info.tweets) }));
  for (const line of placeLines(info, bucket)) output.line(line);
  await tellBilled(info, context);
  tellTroubles(info, missed, context);
  if (traitsFor(type).part !== "users") return;
  for (const line of changeLines(userChanges, info.removed_users)) output.line(line);
}
