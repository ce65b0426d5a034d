/** Formats the report on a collection as Markdown. */

import { count, many } from "../output.ts";
import { type Report, UNKNOWN } from "./report_data.ts";

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
    `| ${from} | ${to} | ${hours} | ${status} | ${cellText(why)} |`
  );
  const stops = harvests.stopped.map(({ harvest_timestamp, reason }) =>
    `- ${harvest_timestamp}: ${cellText(reason)}`
  );
  return [
    `# Collection ${report.collection_id}`,
    "",
    ...Object.entries(report.described).map(([name, says]) => `- ${name}: ${says}`),
    ...Object.keys(report.described).length > 0 ? [""] : [],
    methodsText(report),
    "",
    "## What was requested",
    "",
    `A ${report.type} collection, by version ${report.api} of the API.`,
    "",
    ...listText(
      report.asked.map(({ since, what }) => `- ${since}: ${what}`),
      "No change of the configuration is recorded.",
    ),
    "",
    "## Harvests",
    "",
    many(harvests.count, "harvest") +
    (harvests.first === null
      ? "."
      : `, from ${harvests.first} to ${harvests.last}: ${countsText(harvests.outcomes)}.`),
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
    `${recordedText(tweets.recorded)}: ${kindsText(tweets.kinds) || "none"}. ` +
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
    `Unavailable by their ids: ${countsText(report.not_to_be_had) || "none are recorded"}.`,
    "",
    "## Accounts",
    "",
    `${many(accounts.wrote, "account")} wrote the recorded tweets. Changes that harvests noted: ` +
    `${countsText(accounts.changes) || "none"}. ${protectedText(report)}`,
    "",
    "## What was removed later",
    "",
    removed.tweets === 0
      ? "No removal is recorded."
      : `${many(removed.tweets, "tweet")}, the last on ${removed.last}: ${
        countsText(removed.by_reason)
      }.`,
    "",
    "## Verification",
    "",
    ...verifiedText(report),
    "",
    "## Limits of the API",
    "",
    ...listText(report.limits.map((limit) => `- ${limit}`), "None are known."),
    "",
    `Made by twarc-cloud ${report.twarc_cloud_version}.`,
  ].join("\n");
}

/** Returns a paragraph for a methods section. */
function methodsText(report: Report): string {
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

/** Formats counts: `3 complete, 1 failed`. */
function countsText(counts: Record<string, number>): string {
  return Object.entries(counts).map(([name, n]) => `${count(n)} ${name.replaceAll("_", " ")}`).join(
    ", ",
  );
}

/** Formats numbers of tweets by kind: `1 post, 2 replies`. */
function kindsText(kinds: Record<string, number>): string {
  return Object.entries(kinds).map(([kind, n]) =>
    kind.endsWith("y") && n !== 1 ? many(n, `${kind.slice(0, -1)}ie`) : many(n, kind)
  ).join(", ");
}

function listText(lines: string[], none: string): string[] {
  return lines.length > 0 ? lines : [none];
}

/** Formats a text for a cell of a Markdown table. */
function cellText(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
