// deno-lint-ignore-file no-console
/**
 * What exports take, by format, beside twarc-csv on the same answers: recorded ones, again and again with other ids.
 * `deno task bench-exports [tweets...] [--only=csv,ids]`; it takes the recorded payloads, GNU time, and Python for
 * twarc-csv. One is measured after the other, and what it wrote is removed then.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { openStore } from "../../lib/store/open.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { recordedAnswers, writeHarvest } from "../export/exported.ts";
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

const FORMATS: readonly [name: string, args: string[]][] = [
  ["csv", ["csv"]],
  ["common", ["csv", "--columns", "common"]],
  ["parquet", ["parquet"]],
  ["jsonl", ["jsonl"]],
  ["ids", ["ids"]],
  ["gexf", ["gexf"]],
  ["bagit", ["bagit"]],
];

/** The name of what is measured beside ours. */
const PEER = "twarc-csv";

/** What an export took. */
export interface Measured {
  name: string;
  taken: Taken;
}

/**
 * Measures each format on a collection of about so many tweets, and twarc-csv on its answers.
 * @param only The names of what is measured, csv or ids among them; all where it is empty.
 * @param onMeasured Called as soon as one is done.
 * @returns Also the number of rows of a table: of the tweets, those that did not come before
 */
export async function measureExports(
  tweets: number,
  { only, onMeasured }: { only: string[]; onMeasured: (one: Measured) => void },
): Promise<{ rows: number; all: Measured[] }> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const plain = join(folder, "answers.jsonl");
    await writeBucket(join(folder, "bucket"), plain, tweets);
    const env = { ...await envFor(folder, new URL("http://127.0.0.1:9")), BEARER_TOKEN: "x" };
    const output = join(folder, "output");
    const exporting = (args: string[]) =>
      program(["collection", "export", "c", ...BUCKET, "--output", output, "--format", ...args]);
    const extra = NEW.map((name) => `note_tweet.${name}`).join();
    const peer = ["csv", "--extra-input-columns", extra, plain, output];
    const isWanted = (name: string) => only.length === 0 || only.includes(name);
    const all: Measured[] = [];
    let rows = NaN;
    for (const [name, args] of [...FORMATS, [PEER, peer]] as const) {
      if (!isWanted(name)) continue;
      const command = name === PEER ? [await twarc2(), ...args] : exporting(args);
      const one = { name, taken: await measured(command, { folder, env }) };
      if (name === "csv" || name === "ids") rows = await rowsOf(`${output}.export.json`);
      await Deno.remove(output, { recursive: true });
      all.push(one);
      onMeasured(one);
    }
    return { rows, all };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function rowsOf(document: string): Promise<number> {
  const schema = z.object({ counts: z.object({ rows: z.number() }) });
  return schema.parse(JSON.parse(await Deno.readTextFile(document))).counts.rows;
}

/** Writes a collection, and its lines as a plain file. */
async function writeBucket(bucket: string, plain: string, tweets: number): Promise<void> {
  const answers = (await recordedAnswers()).flat();
  if (answers.length === 0) throw new Error("There are no recorded answers here to be exported");
  const store = await openStore(parseBucket(bucket));
  const config = { id: "c", type: "search", api: "2", search: { query: "a" } };
  const text = new TextEncoder().encode(JSON.stringify(config));
  await store.put("collections/c/collection.json", text);
  let [lines, count, written]: [string[], number, number] = [[], 0, 0];
  let began = Date.UTC(2026, 0, 2);
  const write = async () => {
    await writeHarvest(store, "c", [lines], began);
    await Deno.writeTextFile(plain, lines.map((line) => `${line}\n`).join(""), { append: true });
    [lines, count, written, began] = [[], 0, written + count, began + DAY];
  };
  for (let round = 0n; written + count < tweets; round++) {
    for (const answer of answers) {
      lines.push(answer.replace(/"(\d{18,19})"/g, (_, id) => `"${BigInt(id) + round * APART}"`));
      count += [JSON.parse(answer).data].flat().length;
    }
    if (count >= PER_FILE) await write();
  }
  if (count > 0) await write();
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
    const { rows, all } = await measureExports(size, { only, onMeasured });
    const cells = all.map(({ name, taken: { cpu, seconds, peak } }) => [
      name,
      seconds.toFixed(1),
      cpu.toFixed(1),
      Math.round(rows / cpu).toLocaleString("en-US"),
      Math.round(peak).toString(),
    ]);
    console.log(
      `\n${rows.toLocaleString("en-US")} rows of ${size.toLocaleString("en-US")} tweets\n`,
    );
    console.log(table(["format", "seconds", "CPU s", "rows per CPU s", "MiB at most"], cells));
  }
}
