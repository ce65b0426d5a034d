// deno-lint-ignore-file no-console
/**
 * What exports take, by format, beside twarc-csv on the same answers: recorded ones, again and again with other ids.
 * `deno task bench-exports [tweets...] [--only=csv,ids]`; it takes the recorded payloads, GNU time, and Python for
 * twarc-csv. One is measured after the other, and what it wrote is removed then. A million tweets take 3 GB of disk,
 * and up to 5 GB for what is exported of them.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { openStore } from "../../lib/store/open.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import type { Store } from "../../lib/store/store.ts";
import { recordedAnswers, recordedStatuses, writeHarvest } from "../export/exported.ts";
import { twarc2 } from "../peers/python.ts";
import { BUCKET, envFor, measured, program, type Taken } from "./one_harvest.ts";
import { table } from "./table.ts";

const DAY = 86_400_000;
/** Tweets of a file. */
const PER_FILE = 25_000;
/** Numbers between the ids of one repetition and the next one: no id comes twice by it. */
const APART = 10_007n;
/** Members that twarc-csv does not know, and without which it leaves out whole batches. */
const NEW = [
  "text",
  "entities.urls",
  "entities.mentions",
  "entities.hashtags",
  "entities.cashtags",
];

/** The collections: of answers of version 2, and of statuses of version 1.1. */
const [ANSWERS, STATUSES] = ["c", "s"];

const FORMATS: readonly [name: string, args: string[], collection?: string][] = [
  ["csv", ["csv"]],
  ["v1", ["csv"], STATUSES],
  ["common", ["csv", "--columns", "common"]],
  ["edges", ["csv", "--edges", "all"]],
  ["parquet", ["parquet"]],
  ["jsonl", ["jsonl"]],
  ["ids", ["ids"]],
  ["gexf", ["gexf"]],
  ["bagit", ["bagit"]],
];

const HEAD = ["format", "rows", "CPU s", "rows per CPU s", "times twarc-csv", "rows/s", "MiB"];

/** The name of what is measured beside ours. */
const PEER = "twarc-csv";

/** What an export took. */
export interface Measured {
  name: string;
  taken: Taken;
  /** Tweets that did not come before; of what does not count them, those of the format before it. */
  rows: number;
}

/**
 * Measures each format on a collection of about so many tweets, and twarc-csv on its answers.
 * @param only The names of what is measured; all where it is empty.
 * @param onMeasured Called as soon as one is done.
 */
export async function measureExports(
  tweets: number,
  { only, onMeasured }: { only: string[]; onMeasured: (one: Measured) => void },
): Promise<Measured[]> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const isWanted = (name: string) => only.length === 0 || only.includes(name);
    const plain = join(folder, "answers.jsonl");
    const store = await openStore(parseBucket(join(folder, "bucket")));
    await writeAnswers(store, plain, tweets);
    if (isWanted("v1")) await writeStatuses(store, tweets);
    const env = { ...await envFor(folder, new URL("http://127.0.0.1:9")), BEARER_TOKEN: "x" };
    const output = join(folder, "output");
    const exporting = (collection: string, args: string[]) =>
      program([
        ...["collection", "export", collection, ...BUCKET],
        ...["--output", output, "--format", ...args],
      ]);
    const extra = NEW.map((name) => `note_tweet.${name}`).join();
    const peer = ["csv", "--extra-input-columns", extra, plain, output];
    const all: Measured[] = [];
    let known = NaN;
    for (const [name, args, collection = ANSWERS] of [...FORMATS, [PEER, peer]] as const) {
      if (!isWanted(name)) continue;
      const command = name === PEER ? [await twarc2(), ...args] : exporting(collection, args);
      const taken = await measured(command, { folder, env });
      const rows = await countRows(output) ?? known;
      if (collection === ANSWERS) known = rows;
      await Deno.remove(output, { recursive: true });
      await Deno.remove(`${output}.export.json`).catch(() => {});
      const one = { name, taken, rows };
      all.push(one);
      onMeasured(one);
    }
    return all;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns how many rows an export wrote; undefined where its document has no such number. */
