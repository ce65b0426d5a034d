/** Formats the report on a collection from its documents, as data and as Markdown. */

import { type Changeset, HARVEST_NOTE } from "../../collection/changeset.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import type { FixityRecord } from "../../bucket/fixity.ts";
import { described } from "../../collection/types/common.ts";
import { daysWithTweets } from "../../export/day_chart.ts";
import type { Facts } from "../collection/stats.ts";
import { count, many } from "../output.ts";

/** Stands for a program that was not recorded. */
const UNKNOWN = "not recorded";

/** The facts of a report. */
export interface ReportOptions {
  id: string;
  /** The current configuration. */
  config: JsonObject;
  facts: Facts;
  /** Oldest first. */
  changes: Changeset[];
  /** The last line of fixity.jsonl; null if there is none. */
  verified: FixityRecord | null;
  /** Of this program. */
  version: string;
}

/** A report; facts that are not in the collection's documents are null. */
export interface Report {
  collection_id: string;
  /** The person's description: title, description, contact, rights, notes, tags. */
  described: Record<string, string>;
  type: string;
  api: string;
  /** The requests of the configuration, one for each change. */
  asked: { since: string; what: string }[];
  harvests: {
    count: number;
    first: string | null;
    last: string | null;
    outcomes: Record<string, number>;
    /** Number of harvests by the program that made them, if recorded. */
    made_by: Record<string, number>;
    /** Folders whose document cannot be read. */
    unknown: string[];
    /** Those that a person, a budget, a signal or a fault ended. */
    stopped: { harvest_timestamp: string; reason: string }[];
    /** Number of those that ended at `max_records` with more to request, which the next one went on with. */
    continued: number;
  };
  tweets: {
    recorded: number;
    first_day: string | null;
    last_day: string | null;
    days_with_tweets: number;
    kinds: Record<string, number>;
    /** With whether a part of the day was missed. */
    by_day: { day: string; tweets: number; gap: boolean }[];
    /** Files that cannot be read completely. */
    damaged: string[];
  };
  missing: { from: string; to: string; hours: number; status: string; why: string }[];
  accounts: { wrote: number; changes: Record<string, number> };
  /**
   * Protected content that was left out: tweets of all harvests, and the most users of one harvest, as those who stay
   * protected are counted by each.
   */
  protected_left_out: { tweets: number; users: number };
  not_to_be_had: Record<string, number>;
  undelivered: number;
  removed: { tweets: number; by_reason: Record<string, number>; last: string | null };
  /** The last verification in fixity.jsonl. */
  verified: Pick<FixityRecord, "at" | "program" | "what" | "scope" | "faults"> | null;
  /** Limits of the API. */
  limits: readonly string[];
  twarc_cloud_version: string;
}

