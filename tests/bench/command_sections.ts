/** The parts of the report on commands: how they begin, how they wait, and what reading back takes. */

import type { Shapes } from "../fakes/endless_api.ts";
import type { Taken } from "./one_harvest.ts";
import { readings } from "./reading.ts";
import { repeated } from "./repeated.ts";
import type { Section } from "./section.ts";
import { firstRequest, starts, withLatency } from "./start.ts";
import { table } from "./table.ts";
import { transfers } from "./transfer.ts";

/** What is aimed at. */
const GOALS = { firstRequestMs: 250, helpOfEmpty: 3 };
/** Starts of a command. */
const STARTS = 7;
/** Users whose pages come after so many milliseconds. */
const LATENCY = { users: 200, ms: 50 };

/** How long commands take to begin. */
export async function start(): Promise<Section> {
  const started = await starts(STARTS);
  const rows = started.map(({ name, runs }) => [
    name,
    (repeated(runs.map(({ cpu }) => cpu)).median * 1_000).toFixed(0),
    (repeated(runs.map(({ seconds }) => seconds)).median * 1_000).toFixed(0),
    repeated(runs.map(({ peak }) => peak)).median.toFixed(0),
  ]);
  const first = repeated(await firstRequest(STARTS));
  const missed = first.median > GOALS.firstRequestMs
    ? [`start: ${first.median.toFixed(0)} ms to the first request, not ${GOALS.firstRequestMs}`]
    : [];
  const [empty = NaN, help = NaN] = started.map(({ runs }) =>
    repeated(runs.map(({ seconds }) => seconds)).median
  );
  if (help > empty * GOALS.helpOfEmpty) {
    missed.push(
      `start: --help, ${
        (help / empty).toFixed(1)
      } times an empty program, not ${GOALS.helpOfEmpty}`,
    );
  }
  const text = `${table(["command", "processor, ms", "ms", "MiB"], rows)}\n\n` +
    `From the start of \`harvest run\` to its first request: ${first.median.toFixed(0)} ms ` +
    `(${first.least.toFixed(0)} to ${
      first.most.toFixed(0)
    }; the goal is ${GOALS.firstRequestMs}). Each is the middle of ${STARTS} runs. ` +
    "The program runs from its source; a binary reads none. `--help` loads no command; any other begins with " +
    "commander, whose part of Node.js takes twice as long to load as Deno to begin.";
  const bars = started.map(({ name, runs }) => ({
    name,
    value: repeated(runs.map(({ cpu }) => cpu)).median * 1_000,
  }));
  const drawn = { title: "Start", unit: "ms of the processor", rows: bars };
  return { title: "Start", text, bars: drawn, missed };
}

/** How long timelines take whose pages come late. */
export async function requests(): Promise<Section> {
  const { users, ms } = LATENCY;
  const { seconds, pages } = await withLatency(LATENCY);
  const alone = users * ms / 1_000;
  const text =
    `${users} users whose pages come after ${ms} ms took ${
      seconds.toFixed(1)
    } s (${pages} pages); one ` +
    `after the other the waiting alone would be ${
      alone.toFixed(0)
    } s. What X allows, 1,500 pages in 15 minutes, ` +
    `is ${(users / 1_500 * 15 * 60).toFixed(0)} s for as many: the rate limit binds first.`;
  return { title: "Requests", text };
}

/** What reading a bucket of so many tweets costs. */
export async function reading(tweets: number, shapes: Shapes): Promise<Section> {
  const { runs, mb } = await readings({ tweets, shapes });
  const rate = (cpu: number) =>
    cpu < 0.01 ? "under 0.01 s" : `${cpu.toFixed(2)} s, ${(mb / cpu).toFixed(0)} MB/s`;
  const rows = runs.map(({ name, own, tool, other }) => [
    name,
    rate(own.cpu),
    tool,
    other ? rate(other.cpu) : "not here",
  ]);
  const text = table(["command", "processor", "beside", "processor"], rows) +
    `\n\nOf a bucket of ${mb.toFixed(0)} MB, packed, with ${
      tweets.toLocaleString("en")
    } tweets of a stream.`;
  return { title: "Reading back", text };
}

/** What it takes to bring a collection with so many tweets to S3 and back. */
export async function s3(tweets: number, shapes: Shapes): Promise<Section> {
  return s3Of(await transfers({ tweets, shapes }));
}

/** What transfers took, in words; what is not on this machine is named. */
export function s3Of(moved: Awaited<ReturnType<typeof transfers>>): Section {
  const title = "S3";
  if (!moved) return { title, text: "Left out: moto's server is not on this machine." };
  const { runs, mb } = moved;
  const rows = runs.flatMap(({ name, own, cli, bare }) => [
    wayRow(`${name}, this program`, mb, own),
    cli ? wayRow(`${name}, aws s3 cp`, mb, cli) : [`${name}, aws s3 cp`, "not here", "", "", ""],
    [`${name}, a bare request`, bare.toFixed(2), (mb / bare).toFixed(0), "", ""],
  ]);
  const text = table(["way", "s", "MB/s", "processor, s", "MiB"], rows) +
    `\n\nOf a collection of ${
      mb.toFixed(0)
    } MB, packed, to moto's server on this machine, and from there: whole ` +
    "processes, their start included. This program uploads one file after the other as a harvester does, in parts of " +
    "8 MiB, and compares what it sends and gets with checksums; `download` fetches eight files at a time. _A bare " +
    "request_ is what the server itself takes, for one who signs and checks nothing.";
  const bars = runs.flatMap(({ name, own, cli, bare }) => [
    { name: `${name}, this program`, value: own.seconds },
    ...(cli ? [{ name: `${name}, aws s3 cp`, value: cli.seconds }] : []),
    { name: `${name}, a bare request`, value: bare },
  ]);
  return { title, text, bars: { title, unit: "s", rows: bars } };
}

function wayRow(name: string, mb: number, { seconds, cpu, peak }: Taken): string[] {
  return [name, seconds.toFixed(2), (mb / seconds).toFixed(0), cpu.toFixed(2), peak.toFixed(0)];
}
