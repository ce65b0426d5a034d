// deno-lint-ignore-file no-console
/**
 * What exports take, by format, beside twarc-csv on the same answers: recorded ones, again and again with other ids.
 * `deno task bench-exports [tweets...]`; it takes the recorded payloads, GNU time, and Python for twarc-csv.
 */

import { join } from "node:path";
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
  ["csv, common columns", ["csv", "--columns", "common"]],
  ["parquet", ["parquet"]],
  ["jsonl", ["jsonl"]],
  ["ids", ["ids"]],
  ["gexf", ["gexf"]],
  ["bagit", ["bagit"]],
];

/** What an export took, and how many rows it wrote. */
export interface Measured {
  name: string;
  taken: Taken;
}

/** Measures each format on a collection of about so many tweets. @returns Also the number of rows of a table */
export async function measureExports(
  tweets: number,
): Promise<{ rows: number; all: Measured[] }> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const plain = join(folder, "answers.jsonl");
    await writeBucket(join(folder, "bucket"), plain, tweets);
    const env = { ...await envFor(folder, new URL("http://127.0.0.1:9")), BEARER_TOKEN: "x" };
    const all: Measured[] = [];
    for (const [name, [format = "", ...more]] of FORMATS) {
      const output = ["--output", join(folder, name)];
      const args = ["collection", "export", "c", ...BUCKET, "--format", format, ...more, ...output];
      all.push({ name, taken: await measured(program(args), { folder, env }) });
    }
    const extra = NEW.map((name) => `note_tweet.${name}`).join();
    const csv = ["csv", "--extra-input-columns", extra, plain, join(folder, "theirs.csv")];
    const taken = await measured([await twarc2(), ...csv], { folder, env });
    all.push({ name: "twarc-csv", taken });
    const document = await Deno.readTextFile(join(folder, "csv.export.json"));
    return { rows: JSON.parse(document).counts.rows, all };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
  const sizes = Deno.args.length > 0 ? Deno.args.map(Number) : [10_000, 100_000];
  for (const size of sizes) {
    const { rows, all } = await measureExports(size);
    const cells = all.map(({ name, taken: { cpu, seconds, peak } }) => [
      name,
      seconds.toFixed(1),
      cpu.toFixed(1),
      Math.round(rows / cpu).toLocaleString("en-US"),
      Math.round(peak).toString(),
    ]);
    console.log(`\n${rows.toLocaleString("en-US")} rows\n`);
    console.log(table(["format", "seconds", "CPU s", "rows per CPU s", "MiB at most"], cells));
  }
}