/** Returns a report. */
export function reportOf(
  { id, config, facts, changes, verified, version }: ReportOptions,
): Report {
  const { tally, days, gaps, damaged, harvests: { harvests, unknown, userChanges } } = facts;
  const made = daysWithTweets(days);
  const type = `${config.type}`;
  const { part, limits } = traitsFor(config.type);
  const sum = (of: (info: (typeof harvests)[number]) => number | undefined) =>
    harvests.reduce((total, info) => total + (of(info) ?? 0), 0);
  const removals = changes.filter(({ removed }) => removed !== undefined);
  const reasons = removals.flatMap(({ removed = [] }) =>
    removed.flatMap(({ tweets }) => tweets.map(({ reason }) => reason))
  );
  return {
    collection_id: id,
    described: describedIn(config),
    type,
    api: config.api === "2" ? "2" : "1.1",
    asked: changes.filter(isByPerson).flatMap((change) => askedIn(change, part)),
    harvests: {
      count: harvests.length + unknown.length,
      first: harvests[0]?.harvest_timestamp ?? null,
      last: harvests.at(-1)?.harvest_timestamp ?? null,
      outcomes: countEach(harvests.map(({ outcome }) => outcome ?? "not recorded")),
      made_by: countEach(harvests.map(({ made }) => made?.program ?? UNKNOWN)),
      unknown,
      stopped: harvests.flatMap((info) => {
        const { harvest_timestamp, outcome, reason } = info;
        const isPlanned = outcome === "complete" || isContinued(info);
        return reason === undefined || isPlanned ? [] : [{ harvest_timestamp, reason }];
      }),
      continued: harvests.filter(isContinued).length,
    },
    tweets: {
      recorded: tally.tweets,
      first_day: made?.first ?? null,
      last_day: made?.last ?? null,
      days_with_tweets: days.filter(({ tweets }) => tweets > 0).length,
      kinds: { ...tally.kinds },
      by_day: days.map(({ day, tweets, isGap }) => ({ day, tweets, gap: isGap })),
      damaged,
    },
    missing: gaps.map(({ from, to, status, why }) => {
      const hours = Math.round((Date.parse(to) - Date.parse(from)) / 36_000) / 100;
      return { from, to, hours, status, why };
    }),
    accounts: {
      wrote: Object.keys(tally.users).length,
      changes: userChanges,
    },
    protected_left_out: {
      tweets: sum((info) => info.protected?.tweets),
      users: harvests.reduce((most, info) => Math.max(most, info.protected?.users ?? 0), 0),
    },
    not_to_be_had: harvests.reduce<Record<string, number>>((all, { missing = {} }) => {
      for (const [why, n] of Object.entries(missing)) all[why] = (all[why] ?? 0) + n;
      return all;
    }, {}),
    undelivered: sum(({ undelivered }) => undelivered),
    removed: {
      tweets: reasons.length,
      by_reason: countEach(reasons),
      last: removals.at(-1)?.change_timestamp ?? null,
    },
    verified: verified && {
      at: verified.at,
      program: verified.program,
      what: verified.what,
      scope: verified.scope,
      faults: verified.faults,
    },
    limits,
    twarc_cloud_version: version,
  };
}

/** Returns a person's description of a collection. */
export function describedIn(config: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.keys(described).flatMap((name): [string, string][] => {
      const value = member(config, name);
      if (Array.isArray(value)) return value.length > 0 ? [[name, value.join(", ")]] : [];
      return typeof value === "string" && value !== "" ? [[name, value.replace(/\s+/g, " ")]] : [];
    }),
  );
}

function verifiedText({ verified, collection_id }: Report): string[] {
  const command = `\`twarc-cloud collection verify ${collection_id}\``;
  if (!verified) {
    return [
      `When the files were last verified is not recorded. ${command} compares each with its checksum.`,
    ];
  }
  const { at, program, what, scope, faults } = verified;
  const read = scope === "all" ? "all files were read" : "what was new was read";
  const done = what === "repair" ? " and repaired" : "";
  return [
    `Last verified${done} on ${at} by ${program}: ${read}, and ${
      faults === 0 ? "nothing was" : `${count(faults)} things were`
    } not as it should be.`,
  ];
}

