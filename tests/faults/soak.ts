// deno-lint-ignore-file no-console
/** Plays many collections while things go wrong, and prints the table of docs/reliability.md. */

import { parseArgs } from "node:util";
import { type Moto, startMoto } from "../peers/moto.ts";
import { playProcesses, type ProcessOutcome } from "./process_play.ts";
import { Chance } from "./random.ts";
import { play, TYPES } from "./scenario.ts";
import type { Cut } from "./sendings.ts";
import { Table } from "./table.ts";

const HELP = `deno task soak [options]
  --seed N         what everything is chosen by; without it, the time
  --in-process N   collections of each type whose harvests run in this process (300)
  --processes N    collections whose harvests are processes (120)
  --rounds N       harvests of such a collection in which something goes wrong (6)
  --jobs N         such collections at a time (3)
  --only N         only the collection of processes with this number
  --short          only faults that are over in a few seconds
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: `${Date.now() % 2 ** 31}` },
    "in-process": { type: "string", default: "300" },
    processes: { type: "string", default: "120" },
    rounds: { type: "string", default: "6" },
    jobs: { type: "string", default: "3" },
    only: { type: "string" },
    short: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}

const seed = Number(values.seed);
const extent = { rounds: Number(values.rounds), isLong: !values.short };
const inProcess = values.only === undefined ? Number(values["in-process"]) : 0;
const flags = `--rounds ${extent.rounds}${values.short ? " --short" : ""}`;
const ending = new AbortController();
const end = () => ending.abort(new Error("It was told to end"));
Deno.addSignalListener("SIGINT", end);
Deno.addSignalListener("SIGTERM", end);

const failing: string[] = [];
const cuts: (Cut & { api: string })[] = [];
const table = new Table();
let harvests = 0;

console.log(`Seed ${seed}: deno task soak --seed ${seed} ${flags}`);
const began = performance.now();
for (const type of TYPES) {
  for (let i = 0; i < inProcess && !ending.signal.aborted; i++) {
    const { tried, unlisted, ...outcome } = await play(type, new Chance(seed + i));
    const named = new Map([...tried].map(([fault, n]) => [`${fault} | ${type}, in process`, n]));
    const result = { ...outcome, tried: named, garbage: unlisted };
    table.add(result);
    const { lost, twice, unreadable } = outcome;
    if (lost.length + twice.length + unreadable.length + unlisted.length > 0) {
      failing.push(
        `${type} in process: deno task soak --processes 0 --in-process 1 --seed ${seed + i}`,
      );
    }
  }
  if (inProcess > 0) console.log(`${inProcess} ${type} collections in process: done`);
}
await playAll();
console.log(`\n${table.text}\n`);
console.log(boundOf(cuts.filter(({ isStoreTroubled }) => !isStoreTroubled)));
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(`${harvests} harvests were processes; it took ${minutes} minutes.`);
for (const one of failing) console.log(`Failed: ${one}`);
Deno.exit(failing.length > 0 || ending.signal.aborted ? 1 : 0);

/** Plays the collections whose harvests are processes, some at a time. */
async function playAll(): Promise<void> {
  let moto: Promise<Moto> | undefined;
  const numbers = values.only === undefined
    ? Array.from({ length: Number(values.processes) }, (_, n) => n)
    : [Number(values.only)];
  const startOnce = () => moto ??= startMoto();
  const work = async () => {
    for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) {
      if (ending.signal.aborted) return;
      const tell = values.only === undefined ? () => {} : console.log;
      const { signal } = ending;
      take(await playProcesses({ seed, number: n, extent, moto: startOnce, signal, tell }));
    }
  };
  try {
    const jobs = Array.from({ length: Number(values.jobs) }, async () => {
      try {
        await work();
      } catch (error) {
        if (ending.signal.aborted) return;
        ending.abort();
        throw error;
      }
    });
    // Each clears away what it has, before this process ends.
    const ended = await Promise.allSettled(jobs);
    for (const job of ended) if (job.status === "rejected") throw job.reason;
  } finally {
    await (await moto)?.close();
  }
}

function take(outcome: ProcessOutcome): void {
  const { plan: { number, type, api, bucket }, lost, twice, unreadable, garbage, problems } =
    outcome;
  table.add(outcome);
  harvests += outcome.harvests;
  cuts.push(...outcome.cuts.map((cut) => ({ ...cut, api })));
  const faults = [
    ...Object.entries({ lost, twice, unreadable, garbage })
      .filter(([, all]) => all.length > 0)
      .map(([what, all]) => `${what}: ${all.length} (${all.slice(0, 3).join(", ")})`),
    ...problems,
  ];
  const what = `${number} ${type}, API ${api}, ${bucket}`;
  console.log(`${what}: ${faults.length === 0 ? "good" : faults.join("; ")}`);
  if (faults.length === 0) return;
  failing.push(`${what}: deno task soak --only ${number} --seed ${seed} ${flags}`);
}

/** The bound of streams, as it was measured. */
function boundOf(all: Cut[]): string {
  const rows = [...Map.groupBy(all, ({ flushSecs }) => flushSecs)].toSorted(([a], [b]) => a - b);
  return rows.map(([flushSecs, cuts]) => {
    const tweets = Math.max(...cuts.map(({ tweets }) => tweets));
    const seconds = Math.max(...cuts.map(({ seconds }) => seconds)).toFixed(1);
    return `With --flush-secs ${flushSecs}, ${cuts.length} cuts of a stream lost at most ${tweets} tweets each, ` +
      `the oldest ${seconds} s before the cut.`;
  }).join("\n");
}
