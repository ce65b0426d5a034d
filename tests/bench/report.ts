// deno-lint-ignore-file no-console
/**
 * Measures what the program takes, and writes `bench/report.md` and `bench/report.svg`: `deno task bench`. Fifteen to
 * twenty minutes on a quiet machine with two cores; `--runs=1 --tweets=3000 --memory=3000` is half a minute. On Linux,
 * with GNU time and gzip; beside jq, the AWS CLI, moto and twarc 1.6.3 where they are, or can be installed.
 */

import { parseArgs } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.ts";
import { reading, requests, s3, start } from "./command_sections.ts";
import { cpu, memory, profile } from "./harvest_sections.ts";
import { measured } from "./one_harvest.ts";
import { noise, repeated, times } from "./repeated.ts";
import { shapesHere } from "./shapes.ts";

const FOLDER = fileURLToPath(new URL("../../bench", import.meta.url));

/** Of the tweets of the largest harvest, as many times are brought to S3: a start is not to be most of it. */
const S3_TIMES = 4;

/** How far runs of the same were from each other: an idle loop, several times. */
async function noisiness(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const script = "head -c 60000000 /dev/zero | gzip -6 >/dev/null";
    const runs = await times(5, () => measured(["sh", "-c", script], { folder }));
    return noise(repeated(runs.map(({ cpu }) => cpu)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "3" },
      tweets: { type: "string", default: "20000,100000" },
      memory: { type: "string", default: "4000,20000,40000,400000" },
    },
  });
  const runs = Number(values.runs);
  const sizes = values.tweets.split(",").map(Number);
  const most = Math.max(...sizes);
  const { shapes, from } = await shapesHere();
  const noisy = await noisiness();
  const sections = [
    await start(),
    await cpu({ sizes, runs, shapes }),
    await memory(values.memory.split(",").map(Number)),
    await requests(),
    await reading(most, shapes),
    await s3(most * S3_TIMES, shapes),
    await profile(most, shapes),
  ];
  await Deno.mkdir(FOLDER, { recursive: true });
  const head = `# What it takes\n\nBy \`deno task bench\`, with Deno ${Deno.version.deno} on ` +
    `${Deno.build.arch}, ${navigator.hardwareConcurrency} cores; tweets: ${from}. Five runs of the same lay ` +
    `${(noisy * 100).toFixed(0)} % apart on this machine.\n\n![The same as bars](report.svg)\n`;
  const missed = sections.flatMap(({ missed = [] }) => missed.map((text) => `- ${text}`));
  const goals = missed.length === 0
    ? "Every goal is reached."
    : `Beyond its goal is, for the reasons [below](#where-the-time-goes):\n\n${missed.join("\n")}`;
  const text = sections.map(({ title, text }) => `## ${title}\n\n${text}\n`).join("\n");
  const path = join(FOLDER, "report.md");
  await Deno.writeTextFile(path, `${head}\n${goals}\n\n${text}`);
  await Deno.writeTextFile(
    join(FOLDER, "report.svg"),
    chart(sections.flatMap(({ bars }) => bars ? [bars] : [])),
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
  console.log(path);
}