/** Formats a report as Markdown. */
export function toMarkdown(report: Report): string {
  const { harvests, tweets, missing, accounts, removed } = report;
  const spans = missing.map(({ from, to, hours, status, why }) =>
    `| ${from} | ${to} | ${hours} | ${status} | ${cellOf(why)} |`
  );
  const stops = harvests.stopped.map(({ harvest_timestamp, reason }) =>
    `- ${harvest_timestamp}: ${cellOf(reason)}`
  );
  return [
    `# Collection ${report.collection_id}`,
    "",
    ...Object.entries(report.described).map(([name, says]) => `- ${name}: ${says}`),
    ...Object.keys(report.described).length > 0 ? [""] : [],
    methodsOf(report),
    "",
    "## What was requested",
    "",
    `A ${report.type} collection, by version ${report.api} of the API.`,
    "",
    ...listOf(
      report.asked.map(({ since, what }) => `- ${since}: ${what}`),
      "No change of the configuration is recorded.",
    ),
    "",
    "## Harvests",
    "",
    many(harvests.count, "harvest") +
    (harvests.first === null
      ? "."
      : `, from ${harvests.first} to ${harvests.last}: ${namesOf(harvests.outcomes)}.`),
    Object.keys(harvests.made_by).every((program) => program === UNKNOWN)
      ? "With which version of the program each was made is not recorded."
      : `Made by: ${
        Object.entries(harvests.made_by).map(([name, n]) => `${name} (${count(n)})`).join(", ")
      }.`,
    ...harvests.unknown.length > 0
      ? [
        `For ${count(harvests.unknown.length)} the document cannot be read: ${
          harvests.unknown.join(", ")
        }.`,
      ]
      : [],
    ...harvests.continued > 0
      ? [
        `Reached max_records, with more for the next one to request: ${count(harvests.continued)}.`,
      ]
      : [],
    ...stops.length > 0 ? ["", "Stopped or failed:", "", ...stops] : [],
    "",
    "## What was collected",
    "",
    `${recordedText(tweets.recorded)}: ${kindsOf(tweets.kinds) || "none"}. ` +
    "A tweet that was recorded again counts again.",
    ...tweets.damaged.length > 0
      ? [`Files that cannot be read to their end: ${tweets.damaged.join(", ")}.`]
      : [],
    "",
    "| day | tweets | |",
    "| --- | -----: | --- |",
    ...tweets.by_day.map(({ day, tweets, gap }) =>
      `| ${day} | ${count(tweets)} | ${gap ? "a part was missed " : ""}|`
    ),
    "",
    "## What is missing",
    "",
    ...missing.length === 0 ? ["No gap is recorded."] : [
      "| from | to | hours | status | why |",
      "| --- | --- | ---: | --- | --- |",
      ...spans,
    ],
    "",
    `Undelivered by streams, as the API counted: ${count(report.undelivered)}.`,
    `Unavailable by their ids: ${namesOf(report.not_to_be_had) || "none are recorded"}.`,
    "",
    "## Accounts",
    "",
    `${many(accounts.wrote, "account")} wrote the recorded tweets. Changes that harvests noted: ` +
    `${namesOf(accounts.changes) || "none"}. ${protectedText(report)}`,
    "",
    "## What was removed later",
    "",
    removed.tweets === 0
      ? "No removal is recorded."
      : `${many(removed.tweets, "tweet")}, the last on ${removed.last}: ${
        namesOf(removed.by_reason)
      }.`,
    "",
    "## Verification",
    "",
    ...verifiedText(report),
    "",
    "## Limits of the API",
    "",
    ...listOf(report.limits.map((limit) => `- ${limit}`), "None are known."),
    "",
    `Made by twarc-cloud ${report.twarc_cloud_version}.`,
  ].join("\n");
}

/** Returns a paragraph for a methods section. */
function methodsOf(report: Report): string {
  const { harvests, tweets, missing, removed } = report;
  const open = missing.filter(({ status }) => status !== "filled");
  const hours = open.reduce((sum, { hours }) => sum + hours, 0);
  const began = harvests.first === null
    ? "It has not been harvested."
    : `It was harvested ${many(harvests.count, "time")} from ${harvests.first.slice(0, 10)} to ${
      harvests.last?.slice(0, 10)
    }.`;
  const made = tweets.first_day === null
    ? ""
    : `, made from ${tweets.first_day} to ${tweets.last_day}`;
  const gaps = open.length === 0
    ? "No gaps are recorded that were not filled."
    : `${many(open.length, "gap")}, of ${many(Math.round(hours), "hour")} together, ${
      areOrIs(open.length)
    } recorded and ${wereOrWas(open.length)} not filled.`;
  const sentences = [
    `The tweets were collected with twarc-cloud, by version ${report.api} of the API of Twitter/X (a ${report.type} collection).`,
    began,
    `${recordedText(tweets.recorded)}${made}, of ${many(report.accounts.wrote, "account")}.`,
    gaps,
    ...report.undelivered > 0
      ? [`The API counted ${many(report.undelivered, "matching tweet")} that it did not deliver.`]
      : [],
    removed.tweets === 0
      ? "No tweet is recorded as removed later."
      : `${many(removed.tweets, "tweet")} ${wereOrWas(removed.tweets)} removed later.`,
    ...report.limits,
  ];
  return sentences.join(" ");
}

