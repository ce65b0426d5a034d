/** Follows a started harvest to its end. */

import type { Clock } from "../../base/clock.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { OutsideError, type TwarcCloudError, UserError } from "../../base/errors.ts";
import { asLastSentence } from "../../base/full_stop.ts";
import { parseLockedError } from "../../bucket/lock.ts";
import { outlast } from "../../base/outage.ts";
import type { Outcome, Runner, Started } from "../../runner/runner.ts";
import { dollarText } from "../../billing/prices.ts";
import { count, many, type Output, size } from "../output.ts";
import { lastWord } from "../../base/visible.ts";
import { leftText, Pace, rateText, shareFor, shareTexts, walksName } from "../pace.ts";

/** Options of follow(). */
export interface FollowOptions {
  runner: Pick<Runner, "pace" | "info">;
  started: Pick<Started, "collectionId" | "outcome">;
  /** Number of tweets that were counted before it began, if they were. */
  expected?: number | undefined;
  output: Output;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Shows live progress until the harvest has ended. Failed requests are retried for as long as it takes.
 * @returns True when it has ended; false if the signal came first, and the harvest goes on.
 * @throws UserError or OutsideError with the harvester's own message if it failed.
 */
export async function follow(
  { runner, started, expected, output, clock, signal }: FollowOptions,
): Promise<boolean> {
  const { collectionId } = started;
  const progress = await output.progress();
  const patience = { clock, signal, say: (line: string) => progress.note(line) };
  const paces = { expected, share: new Pace(), tweets: new Pace() };
  const progressLine = (info: HarvestInfo) => {
    const now = clock.monotonic();
    paces.tweets.see(info.tweets, now);
    paces.share.see(shareFor(info, expected)?.done ?? 0, now);
    return progressText(info, { ...paces, now: clock.now() });
  };
  const look = async () => {
    const outcome = await started.outcome();
    return { outcome, info: outcome ? null : await runner.info(collectionId) };
  };
  try {
    while (!signal.aborted) {
      const { outcome, info } = await outlast(look, patience);
      if (outcome?.exitCode === 0) return true;
      if (outcome) throw failureFor(outcome, collectionId);
      if (info?.state) progress.show(progressLine(info));
      else if (info) progress.show(`${collectionId}: starting its container`);
      await clock.sleep(runner.pace, signal);
    }
    return false;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return false;
    throw error;
  } finally {
    progress.end();
  }
}

/** Returns the error of a harvester that ended with one: a LockedError where another one had the collection. */
export function failureFor(
  { exitCode, message = `The harvester ended with exit code ${exitCode}` }: Outcome,
  collectionId: string,
): TwarcCloudError {
  // The API client does not know the collection.
  const text = message.replace("collection keys ID", `collection keys ${lastWord(collectionId)}`);
  const locked = parseLockedError(text);
  if (locked) return locked;
  // The last sentence, which may end with a command, is shown as a hint is.
  const [, what = text, last] = /^(.*)\. (.*)$/.exec(text) ?? [];
  const hint = last === undefined ? {} : { hint: asLastSentence(last) };
  return exitCode === 1 ? new UserError(what, hint) : new OutsideError(what, hint);
}

/** Summarizes what a harvest has done so far. */
export function summary(info: HarvestInfo): string {
  const { walks = 1, walks_done = 0 } = info;
  const done = walks > 1 ? [`${count(walks_done)} of ${count(walks)} ${walksName(info)}`] : [];
  const waiting = info.waiting ? [waitText(info.waiting)] : [];
  return [...arrivedTexts(info), ...done, ...besidesTexts(info), ...waiting].join(", ");
}

/** Returns the same while it goes on, the most important first: a narrow terminal shows no more. */
function progressText(
  info: HarvestInfo,
  { expected, share, tweets, now }: {
    expected: number | undefined;
    share: Pace;
    tweets: Pace;
    /** In milliseconds since 1970. */
    now: number;
  },
): string {
  const { collection_id: id, waiting } = info;
  const part = shareFor(info, expected);
  const rate = tweets.rate > 0 ? [rateText(tweets.rate)] : [];
  const [came = "", ...kept] = arrivedTexts(info);
  const texts = [
    ...part ? shareTexts(part, share.rate) : [],
    came,
    ...waiting ? [waitLeft(waiting, now)] : [],
    ...kept,
    ...rate,
    ...besidesTexts(info),
  ];
  return `${id}: ${stateText(info)}${texts.join(", ")}`;
}

/** Returns the state; a finished harvest's is its outcome. */
function stateText({ state, outcome }: HarvestInfo): string {
  if (state === "harvesting") return "";
  return `${state === "stopped" ? outcome ?? "ended" : state}. `;
}

/** Returns tweets and their size: as received while they arrive, then as stored. */
function arrivedTexts({ tweets, files, file_bytes, bytes_received }: HarvestInfo): string[] {
  const kept = `${many(files, "file")} (${size(file_bytes)})`;
  const bytes = bytes_received === undefined ? kept : `${size(bytes_received)} received`;
  return [many(tweets, "tweet"), bytes];
}

function besidesTexts(info: HarvestInfo): string[] {
  const texts: string[] = [];
  if (info.billed) texts.push(`about ${dollarText(info.billed.dollars)}`);
  if (info.missing) texts.push(`${count(sumKinds(info.missing))} not available`);
  if (info.gaps) texts.push(many(info.gaps, "gap"));
  return texts;
}

/** Summarizes what a harvest waits for. */
export function waitText({ for: what, until }: NonNullable<HarvestInfo["waiting"]>): string {
  return `waiting until ${until} for ${what}`;
}

/** Returns the same for a line that is updated all the time, with a response possible at any moment. */
function waitLeft({ for: what, until }: NonNullable<HarvestInfo["waiting"]>, now: number): string {
  const seconds = Math.max((Date.parse(until) - now) / 1_000, 1);
  return `waiting up to ${leftText(seconds)} for ${what}`;
}

/** Returns the total of all kinds. */
export function sumKinds(counted: Record<string, number>): number {
  return Object.values(counted).reduce((total, n) => total + n, 0);
}
