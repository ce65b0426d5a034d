/** The report on a collection from its documents, as data. */

import { type Changeset, HARVEST_NOTE } from "../../collection/changeset.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import type { FixityRecord } from "../../bucket/fixity.ts";
import { described } from "../../collection/types/common.ts";
import { daysWithTweets } from "../../export/day_chart.ts";
import type { Facts } from "../collection/stats.ts";
import { many } from "../output.ts";

/** Stands for a program that was not recorded. */
export const UNKNOWN = "not recorded";

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
export function toReport(
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
    described: readDescription(config),
    type,
    api: config.api === "2" ? "2" : "1.1",
    asked: changes.filter(isByPerson).flatMap((change) => readRequest(change, part)),
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
export function readDescription(config: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.keys(described).flatMap((name): [string, string][] => {
      const value = member(config, name);
      if (Array.isArray(value)) return value.length > 0 ? [[name, value.join(", ")]] : [];
      return typeof value === "string" && value !== "" ? [[name, value.replace(/\s+/g, " ")]] : [];
    }),
  );
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
function readRequest(
  { change_timestamp, update, delete: deleted }: Changeset,
  part: string,
): Report["asked"] {
  const asked = update[part];
  const changed = new Set(isObject(update.users) ? Object.keys(update.users) : []);
  const gone = deleted.flatMap((one) => listPaths(one)).filter(([member]) => member === part);
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
function listPaths(deleted: Changeset["delete"][number]): string[][] {
  if (typeof deleted === "string") return [[deleted]];
  return Object.entries(deleted).flatMap(([name, within]) =>
    within.flatMap((one) => listPaths(one).map((path) => [name, ...path]))
  );
}

function countEach(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