function protectedText({ protected_left_out: { tweets, users } }: Report): string {
  const most = `the timelines of ${many(users, "account")}${
    users === 1 ? "" : " at most"
  } a harvest`;
  const parts = [
    ...tweets > 0 ? [many(tweets, "tweet")] : [],
    ...users > 0 ? [most] : [],
  ];
  return `Left out as protected: ${parts.join(", and ") || "nothing"}.`;
}

function recordedText(tweets: number): string {
  return `${many(tweets, "tweet")} ${areOrIs(tweets)} recorded`;
}

function areOrIs(n: number): string {
  return n === 1 ? "is" : "are";
}

function wereOrWas(n: number): string {
  return n === 1 ? "was" : "were";
}

/** Returns whether a harvest ended at its `max_records`, and left more to the next one. */
function isContinued({ outcome, ended_by }: HarvestInfo): boolean {
  return outcome === "stopped" && ended_by === "max_records";
}

/** Returns whether a person made a change, not a harvest. */
function isByPerson({ harvest_timestamp, note, removed, redacted }: Changeset): boolean {
  return harvest_timestamp === undefined && note !== HARVEST_NOTE && !removed && !redacted;
}

/** Returns the request of a change. @param part The member of a configuration that defines what is collected. */
function askedIn(
  { change_timestamp, update, delete: deleted }: Changeset,
  part: string,
): Report["asked"] {
  const asked = update[part];
  const changed = new Set(isObject(update.users) ? Object.keys(update.users) : []);
  const gone = deleted.flatMap((one) => pathsOf(one)).filter(([member]) => member === part);
  const users = new Set<string>();
  for (const [, id = "", ...rest] of part === "users" ? gone : []) {
    (rest.length > 0 ? changed : users).add(id);
  }
  const texts = [
    ...changed.size > 0 ? [`${many(changed.size, "user")} added or changed`] : [],
    ...users.size > 0 ? [`${many(users.size, "user")} removed`] : [],
    ...isObject(asked) && part !== "users" ? [`${part} ${JSON.stringify(asked)}`] : [],
    ...part !== "users" && gone.length > 0
      ? [`removed: ${gone.map((path) => path.join(".")).join(", ")}`]
      : [],
  ];
  return texts.length === 0 ? [] : [{ since: change_timestamp, what: texts.join("; ") }];
}

/** Returns the path of each member that a change deletes. */
function pathsOf(deleted: Changeset["delete"][number]): string[][] {
  if (typeof deleted === "string") return [[deleted]];
  return Object.entries(deleted).flatMap(([name, within]) =>
    within.flatMap((one) => pathsOf(one).map((path) => [name, ...path]))
  );
}

function countEach(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Formats counts: `3 complete, 1 failed`. */
function namesOf(counts: Record<string, number>): string {
  return Object.entries(counts).map(([name, n]) => `${count(n)} ${name.replaceAll("_", " ")}`).join(
    ", ",
  );
}

/** Formats numbers of tweets by kind: `1 post, 2 replies`. */
function kindsOf(kinds: Record<string, number>): string {
  return Object.entries(kinds).map(([kind, n]) =>
    kind.endsWith("y") && n !== 1 ? many(n, `${kind.slice(0, -1)}ie`) : many(n, kind)
  ).join(", ");
}

function listOf(lines: string[], none: string): string[] {
  return lines.length > 0 ? lines : [none];
}

/** Formats a text for a cell of a Markdown table. */
function cellOf(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
