/** The progress and result of an export, for people. */

import type { Clock } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { verifyHint } from "../../bucket/documents.ts";
import type { Counts } from "../../export/run.ts";
import type { Reason } from "../../export/selection.ts";
import type { Source } from "../../export/source.ts";
import type { Context } from "../context.ts";
import { count, many, type Progress, shortenList } from "../output.ts";
import { Pace, rateText, shareTexts } from "../pace.ts";

/** Milliseconds between two updates of the progress. */
const EVERY = 250;
/** Bytes of the displayed unit. */
const MB = 1_000_000;

const REASONS: Readonly<Record<Reason, string>> = {
  other_version: "of the other version of the API (--columns common has both)",
  before_from: "made before --from",
  from_to_on: "made from --to on",
  time_unknown: "of an unknown time",
  other_user: "of other users",
  other_rule: "of other rules",
  retweet: "retweets",
  not_in_sample: "not in the sample",
};

/** Shows the progress of an export now and then; called for each line. */
export function showProgress(
  { sizes }: Source,
  { progress, clock }: { progress: Progress; clock: Clock },
): (done: { files: number; tweets: number }) => void {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const [pace, bytes] = [new Pace(), new Pace()];
  let next = clock.monotonic() + EVERY;
  let read = { files: 0, bytes: 0 };
  return ({ files, tweets }) => {
    const now = clock.monotonic();
    if (now < next) return;
    next = now + EVERY;
    const more = sizes.slice(Math.min(read.files, files), files);
    const before = files < read.files ? 0 : read.bytes;
    read = { files, bytes: more.reduce((sum, size) => sum + size, before) };
    pace.see(tweets, now);
    bytes.see(read.bytes, now);
    const share = { done: Math.floor(read.bytes / MB), of: Math.ceil(all / MB), what: "MB" };
    const rate = pace.rate > 0 ? [rateText(pace.rate)] : [];
    progress.show(
      [...shareTexts(share, bytes.rate / MB), many(tweets, "tweet"), ...rate].join(", "),
    );
  };
}

/** Reports the result. @throws UserError for damaged files */
export function tell(
  { id, path, counts, unknown, document, json }: {
    /** The collection's id, for commands to type. */
    id: string;
    path: string;
    counts: Counts;
    unknown: Record<string, number>;
    document: Record<string, unknown>;
    json: boolean;
  },
  { output }: Context,
): void {
  if (json && path === "-") output.note(JSON.stringify(document, null, 2));
  else if (json) output.json(document);
  else {
    for (const text of summaryTexts(counts, unknown)) output.note(text);
    if (path !== "-") output.line(`Exported to ${path}`);
  }
  const { damaged, problem } = counts;
  const [first] = damaged;
  if (first === undefined) return;
  const what = damaged.length === 1
    ? `${first} is damaged (it ${problem}): what could be read of it was exported`
    : `${count(damaged.length)} files are damaged, and what could be read of them was exported: ${
      shortenList(damaged)
    }`;
  throw new UserError(what, { hint: verifyHint(id) });
}

function summaryTexts(
  { rows, retweets, referenced, duplicates, left_out }: Counts,
  unknown: Record<string, number>,
): string[] {
  const left = Object.entries(REASONS).flatMap(([reason, text]) => {
    const n = Object.entries(left_out).find(([name]) => name === reason)?.[1] ?? 0;
    return n > 0 ? [`${count(n)} ${text}`] : [];
  });
  const names = Object.entries(unknown).map(([name, n]) => `${name} (${count(n)})`);
  return [
    `${many(rows, "tweet")} exported, ${count(retweets)} of them retweets` +
    (referenced > 0 ? `, ${count(referenced)} those that others refer to.` : "."),
    ...duplicates > 0 ? [`${count(duplicates)} were duplicates and left out.`] : [],
    ...left.length > 0 ? [`Left out: ${left.join(", ")}.`] : [],
    ...names.length > 0
      ? [`No column has these members: ${shortenList(names)}. --extra-columns auto adds them.`]
      : [],
  ];
}