async function countRows(output: string): Promise<number | undefined> {
  const schema = z.object({ counts: z.object({ rows: z.number() }) });
  const texts = [`${output}.export.json`, join(output, "_export.json"), join(output, "export.json")]
    .map((path) => Deno.readTextFile(path).catch(() => "null"));
  for (const text of await Promise.all(texts)) {
    const { data } = schema.safeParse(JSON.parse(text));
    if (data) return data.counts.rows;
  }
  return undefined;
}

/** Writes a collection of answers, and its lines as a plain file. */
async function writeAnswers(store: Store, plain: string, tweets: number): Promise<void> {
  const answers = (await recordedAnswers()).flat();
  await writeCollection(store, tweets, {
    config: { id: ANSWERS, type: "search", api: "2", search: { query: "a" } },
    lines: answers,
    counts: answers.map((answer) => [JSON.parse(answer).data].flat().length),
    onFile: (text) => Deno.writeTextFile(plain, text, { append: true }),
  });
}

async function writeStatuses(store: Store, tweets: number): Promise<void> {
  await writeCollection(store, tweets, {
    config: { id: STATUSES, type: "search", api: "1.1", search: { query: "a" } },
    lines: (await recordedStatuses()).flat(),
  });
}

/** Writes recorded lines again and again, with other ids, until they have so many tweets. */
async function writeCollection(
  store: Store,
  tweets: number,
  { config, lines, counts = lines.map(() => 1), onFile }: {
    config: { id: string } & Record<string, unknown>;
    lines: string[];
    counts?: number[];
    onFile?: (text: string) => Promise<void>;
  },
): Promise<void> {
  if (lines.length === 0) throw new Error("There are no recorded tweets here to be exported");
  const { id } = config;
  const text = new TextEncoder().encode(JSON.stringify(config));
  await store.put(`collections/${id}/collection.json`, text);
  let [held, count, written]: [string[], number, number] = [[], 0, 0];
  let began = Date.UTC(2026, 0, 2);
  const write = async () => {
    await writeHarvest(store, id, [held], began);
    await onFile?.(held.map((line) => `${line}\n`).join(""));
    [held, count, written, began] = [[], 0, written + count, began + DAY];
  };
  for (let round = 0n; written + count < tweets; round++) {
    for (const [i, line] of lines.entries()) {
      held.push(withOtherIds(line, round * APART));
      count += counts[i] ?? 0;
    }
    if (count >= PER_FILE) await write();
  }
  if (count > 0) await write();
}

/** Returns a line in which each id, also one that is a number, is higher. */
function withOtherIds(line: string, by: bigint): string {
  return line.replace(
    /(")(\d{18,19})"|("id":)(\d{18,19})(?=[,}])/g,
    (_, quote, text, name, number) =>
      quote ? `"${BigInt(text) + by}"` : `${name}${BigInt(number) + by}`,
  );
}

function toRate(rows: number): string {
  return Math.round(rows).toLocaleString("en-US");
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { only: { type: "string", default: "" } },
    allowPositionals: true,
  });
  const sizes = positionals.length > 0 ? positionals.map(Number) : [10_000, 100_000];
  const only = values.only.split(",").filter((name) => name !== "");
  for (const size of sizes) {
    const onMeasured = ({ name, taken: { cpu, seconds } }: Measured) =>
      console.error(`${name}: ${cpu.toFixed(1)} s of CPU in ${seconds.toFixed(1)} s`);
    const all = await measureExports(size, { only, onMeasured });
    const peer = all.find(({ name }) => name === PEER);
    const cells = all.map(({ name, rows, taken: { cpu, seconds, peak } }) => [
      name,
      rows.toLocaleString("en-US"),
      cpu.toFixed(1),
      toRate(rows / cpu),
      peer ? (rows / cpu / (peer.rows / peer.taken.cpu)).toFixed(1) : "–",
      toRate(rows / seconds),
      Math.round(peak).toString(),
    ]);
    console.log(`\n${size.toLocaleString("en-US")} tweets\n`);
    console.log(table(HEAD, cells));
  }
}
